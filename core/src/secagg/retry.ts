/**
 * When a second session may run over the same update, and over which survivors: two sums over nearly equal sets subtract to one hospital.
 *
 * A session is exposed at a hospital once its vector there is committed, because T others may open it without that hospital ever hearing
 * of it. So every M0 declares such sessions with the survivor set its sender signed, and what is declared binds all of U1 alike.
 * Source: secure-aggregation.md 4.7. Leaves to others: remembering sessions (round/).
 */
import type { Bytes } from '../base/bytes.js';
import type { Code } from '../base/error.js';
import type { Suite } from '../base/suite.js';
import type { PreviousSession } from './bodies.js';
import { headerMismatch } from './header.js';
import { intersect, isSameSet, without } from './members.js';
import { quorum, type SecaggRules } from './rules.js';
import { openStatement, type Statement } from './statements.js';

/** A session of the same update in which this party knows U1. */
export interface EarlierSession {
  readonly session: string;
  readonly u1: readonly number[];
}

/**
 * Why the declarations of an M0 are not believed: each session once, each survivor set with the sender's own M3 of that session.
 *
 * Shapes   m0: verified. key: the sender's identity key, 32 bytes. Peer-controlled: the body.
 */
export function refuseDeclared(
  suite: Suite,
  { header, body: { previous } }: Statement<'advertise'>,
  key: Bytes,
): Code | undefined {
  const ids = previous.map(({ session }) => session);
  if (new Set(ids).size !== ids.length || ids.includes(header.session)) return 'LIST_MALFORMED';
  for (const { session, agreed } of previous) {
    if (agreed === undefined) continue;
    const m3 = openStatement(suite, 'agree', agreed.agreement, key);
    if (m3.kind === 'refused') return m3.code;
    if (m3.header.sender !== header.sender) return 'SENDER_MISMATCH';
    const code = headerMismatch({ ...header, session }, m3.header);
    if (code !== undefined) return code;
    if (!agreed.survivors.includes(header.sender)) return 'LIST_MALFORMED';
  }
  return undefined;
}

/** F(A) for every declared session A: the distinct survivor sets that somebody signed there. */
export type SignedSets = ReadonlyMap<string, readonly (readonly number[])[]>;

export function signedSets(declared: readonly PreviousSession[]): SignedSets {
  const sets = new Map<string, (readonly number[])[]>();
  for (const { session, agreed } of declared) {
    const known = sets.get(session) ?? [];
    sets.set(session, known);
    if (agreed !== undefined && !known.some((set) => isSameSet(set, agreed.survivors)))
      known.push(agreed.survivors);
  }
  return sets;
}

/**
 * The fewest members of U1(A) that must be back before a later session may begin: n + cAbs − T + 1.
 *
 * If A can be opened, T signed one survivor set, so at least T − cAbs honest ones did. At most T − cAbs − 1 are away: one honest signer is
 * back and says so.
 */
export function returnersNeeded(cohortSize: number, cAbs: number): number {
  return cohortSize + cAbs - quorum(cohortSize, cAbs) + 1;
}

/** Why a session among `u1` may not follow the earlier ones; undefined if it may. A session nobody signed in can never be opened. */
export function refuseRetry(
  { cAbs }: Pick<SecaggRules, 'cAbs'>,
  earlier: readonly EarlierSession[],
  u1: readonly number[],
  sets: SignedSets,
): 'RETRY_UNRESOLVED' | 'RETRY_EXHAUSTED' | undefined {
  const isUnresolved = earlier.some(
    (one) => intersect(one.u1, u1).length < returnersNeeded(one.u1.length, cAbs),
  );
  if (isUnresolved) return 'RETRY_UNRESOLVED';
  const released = [...sets.values()].filter(({ length }) => length > 0);
  // pairwise distance does not protect three sums
  return released.length < 2 ? undefined : 'RETRY_EXHAUSTED';
}

/** Whether the sums over both sets may become known: they are one sum, or so far apart that two honest hospitals are in the difference. */
export function mayBothBeSummed(
  { minDelta }: Pick<SecaggRules, 'minDelta'>,
  a: readonly number[],
  b: readonly number[],
): boolean {
  const distance = without(a, b).length + without(b, a).length;
  return distance === 0 || distance >= minDelta;
}
