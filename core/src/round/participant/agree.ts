/**
 * R3 at the hospital: it signs one survivor set a session, ever (I2), and only one that the log fixed.
 *
 * Source: secure-aggregation.md 4.4, rows 1 to 5 in their order. Leaves to others: the quorum of cosigned heads.
 */
import type { Head } from '../../audit/heads.js';
import { fromHex, hex } from '../../base/bytes.js';
import { canonicalJson, type Json, type JsonObject } from '../../base/canonical-json.js';
import type { Signer } from '../../base/dsse.js';
import { neighbourGraph } from '../../secagg/graph.js';
import { isSameSet } from '../../secagg/members.js';
import { survivorMinimum } from '../../secagg/rules.js';
import { signStatement } from '../../secagg/statements.js';
import { cohortHash, transcript3 } from '../../secagg/transcript.js';
import { asJson } from '../../study/parse.js';
import type { ToAgent } from '../messages.js';
import {
  digestOf,
  inSession,
  isRefusal,
  membersOf,
  myHeader,
  openAll,
  refused,
  sessionLeaf,
  toCoordinator,
  type InSession,
  type Refusal,
} from './common.js';
import { backs, leafOf, parsedLeaf } from './open.js';
import { keepsDistance } from './retry.js';
import type { KnownStudy, ParticipantStep, Performed, SessionHere, Settings } from './state.js';

type Agree = Extract<ToAgent, { readonly kind: 'agree' }>;

export interface Survivors {
  readonly u3: readonly number[];
  /** Hex. */
  readonly h3: string;
  readonly head: Head;
}

/** Row 1 comes before everything else: a second set is never looked at. */
export function enterAgree(
  settings: Settings,
  state: KnownStudy,
  message: Agree,
): InSession | Refusal | { readonly kind: 'repeated' } {
  const at = inSession(settings, state, message, 'masked');
  if (!('kind' in at) || at.kind !== 'repeated') return at;
  return isSameSet(state.session?.u3 ?? [], message.survivors)
    ? at
    : refused('SURVIVORS_ALREADY_SIGNED');
}

export function checkAgree(
  at: InSession,
  message: Agree,
  head: Head | undefined,
): Survivors | Refusal {
  const { settings, state, session, round } = at;
  const { suite, study } = settings;
  const m2 = openAll(at, 'masked', message.masked, session.u2);
  if (isRefusal(m2)) return m2;
  const u3 = m2.map(({ header }) => header.sender);
  if (!isSameSet(message.survivors, u3)) return refused('LIST_MALFORMED');
  if (!u3.includes(state.self)) return refused('SURVIVORS_EXCLUDE_SELF');
  if (!m2.every(({ body }) => body.h2 === session.h2)) return refused('TRANSCRIPT_MISMATCH');
  const u1 = membersOf(session.u1);
  const { sparse } = neighbourGraph(u1, study.rules);
  if (u3.length < survivorMinimum(study.rules, u1.length, sparse))
    return refused('SURVIVORS_TOO_FEW');
  if (!keepsDistance(at, u3)) return refused('SURVIVORS_DIFFERENCING');
  if (head === undefined) return refused('LOG_HEAD_REFUSED');
  const about = { study: study.manifest.study, round: round.round, session: session.session };
  const says = { survivors: u3, u3_sha256: hex(cohortHash(suite, u3)) };
  if (!backs(leafOf(message.evidence), 'round.survivors_fixed', about, says))
    return refused('LOG_LEAF_MISSING');
  if (!areLogged(message, u3, about)) return refused('LOG_LEAF_MISSING');
  return { u3, h3: hex(transcript3(suite, fromHex(session.h2), m2)), head };
}

/** Every survivor's M2 stands in a leaf of its own, as it was relayed; the caller has verified that the log holds the leaves. */
function areLogged({ masked, evidence }: Agree, u3: readonly number[], about: JsonObject): boolean {
  const leaves = (evidence?.also ?? []).map(({ bytes }) => parsedLeaf(bytes));
  return (
    leaves.length === u3.length &&
    u3.every((hospital, i) => {
      const signed = leaves[i]?.['signed'];
      const m2 = Array.isArray(signed) ? (signed as readonly Json[])[0] : undefined;
      return (
        backs(leaves[i], 'round.masked_update.received', about, { hospital }) &&
        m2 !== undefined &&
        canonicalJson(m2) === canonicalJson(asJson(masked[i]))
      );
    })
  );
}

/** M3. */
export function performAgree(
  at: InSession,
  { h3, head }: Survivors,
  { signer }: { readonly signer: Signer },
): Extract<Performed, { readonly kind: 'agree' }> {
  const { h2 } = at.session;
  const header = myHeader(at, head);
  const envelope = signStatement(at.settings.suite, signer, 'agree', header, { h2, h3 });
  return { kind: 'agree', envelope };
}

export function takeAgree(
  at: InSession,
  { u3, h3, head }: Survivors,
  { envelope }: Extract<Performed, { readonly kind: 'agree' }>,
): ParticipantStep {
  const { settings, state } = at;
  const { session: id } = at.session;
  const said = { ...at.session.said, agree: digestOf(settings, envelope) };
  const signed = { u3, h3, agreement: envelope, said };
  const session: SessionHere = { ...at.session, phase: 'agreed', ...signed, head };
  const leaf = sessionLeaf(at, {
    type: 'round.survivors_agreed',
    action: 'E',
    signed: [envelope],
    data: {
      hospital: state.self,
      u3_sha256: hex(cohortHash(settings.suite, u3)),
      survivors: u3,
    },
  });
  const { study } = settings.study.manifest;
  const answer = { kind: 'agreement', study, session: id, envelope } as const;
  return { state: { ...state, session }, effects: [leaf, toCoordinator(id, answer)] };
}
