/**
 * The answers of the five exchanges: M0..M4, each checked against what the coordinator itself knows, then kept.
 *
 * A refusal changes nothing (I10); an answer is taken once. Peer-controlled: every field of every message.
 * Source: secure-aggregation.md sections 4.1 to 4.5.
 */
import { fromBase64, fromHex, hex } from '../../base/bytes.js';
import { canonicalBytes } from '../../base/canonical-json.js';
import { reject } from '../../base/machine.js';
import { PlexusError, type Code } from '../../base/error.js';
import { neighbourGraph } from '../../secagg/graph.js';
import { releaseFor } from '../../secagg/release.js';
import { refuseDeclared } from '../../secagg/retry.js';
import { listIsAsSigned } from '../../secagg/sharing.js';
import { cohortHash } from '../../secagg/transcript.js';
import type { FromAgent } from '../messages.js';
import { hospitalLeaf, keep } from './effects.js';
import { settle } from './exchange.js';
import { lose } from './leave.js';
import { identityKey, isLoggable, receive } from './receive.js';
import type { Answer, SessionContext, SessionState, SessionStep } from './session-state.js';

type Message<K extends FromAgent['kind']> = Extract<FromAgent, { readonly kind: K }>;

/** M0. */
export function takeAdvertise(
  context: SessionContext,
  state: SessionState,
  from: number,
  { envelope }: Message<'advertise'>,
  nowMs: number,
): SessionStep {
  const opened = receive(context, state, 'advertise', from, envelope);
  if (opened.kind === 'refused') return reject(state, opened.code);
  if (opened.body.cohortHash !== hex(cohortHash(context.suite, state.u0)))
    return reject(state, 'HEADER_MISMATCH');
  const known = state.earlier.map(({ session }) => session);
  // a session that never was would count against the round
  if (!opened.body.previous.every(({ session }) => known.includes(session)))
    return reject(state, 'SESSION_UNKNOWN');
  const doubted = refuseDeclared(context.suite, opened, identityKey(context, from));
  if (doubted !== undefined) return reject(state, doubted);
  const advertisements = insert(state.advertisements, { hospital: from, envelope });
  const leaf = hospitalLeaf(context, state, from, {
    type: 'round.keys_advertised',
    action: 'C',
    signed: [envelope],
    data: { hospital: from },
  });
  return settle(context, { ...state, advertisements }, [leaf], nowMs);
}

/** M1, its share list and its sealed boxes. */
export function takeShare(
  context: SessionContext,
  state: SessionState,
  from: number,
  { envelope, entries, boxes }: Message<'share'>,
  nowMs: number,
): SessionStep {
  const { suite, rules } = context;
  const opened = receive(context, state, 'share', from, envelope);
  if (opened.kind === 'refused') return reject(state, opened.code);
  if (opened.body.h1 !== state.h1) return reject(state, 'TRANSCRIPT_MISMATCH');
  const receivers = neighbourGraph(state.u1, rules).receivers(from);
  const signedListHash = fromHex(opened.body.listHash);
  if (
    !listIsAsSigned(suite, {
      h1: fromHex(state.h1),
      dealer: from,
      receivers,
      signedListHash,
      entries,
    })
  )
    return reject(state, 'SHARE_NOT_AS_SIGNED');
  const others = entries.filter(({ receiver }) => receiver !== from);
  if (boxes.length !== others.length) return reject(state, 'SHARE_NOT_AS_SIGNED');
  const kept = [];
  for (const [i, { receiver, box }] of boxes.entries()) {
    const bytes = decoded(box);
    const entry = others[i];
    if (bytes === undefined || entry?.receiver !== receiver)
      return reject(state, 'SHARE_NOT_AS_SIGNED');
    const one = keep(suite, bytes);
    if (one.digest !== entry.box) return reject(state, 'SHARE_NOT_AS_SIGNED');
    kept.push({ receiver, box: one.digest, effect: one.effect });
  }
  const list = keep(suite, canonicalBytes(entries));
  const answer = {
    hospital: from,
    envelope,
    list: list.digest,
    boxes: kept.map(({ receiver, box }) => ({ receiver, box })),
  };
  const leaf = hospitalLeaf(context, state, from, {
    type: 'round.shares_distributed',
    action: 'C',
    signed: [envelope],
    data: { hospital: from, list_sha256: opened.body.listHash },
  });
  const effects = [leaf, list.effect, ...kept.map(({ effect }) => effect)];
  return settle(context, { ...state, shares: insert(state.shares, answer) }, effects, nowMs);
}

