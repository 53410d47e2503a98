/**
 * A study before it runs, and the hospitals' say in it at any time: submission, approval, refusal, withdrawal, start.
 *
 * A withdrawal that comes before any approval is a refusal. The last word of a hospital counts, but a withdrawal stays: otherwise
 * an old approval, sent again, would undo it. Peer-controlled: every field of a decision.
 * Source: docs/protocol.md; audit-log.md section 5. Leaves to others: the hospital's own policy (node-agent/).
 */
import { parseRfc3339, rfc3339 } from '../../audit/time.js';
import { base64, hex } from '../../base/bytes.js';
import { canonicalBytes } from '../../base/canonical-json.js';
import type { Envelope } from '../../base/dsse.js';
import type { LeafDraft } from '../../base/machine.js';
import { reject } from '../../base/machine.js';
import { verifyApproval, verifyWithdrawal, WITHDRAWAL_TYPE } from '../../study/approval.js';
import { asJson, manifestBytes } from '../../study/parse.js';
import { isLoggable } from './receive.js';
import type {
  Decision,
  RunningStudy,
  StudyEffect,
  StudyInput,
  StudySettings,
  StudyState,
  StudyStep,
} from './study-state.js';

type InputOf<K extends StudyInput['kind']> = Extract<StudyInput, { readonly kind: K }>;
export type CourseState = Exclude<StudyState, { readonly phase: 'absent' }>;

export function submit(
  settings: StudySettings,
  { manifest, model, by }: InputOf<'submit'>,
): StudyStep {
  const { suite, manifestHash } = settings.study;
  const { study, roster, data, purpose, privacy } = manifest;
  const classes = [data.target, ...data.features].map((column) => column.class);
  const leaf = studyLeaf(study, by, {
    type: 'study.submitted',
    action: 'C',
    data: {
      manifest_sha256: manifestHash,
      purpose,
      roster_sha256: hex(suite.sha256(canonicalBytes(asJson(roster)))),
      privacy: { mode: privacy.mode },
      data_classes: [...new Set(classes)].sort(),
    },
  });
  const message = {
    kind: 'study-offer',
    study,
    manifest: base64(manifestBytes(manifest)),
  } as const;
  return {
    state: {
      phase: 'approval',
      manifest,
      by,
      decisions: [],
      position: { task: 0, roundInTask: 0 },
      round: 1,
      attempt: 1,
      past: [],
      model,
      roundsDone: 0,
      metrics: {},
    },
    effects: [leaf, ...toRoster(manifest.roster, study, message)],
  };
}

/** A signed decision of the hospital at a roster index. */
export function takeDecision(
  settings: StudySettings,
  state: CourseState,
  from: number,
  envelope: Envelope,
  nowMs: number,
): StudyStep {
  const { suite, manifest } = settings.study;
  if (!isLoggable(envelope, 2)) return reject(state, 'ENCODING_INVALID');
  const statement = hex(suite.sha256(canonicalBytes(asJson(envelope))));
  const last = state.decisions.find(({ hospital }) => hospital === from);
  if (last?.statement === statement) return { state, effects: [] };
  if (isOver(state)) return reject(state, 'STUDY_ENDED', { phase: state.phase });
  if (last?.decision === 'withdrawn') return reject(state, 'STUDY_WITHDRAWN');
  const withdraws = envelope.payloadType === WITHDRAWAL_TYPE;
  const verdict = withdraws
    ? verifyWithdrawal(suite, envelope, manifest)
    : verifyApproval(suite, envelope, manifest, rfc3339(nowMs));
  if (verdict.kind === 'refused') return reject(state, verdict.code);
  const member = manifest.roster.find(({ index }) => index === from);
  if (verdict.statement.hospital !== member?.hospital) return reject(state, 'SENDER_MISMATCH');
  const gone = last?.decision === 'approved' ? 'withdrawn' : 'refused';
  const decided = withdraws ? gone : 'approved';
  const expiresMs =
    'expires' in verdict.statement ? parseRfc3339(verdict.statement.expires) : undefined;
  const decision: Decision = {
    hospital: from,
    decision: decided,
    statement,
    ...(expiresMs === undefined ? {} : { expiresMs }),
  };
  const decisions = [...state.decisions.filter(({ hospital }) => hospital !== from), decision].sort(
    (a, b) => a.hospital - b.hospital,
  );
  const { document, signer, signedAt } = verdict.statement;
  const leaf: StudyEffect = {
    kind: 'leaf',
    leaf: {
      type: `study.${decided}`,
      action: 'E',
      outcome: 'success',
      actor: { kind: 'hospital', id: `hospital/${member.hospital}`, authn: 'mtls' },
      study: manifest.study,
      signed: [envelope],
      data: { hospital: from, manifest_sha256: document, signer, signed_at: signedAt },
    },
  };
  return { state: { ...state, decisions }, effects: [leaf, { kind: 'wake' }] };
}

/** Everybody has answered and enough have approved, or the researcher says start. */
export function activate(
  settings: StudySettings,
  state: Extract<StudyState, { readonly phase: 'approval' }>,
  by: string,
  nowMs: number,
): StudyStep {
  const { rules, manifest, manifestHash } = settings.study;
  if (approved(state, nowMs).length < rules.minCohort)
    return reject(state, 'STUDY_NOT_APPROVED', { needed: rules.minCohort });
  const leaf = studyLeaf(manifest.study, by, {
    type: 'study.activated',
    action: 'U',
    data: { manifest_sha256: manifestHash },
  });
  const current = { phase: 'waiting', sinceMs: nowMs, notBeforeMs: nowMs, away: [] } as const;
  const running: RunningStudy = { ...state, phase: 'running', current };
  return { state: running, effects: [leaf] };
}

/** Roster indices of the hospitals whose approval holds now. */
export function approved(state: CourseState, nowMs: number): readonly number[] {
  return state.decisions
    .filter(({ decision, expiresMs = 0 }) => decision === 'approved' && expiresMs > nowMs)
    .map(({ hospital }) => hospital);
}

export function withdrawn(state: CourseState): readonly number[] {
  return state.decisions
    .filter(({ decision }) => decision === 'withdrawn')
    .map(({ hospital }) => hospital);
}

export function isOver({ phase }: CourseState): boolean {
  return phase === 'completed' || phase === 'failed' || phase === 'cancelled';
}

/** `by` is an actor's id such as `researcher/r1`, or `coordinator`. */
export function studyLeaf(
  study: string,
  by: string,
  leaf: Pick<LeafDraft, 'type' | 'action' | 'data'> &
    Partial<Pick<LeafDraft, 'outcome' | 'code' | 'round'>>,
): StudyEffect {
  const [kind = ''] = by.split('/');
  const actor = { kind, id: by, authn: kind === 'coordinator' ? 'local' : 'mtls' };
  return { kind: 'leaf', leaf: { outcome: 'success', actor, study, ...leaf } };
}

/** A message to every hospital of the roster; its topic is the study. */
export function toRoster(
  roster: readonly { readonly hospital: string }[],
  study: string,
  message: Extract<StudyEffect, { readonly kind: 'send' }>['message'],
): readonly StudyEffect[] {
  return roster.map(({ hospital }) => ({
    kind: 'send',
    to: `hospital/${hospital}`,
    topic: study,
    message,
  }));
}
