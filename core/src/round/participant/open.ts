/**
 * R0 at the hospital: is this session the one it trained for, in a cohort that the rules allow? Then it advertises two fresh keys.
 *
 * Source: secure-aggregation.md 4.1, rows 1 to 7 in their order. Leaves to others: the head (the caller has verified it), the budget (no
 * differential privacy, so nothing to reserve).
 */
import type { Head } from '../../audit/heads.js';
import { parseLeaf } from '../../audit/leaf.js';
import { fromBase64, hex, type Bytes } from '../../base/bytes.js';
import { canonicalJson, type Json, type JsonObject } from '../../base/canonical-json.js';
import { PlexusError, type Code } from '../../base/error.js';
import type { Signer } from '../../base/dsse.js';
import { sessionKeys } from '../../secagg/keys.js';
import { isMemberList, isSameSet } from '../../secagg/members.js';
import { signStatement } from '../../secagg/statements.js';
import { cohortHash } from '../../secagg/transcript.js';
import type { Evidence } from '../../audit/evidence.js';
import type { ToAgent } from '../messages.js';
import { digestOf, headerOf, refused, sessionLeaf, toCoordinator, type Refusal } from './common.js';
import { declarations, isExhausted } from './retry.js';
import { rootSecret } from './secrets.js';
import type {
  KnownStudy,
  ParticipantStep,
  Performed,
  RoundHere,
  SessionHere,
  Settings,
} from './state.js';

type Open = Extract<ToAgent, { readonly kind: 'open' }>;

export interface Opening {
  readonly round: RoundHere;
  readonly head: Head;
}

export function checkOpen(
  settings: Settings,
  state: KnownStudy,
  message: Open,
  head: Head | undefined,
): Opening | Refusal | { readonly kind: 'repeated' } {
  const { manifestHash, manifest, rules } = settings.study;
  const { round } = state;
  if (message.manifestHash !== manifestHash) return refused('MANIFEST_MISMATCH');
  if (head === undefined) return refused('LOG_HEAD_REFUSED');
  const leaf = leafOf(message.evidence);
  const { session, cohort } = message;
  const says = { session, cohort, model_in: message.modelHash, layout_sha256: message.layoutHash };
  const about = { study: manifest.study, round: message.round, session };
  if (!backs(leaf, 'session.opened', about, says)) return refused('LOG_LEAF_MISSING');
  if (state.session?.session === session)
    return isSameSet(state.session.u0, cohort) ? { kind: 'repeated' } : refused('ALREADY_ANSWERED');
  if (!/^[0-9a-f]{64}$/.test(session)) return refused('ENCODING_INVALID');
  if (state.seen.includes(session)) return refused('SESSION_REUSED');
  if (state.session !== undefined) return refused('SESSION_OPEN');
  if (round?.round !== message.round) return refused('ROUND_STALE');
  if (round.phase !== 'ready') return refused('UPDATE_NOT_READY');
  if (round.model !== message.modelHash) return refused('MODEL_MISMATCH');
  // I4: the layout follows from the signed manifest, never from the message
  if (settings.setting(round.position).layoutHash !== message.layoutHash)
    return refused('LAYOUT_MISMATCH');
  const code = refuseCohort(cohort, state, manifest.roster, rules);
  if (code !== undefined) return refused(code);
  return isExhausted(state) ? refused('RETRY_EXHAUSTED') : { round, head };
}

/** M0. Secret: z, 32 fresh bytes of the operating system, kept from here on. */
export function performOpen(
  settings: Settings,
  state: KnownStudy,
  message: Open,
  { round, head }: Opening,
  { signer, z }: { readonly signer: Signer; readonly z: Bytes },
): {
  readonly performed: Performed;
  readonly secrets: readonly { readonly name: string; readonly bytes: Bytes }[];
} {
  const { suite } = settings;
  const keys = sessionKeys(suite, z, message.session);
  const header = headerOf(settings, state, round, message.session, head);
  const envelope = signStatement(suite, signer, 'advertise', header, {
    cPublic: hex(keys.cPublic),
    sPublic: hex(keys.sPublic),
    nonce: hex(keys.nonce),
    cohortHash: hex(cohortHash(suite, message.cohort)),
    previous: declarations(state),
  });
  return {
    performed: { kind: 'advertise', envelope },
    secrets: [{ name: rootSecret(message.session), bytes: z }],
  };
}

export function takeOpen(
  settings: Settings,
  state: KnownStudy,
  message: Open,
  { round, head }: Opening,
  { envelope }: Extract<Performed, { readonly kind: 'advertise' }>,
  nowMs: number,
): ParticipantStep {
  const { study, session: id, cohort } = message;
  const session: SessionHere = {
    phase: 'advertised',
    session: id,
    openedMs: nowMs,
    head,
    u0: cohort,
    u1: [],
    h1: '',
    u2: [],
    h2: '',
    vector: { sha256: '', bytes: 0 },
    u3: [],
    h3: '',
    rivals: [],
    asked: {},
    said: { advertise: digestOf(settings, envelope) },
  };
  const next = { ...state, session, seen: [...state.seen, id] };
  const leaf = sessionLeaf(
    { settings, state: next, round, session },
    {
      type: 'round.keys_advertised',
      action: 'C',
      signed: [envelope],
      data: { hospital: state.self },
    },
  );
  const answer = { kind: 'advertise', study, session: id, envelope } as const;
  return { state: next, effects: [leaf, toCoordinator(id, answer)] };
}

/** The leaf that travels with a message; the caller has verified that the log holds it. */
export function leafOf(evidence: Evidence | undefined): JsonObject | undefined {
  return evidence && parsedLeaf(evidence.leaf.bytes);
}

/** `bytes`: base64. Total on peer input. */
export function parsedLeaf(bytes: string): JsonObject | undefined {
  try {
    return parseLeaf(fromBase64(bytes)) as unknown as JsonObject;
  } catch (thrown) {
    if (thrown instanceof PlexusError) return undefined; // peer-controlled: no leaf
    throw thrown;
  }
}

/** True if the leaf says what the message says: the coordinator is bound to what it logged. */
export function backs(
  leaf: JsonObject | undefined,
  type: string,
  about: JsonObject,
  says: JsonObject,
): boolean {
  const data = leaf?.['data'];
  if (leaf?.['type'] !== type || typeof data !== 'object' || Array.isArray(data)) return false;
  const same = (has: JsonObject, member: string, value: Json | undefined): boolean =>
    value !== undefined &&
    has[member] !== undefined &&
    canonicalJson(has[member]) === canonicalJson(value);
  return (
    Object.entries(about).every(([member, value]) => same(leaf, member, value)) &&
    Object.entries(says).every(([member, value]) => same(data as JsonObject, member, value))
  );
}

function refuseCohort(
  cohort: readonly number[],
  { self }: KnownStudy,
  roster: readonly { readonly index: number }[],
  rules: Settings['study']['rules'],
): Code | undefined {
  if (!isMemberList(cohort)) return 'LIST_MALFORMED';
  if (!cohort.every((member) => roster.some(({ index }) => index === member)))
    return 'MEMBER_NOT_ALLOWED';
  if (!cohort.includes(self)) return 'COHORT_EXCLUDES_SELF';
  if (cohort.length < Math.max(rules.minCohort, rules.minSurvivors)) return 'COHORT_TOO_SMALL';
  return cohort.length > rules.maxCohort ? 'COHORT_TOO_LARGE' : undefined;
}