/** M2. `stored` is the complete vector that lies in the blob store under the digest M2 names, if there is one. */
export function takeMasked(
  context: SessionContext,
  state: SessionState,
  from: number,
  { envelope, contribution }: Message<'masked'>,
  stored: { readonly sha256: string; readonly bytes: number } | undefined,
  nowMs: number,
): SessionStep {
  const opened = receive(context, state, 'masked', from, envelope);
  if (opened.kind === 'refused') return reject(state, opened.code);
  if (!isLoggable(contribution)) return reject(state, 'ENCODING_INVALID');
  const { h2, byteLength, vectorHash } = opened.body;
  if (h2 !== state.h2) return reject(state, 'TRANSCRIPT_MISMATCH');
  if (byteLength !== context.vectorBytes || (stored?.bytes ?? byteLength) !== byteLength)
    return reject(state, 'VECTOR_LENGTH_MISMATCH', { expected: context.vectorBytes });
  if (stored?.sha256 !== vectorHash) return reject(state, 'VECTOR_DIGEST_MISMATCH');
  const answer = { hospital: from, envelope, vector: vectorHash };
  const leaf = hospitalLeaf(context, state, from, {
    type: 'round.masked_update.received',
    action: 'C',
    signed: [envelope, contribution],
    data: {
      hospital: from,
      upload: { sha256: vectorHash, bytes: byteLength, words: context.vectorWords },
    },
  });
  return settle(context, { ...state, masked: insert(state.masked, answer) }, [leaf], nowMs);
}

/** M3. */
export function takeAgreement(
  context: SessionContext,
  state: SessionState,
  from: number,
  { envelope }: Message<'agreement'>,
  nowMs: number,
): SessionStep {
  const opened = receive(context, state, 'agree', from, envelope);
  if (opened.kind === 'refused') return reject(state, opened.code);
  const { h2, h3 } = opened.body;
  if (h2 !== state.h2 || h3 !== state.h3) return reject(state, 'TRANSCRIPT_MISMATCH');
  const leaf = hospitalLeaf(context, state, from, {
    type: 'round.survivors_agreed',
    action: 'E',
    signed: [envelope],
    data: { hospital: from, u3_sha256: hex(cohortHash(context.suite, state.u3)) },
  });
  const agreements = insert(state.agreements, { hospital: from, envelope });
  return settle(context, { ...state, agreements }, [leaf], nowMs);
}

/**
 * M4: exactly the shares that follow from U3, neither more nor of another kind (I3), each as its dealer committed to it.
 *
 * The commitments lie in kept lists, so the caller compares and says what it found. Shares that nobody dealt are the answerer's fault: it is
 * named and counted as lost, the others are awaited (section 4.6, step 1).
 */
export function takeRelease(
  context: SessionContext,
  state: SessionState,
  from: number,
  { envelope }: Message<'release'>,
  isAsDealt: boolean | undefined,
  nowMs: number,
): SessionStep {
  const { suite, rules } = context;
  const opened = receive(context, state, 'unmask', from, envelope);
  if (opened.kind === 'refused') return reject(state, opened.code);
  if (opened.body.h3 !== state.h3) return reject(state, 'TRANSCRIPT_MISMATCH');
  const lines = releaseFor(neighbourGraph(state.u1, rules), state.u2, state.u3, from);
  const { shares } = opened.body;
  const asDue =
    shares.length === lines.length &&
    lines.every(({ dealer, kind }, i) => shares[i]?.dealer === dealer && shares[i].kind === kind);
  if (!asDue) return reject(state, 'SHARE_RELEASE_INVALID');
  if (isAsDealt === undefined)
    throw new PlexusError(
      'STATE_UNEXPECTED',
      'release: expected to be compared with what was dealt',
    );
  if (!isAsDealt)
    return lose(context, state, from, { cause: 'faulty', code: 'SHARE_RELEASE_INVALID' }, nowMs);
  const kept = keep(suite, canonicalBytes(envelope));
  const leaf = hospitalLeaf(context, state, from, {
    type: 'round.unmask_answered',
    action: 'E',
    data: {
      hospital: from,
      for_survivors: lines.filter(({ kind }) => kind === 'b').map(({ dealer }) => dealer),
      for_dropped: lines.filter(({ kind }) => kind === 's').map(({ dealer }) => dealer),
      answer_sha256: kept.digest,
    },
  });
  const releases = insert(state.releases, { hospital: from, release: kept.digest });
  return settle(context, { ...state, releases }, [leaf, kept.effect], nowMs);
}

/** Why a hospital may not answer this exchange now; undefined if it may. */
export function refuseAnswer(
  state: SessionState,
  phase: SessionState['phase'],
  awaited: readonly number[],
  given: readonly number[],
  from: number,
): Code | undefined {
  if (state.phase !== phase) return phase === 'masked' ? 'PHASE_CLOSED' : 'PHASE_UNEXPECTED';
  if (!awaited.includes(from)) return 'MEMBER_NOT_ALLOWED';
  if (given.includes(from)) return 'ALREADY_ANSWERED';
  return state.lost.includes(from) ? 'PHASE_CLOSED' : undefined;
}

function insert<T extends Pick<Answer, 'hospital'>>(
  answers: readonly T[],
  answer: T,
): readonly T[] {
  return [...answers, answer].sort((a, b) => a.hospital - b.hospital);
}

function decoded(box: string): Uint8Array | undefined {
  try {
    return fromBase64(box);
  } catch {
    return undefined; // peer-controlled: not base64 is not the box that was signed
  }
}
