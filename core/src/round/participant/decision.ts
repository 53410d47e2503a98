/**
 * A study at the hospital before and beside its rounds: it is offered, the steward decides, it ends.
 *
 * Source: docs/protocol.md; audit-log.md section 5. Peer-controlled: the offer and the end. Leaves to others: what the hospital's
 * policy says to it (node-agent/), making the steward's signature.
 */
import { parseRfc3339, rfc3339 } from '../../audit/time.js';
import { fromBase64, hex } from '../../base/bytes.js';
import { canonicalBytes } from '../../base/canonical-json.js';
import { PlexusError, type Code } from '../../base/error.js';
import { reject } from '../../base/machine.js';
import type { Suite } from '../../base/suite.js';
import { verifyApproval, verifyWithdrawal, WITHDRAWAL_TYPE } from '../../study/approval.js';
import type { Manifest } from '../../study/manifest.js';
import { asJson, manifestDigest, parseManifest } from '../../study/parse.js';
import type { ToAgent } from '../messages.js';
import { studyContext } from '../study-context.js';
import { siteLeaf, toCoordinator } from './common.js';
import { forgetAll } from './ended.js';
import { isExposed } from './retry.js';
import type {
  KnownStudy,
  Myself,
  ParticipantInput,
  ParticipantState,
  ParticipantStep,
  Settings,
} from './state.js';

type Of<K extends ToAgent['kind']> = Extract<ToAgent, { readonly kind: K }>;

/** The manifest of an offer, if it is one and means this hospital. Total on peer input. */
export function readOffer(
  suite: Suite,
  myself: Myself,
  { study, manifest: text }: Of<'study-offer'>,
): Manifest | { readonly kind: 'refused'; readonly code: Code } {
  let manifest: Manifest;
  try {
    manifest = parseManifest(fromBase64(text));
    studyContext(suite, manifest);
  } catch (thrown) {
    if (!(thrown instanceof PlexusError)) throw thrown;
    return { kind: 'refused', code: 'MANIFEST_INVALID' };
  }
  const { log, roster } = manifest;
  const me = roster.find(({ hospital }) => hospital === myself.hospital);
  // keys and log were pinned at enrolment: a manifest with others is about somebody else
  const isMine =
    manifest.study === study &&
    me?.identityKey === myself.identityKey &&
    me.cosignerKey === myself.cosignerKey &&
    log.origin === myself.log.origin &&
    log.vkey === myself.log.vkey;
  return isMine ? manifest : { kind: 'refused', code: 'MANIFEST_MISMATCH' };
}

export function takeOffer(
  suite: Suite,
  myself: Myself,
  state: ParticipantState,
  message: Of<'study-offer'>,
  settingsOf: (manifest: Manifest) => Settings,
): ParticipantStep {
  const manifest = readOffer(suite, myself, message);
  if ('kind' in manifest) return reject(state, manifest.code);
  const digest = manifestDigest(suite, manifest);
  if (state.phase !== 'absent')
    return manifestDigest(suite, state.manifest) === digest
      ? { state, effects: [] }
      : reject(state, 'STUDY_EXISTS');
  const self = manifest.roster.find(({ hospital }) => hospital === myself.hospital)?.index ?? 0;
  const next: KnownStudy = {
    phase: 'offered',
    manifest,
    self,
    statement: '',
    expiresMs: 0,
    last: { round: 0, attempt: 0, position: { task: 0, roundInTask: 0 }, model: '' },
    past: [],
    restoredMs: 0,
    seen: [],
  };
  const leaf = siteLeaf(
    { settings: settingsOf(manifest), state: next },
    {
      type: 'study.submitted',
      action: 'C',
      data: { manifest_sha256: digest, purpose: manifest.purpose },
    },
  );
  return { state: next, effects: [leaf] };
}

/** The steward has signed at this hospital. A withdrawal before any approval is a refusal; after one it is for good. */
export function takeDecided(
  settings: Settings,
  state: KnownStudy,
  { envelope, nowMs }: Extract<ParticipantInput, { readonly kind: 'decided' }>,
): ParticipantStep {
  const { suite, manifest } = settings.study;
  const statement = hex(suite.sha256(canonicalBytes(asJson(envelope))));
  if (statement === state.statement) return { state, effects: [] };
  if (state.phase === 'ended') return reject(state, 'STUDY_ENDED');
  if (state.phase === 'withdrawn') return reject(state, 'STUDY_WITHDRAWN');
  const withdraws = envelope.payloadType === WITHDRAWAL_TYPE;
  const verdict = withdraws
    ? verifyWithdrawal(suite, envelope, manifest)
    : verifyApproval(suite, envelope, manifest, rfc3339(nowMs));
  if (verdict.kind === 'refused') return reject(state, verdict.code, { text: verdict.text });
  const me = manifest.roster.find(({ index }) => index === state.self);
  if (verdict.statement.hospital !== me?.hospital) return reject(state, 'STATEMENT_MISMATCH');
  const gone = state.phase === 'approved' ? 'withdrawn' : 'refused';
  const phase = withdraws ? gone : 'approved';
  const expiresMs =
    'expires' in verdict.statement ? (parseRfc3339(verdict.statement.expires) ?? 0) : 0;
  const { document, signer, signedAt } = verdict.statement;
  const leaf = siteLeaf(
    { settings, state },
    {
      type: `study.${phase}`,
      action: 'E',
      signed: [envelope],
      data: { hospital: state.self, manifest_sha256: document, signer, signed_at: signedAt },
    },
  );
  const { study } = manifest;
  const told = toCoordinator(study, { kind: 'decision', study, envelope });
  const decided = { ...state, phase, statement, expiresMs } as const;
  // once its vector is out, the hospital's help can only open the whole sum: it may finish that session
  if (phase !== 'withdrawn' || isExposed(state)) return { state: decided, effects: [leaf, told] };
  const { kept, effects } = forgetAll(decided);
  return { state: kept, effects: [leaf, ...effects, told] };
}

/** Whether the hospital may train and answer for this study now. */
export function refuseUnapproved(state: KnownStudy, nowMs: number): Code | undefined {
  if (state.phase === 'ended') return 'STUDY_ENDED';
  if (state.phase === 'withdrawn') return 'STUDY_WITHDRAWN';
  if (state.phase !== 'approved') return 'STUDY_NOT_APPROVED';
  return nowMs < state.expiresMs ? undefined : 'APPROVAL_EXPIRED';
}
