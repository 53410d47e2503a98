/**
 * What a hospital declares of earlier sessions of its round, and what it makes of the declarations of others (row 5 of R1, row 4 of R3).
 *
 * Source: secure-aggregation.md 4.7. Peer-controlled: every declaration; each is believed only under its sender's own M3.
 */
import { fromBase64 } from '../../base/bytes.js';
import type { PreviousSession } from '../../secagg/bodies.js';
import { mayBothBeSummed, refuseDeclared, refuseRetry, signedSets } from '../../secagg/retry.js';
import type { Statement } from '../../secagg/statements.js';
import { refused, type InSession, type Refusal } from './common.js';
import type { KnownStudy, PastSession } from './state.js';

/** True once the masked vector is committed: others may open the sum with it, whatever this hospital does afterwards. */
export function isExposed({ session }: KnownStudy): boolean {
  return session !== undefined && ['masked', 'agreed', 'released'].includes(session.phase);
}

/** The exposed sessions of the round, the one under way among them. */
export function exposedSessions(state: KnownStudy): readonly PastSession[] {
  const { session, past } = state;
  if (session === undefined || !isExposed(state)) return past;
  const { session: id, u1, u3, agreement } = session;
  const agreed = agreement === undefined ? {} : { agreed: { survivors: u3, agreement } };
  return [...past, { session: id, u1: u1.map(({ index }) => index), ...agreed }];
}

/** `previous` of M0. */
export function declarations({ past }: KnownStudy): readonly PreviousSession[] {
  return past.map(({ session, agreed }) => ({ session, ...(agreed && { agreed }) }));
}

/** R0, row 7: two sums of this round may be known already, so no third one may. */
export function isExhausted({ past }: KnownStudy): boolean {
  return past.filter(({ agreed }) => agreed !== undefined).length > 1;
}

/** R1, row 5: the survivor sets of earlier sessions that this one must keep its distance from. */
export function checkRetry(
  at: InSession,
  advertised: readonly Statement<'advertise'>[],
): readonly (readonly number[])[] | Refusal {
  const { suite, study } = at.settings;
  for (const m0 of advertised) {
    const member = study.manifest.roster.find(({ index }) => index === m0.header.sender);
    const refusal = refuseDeclared(suite, m0, fromBase64(member?.identityKey ?? ''));
    if (refusal !== undefined) return refused(refusal);
  }
  const sets = signedSets(advertised.flatMap(({ body }) => body.previous));
  const u1 = advertised.map(({ header }) => header.sender);
  const code = refuseRetry(study.rules, at.state.past, u1, sets);
  return code === undefined ? [...sets.values()].flat() : refused(code);
}

/** R3, row 4. */
export function keepsDistance({ settings, session }: InSession, u3: readonly number[]): boolean {
  return session.rivals.every((set) => mayBothBeSummed(settings.study.rules, set, u3));
}
