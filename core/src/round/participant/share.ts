/**
 * R1 at the hospital: the keys of U1 are looked at, then both secrets are shared among the neighbours.
 *
 * Source: secure-aggregation.md 4.2, rows 1 to 5 in their order. Leaves to others: the retry rule (retry.ts), the arithmetic (secagg/sharing.ts).
 */
import { base64, fromHex, hex, type Bytes } from '../../base/bytes.js';
import type { Signer } from '../../base/dsse.js';
import { neighbourGraph } from '../../secagg/graph.js';
import { refuseKeys, sessionKeys } from '../../secagg/keys.js';
import { quorum } from '../../secagg/rules.js';
import { dealShares, type Dealt } from '../../secagg/sharing.js';
import { signStatement } from '../../secagg/statements.js';
import { cohortHash, transcript1 } from '../../secagg/transcript.js';
import type { ToAgent } from '../messages.js';
import {
  digestOf,
  isRefusal,
  keysOf,
  membersOf,
  myHeader,
  openAll,
  refused,
  sessionLeaf,
  toCoordinator,
  type InSession,
  type Refusal,
} from './common.js';
import { checkRetry } from './retry.js';
import type { MemberKeys, ParticipantStep, Performed } from './state.js';

type Keys = Extract<ToAgent, { readonly kind: 'keys' }>;

export interface Advertised {
  readonly u1: readonly MemberKeys[];
  /** Hex. */
  readonly h1: string;
  /** Survivor sets of earlier sessions. */
  readonly rivals: readonly (readonly number[])[];
}

/** A key of small order gives zero under every clamped secret, so a public one finds it. */
const PROBE: Bytes = new Uint8Array(32).fill(0x40);

export function checkKeys(at: InSession, message: Keys): Advertised | Refusal {
  const { settings, state, session } = at;
  const { suite, study } = settings;
  const opened = openAll(at, 'advertise', message.advertisements, session.u0);
  if (isRefusal(opened)) return opened;
  const cohort = hex(cohortHash(suite, session.u0));
  if (!opened.every(({ body }) => body.cohortHash === cohort)) return refused('HEADER_MISMATCH');
  const u1 = opened.map(({ header, body: { cPublic, sPublic } }) => ({
    index: header.sender,
    cPublic,
    sPublic,
  }));
  const members = membersOf(u1);
  const { rules } = study;
  const least = Math.max(rules.minCohort, rules.minSurvivors, quorum(u1.length, rules.cAbs));
  if (!members.includes(state.self)) return refused('COHORT_EXCLUDES_SELF');
  if (u1.length < least) return refused('COHORT_TOO_SMALL');
  const code = refuseKeys(
    suite,
    { cSecret: PROBE, sSecret: PROBE },
    u1.map(({ index, cPublic, sPublic }) => ({
      index,
      cPublic: fromHex(cPublic),
      sPublic: fromHex(sPublic),
    })),
    neighbourGraph(members, rules).neighbours(state.self),
  );
  if (code !== undefined) return refused(code);
  const rivals = checkRetry(at, opened);
  return isRefusal(rivals) ? rivals : { u1, h1: hex(transcript1(suite, opened)), rivals };
}

/** M1, the share list and the sealed boxes. Secret: z. */
export function performShare(
  at: InSession,
  { u1, h1 }: Advertised,
  { signer, z }: { readonly signer: Signer; readonly z: Bytes },
): Extract<Performed, { readonly kind: 'share' }> {
  const { entries, boxes, listHash, commitB } = dealing(
    { ...at, session: { ...at.session, u1, h1 } },
    z,
  );
  const body = { h1, listHash: hex(listHash), commitB: hex(commitB) };
  const envelope = signStatement(at.settings.suite, signer, 'share', myHeader(at), body);
  const sealed = [...boxes].map(([receiver, box]) => ({ receiver, box: base64(box) }));
  return { kind: 'share', envelope, listHash: body.listHash, entries, boxes: sealed };
}

export function takeKeys(
  at: InSession,
  message: Keys,
  { u1, h1, rivals }: Advertised,
  { envelope, listHash, entries, boxes }: Extract<Performed, { readonly kind: 'share' }>,
): ParticipantStep {
  const { settings, state } = at;
  const asked = { keys: digestOf(settings, message) };
  const said = { ...at.session.said, share: digestOf(settings, envelope) };
  const session = { ...at.session, phase: 'shared', u1, h1, rivals, asked, said } as const;
  const { study } = settings.study.manifest;
  const leaf = sessionLeaf(at, {
    type: 'round.shares_distributed',
    action: 'C',
    signed: [envelope],
    data: { hospital: state.self, list_sha256: listHash },
  });
  const answer = {
    kind: 'share',
    study,
    session: session.session,
    envelope,
    entries,
    boxes,
  } as const;
  return { state: { ...state, session }, effects: [leaf, toCoordinator(session.session, answer)] };
}

/** What this hospital deals in its session: the same bytes whenever it is computed. Secret: z and the result's own shares. */
export function dealing(at: InSession, z: Bytes): Dealt {
  const { settings, state, session } = at;
  const { suite, study } = settings;
  const graph = neighbourGraph(membersOf(session.u1), study.rules);
  return dealShares(suite, sessionKeys(suite, z, session.session), {
    h1: fromHex(session.h1),
    self: state.self,
    receivers: graph.receivers(state.self),
    threshold: graph.threshold,
    cPublicOf: (member) => fromHex(keysOf(at, member).cPublic),
  });
}
