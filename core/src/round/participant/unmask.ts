/**
 * R4 at the hospital: with a quorum of M3 it releases the shares that follow from its own U3, and nothing else (I2, I3).
 *
 * The request names no shares. Source: secure-aggregation.md 4.5, rows 1 to 4. Leaves to others: the quorum of cosigned heads.
 */
import type { Head } from '../../audit/heads.js';
import type { Bytes } from '../../base/bytes.js';
import { canonicalBytes } from '../../base/canonical-json.js';
import type { Signer } from '../../base/dsse.js';
import { PlexusError } from '../../base/error.js';
import { neighbourGraph } from '../../secagg/graph.js';
import { releaseFor, type ReleaseLine } from '../../secagg/release.js';
import { quorum } from '../../secagg/rules.js';
import { signStatement } from '../../secagg/statements.js';
import { asJson } from '../../study/parse.js';
import type { ToAgent } from '../messages.js';
import {
  isRefusal,
  membersOf,
  myHeader,
  openAll,
  refused,
  sessionLeaf,
  shaHex,
  toCoordinator,
  type InSession,
  type Refusal,
} from './common.js';
import { readShares } from './masked.js';
import { leafOf } from './open.js';
import { releaseSecret } from './secrets.js';
import type { ParticipantStep, Performed } from './state.js';

type Unmask = Extract<ToAgent, { readonly kind: 'unmask' }>;

export function checkUnmask(
  at: InSession,
  message: Unmask,
  head: Head | undefined,
): { readonly lines: readonly ReleaseLine[]; readonly head: Head } | Refusal {
  const { state, session } = at;
  const { rules } = at.settings.study;
  const m3 = openAll(at, 'agree', message.agreements, session.u3, 'SIGNER_NOT_SURVIVOR');
  if (isRefusal(m3)) return m3;
  if (!m3.every(({ body }) => body.h2 === session.h2 && body.h3 === session.h3))
    return refused('TRANSCRIPT_MISMATCH');
  if (m3.length < quorum(session.u1.length, rules.cAbs)) return refused('QUORUM_NOT_REACHED');
  // a head that extends the one of R3 contains the survivor leaf that was checked there; the leaf beside it says that R3 is over
  if (head === undefined) return refused('LOG_HEAD_REFUSED');
  if (leafOf(message.evidence)?.['session'] !== session.session) return refused('LOG_LEAF_MISSING');
  const graph = neighbourGraph(membersOf(session.u1), rules);
  return { lines: releaseFor(graph, session.u2, session.u3, state.self), head };
}

/** M4: any valid request gets the same bytes. Secret: the shares, and M4 itself until it is sent to the coordinator. */
export function performUnmask(
  at: InSession,
  { lines, head }: { readonly lines: readonly ReleaseLine[]; readonly head: Head },
  { signer, shares }: { readonly signer: Signer; readonly shares: Bytes },
): {
  readonly performed: Extract<Performed, { readonly kind: 'release' }>;
  readonly secrets: readonly { readonly name: string; readonly bytes: Bytes }[];
} {
  const { settings, session } = at;
  const held = readShares(shares);
  const released = lines.map(({ dealer, kind }) => {
    const pair = held.get(dealer);
    if (pair === undefined)
      throw new PlexusError('STATE_UNEXPECTED', 'release: expected a share of every dealer');
    return { dealer, kind, share: pair[kind] };
  });
  const body = { h3: session.h3, shares: released };
  const envelope = signStatement(settings.suite, signer, 'unmask', myHeader(at, head), body);
  const bytes = canonicalBytes(asJson(envelope));
  return {
    performed: { kind: 'release', sha256: shaHex(settings, bytes) },
    secrets: [{ name: releaseSecret(session.session), bytes }],
  };
}

export function takeUnmask(
  at: InSession,
  { lines, head }: { readonly lines: readonly ReleaseLine[]; readonly head: Head },
  { sha256 }: Extract<Performed, { readonly kind: 'release' }>,
): ParticipantStep {
  const { settings, state } = at;
  const { session: id } = at.session;
  const of = (wanted: ReleaseLine['kind']): readonly number[] =>
    lines.filter(({ kind }) => kind === wanted).map(({ dealer }) => dealer);
  const leaf = sessionLeaf(at, {
    type: 'unmask.answered',
    action: 'E',
    data: { for_survivors: of('b'), for_dropped: of('s'), answer_sha256: sha256 },
  });
  const { study } = settings.study.manifest;
  const answer = { kind: 'release', study, session: id, secret: releaseSecret(id) } as const;
  const session = { ...at.session, phase: 'released', head } as const;
  return { state: { ...state, session }, effects: [leaf, toCoordinator(id, answer)] };
}
