/**
 * A round at the hospital before its session: it is offered, the update is trained, the hospital says ready or sits the round out.
 *
 * Nothing that depends on a patient has left yet. Source: docs/protocol.md. Leaves to others: the work `train` (node-agent/), the head.
 */
import type { Head } from '../../audit/heads.js';
import { PATTERNS } from '../../audit/patterns.js';
import { rfc3339 } from '../../audit/time.js';
import { leafHash } from '../../audit/merkle.js';
import { base64, fromBase64 } from '../../base/bytes.js';
import type { Code } from '../../base/error.js';
import { reject } from '../../base/machine.js';
import { roundsOf } from '../../task/task.js';
import type { ToAgent } from '../messages.js';
import { siteLeaf, toCoordinator, type Refusal } from './common.js';
import { refuseUnapproved } from './decision.js';
import { forgetAll } from './ended.js';
import { backs, leafOf } from './open.js';
import type {
  KnownStudy,
  ParticipantInput,
  ParticipantStep,
  RoundHere,
  Settings,
  TrainWork,
} from './state.js';

type Offer = Extract<ToAgent, { readonly kind: 'round-offer' }>;
type Of<K extends ParticipantInput['kind']> = Extract<ParticipantInput, { readonly kind: K }>;

export function checkRoundOffer(
  settings: Settings,
  state: KnownStudy,
  message: Offer,
  head: Head | undefined,
  nowMs: number,
): Refusal | { readonly kind: 'repeated' } | { readonly kind: 'offer' } {
  const refuse = (code: Code): Refusal => ({ kind: 'refused', code });
  const { round, attempt, task, roundInTask, model } = message;
  const unapproved = refuseUnapproved(state, nowMs);
  if (unapproved !== undefined) return refuse(unapproved);
  if (head === undefined) return refuse('LOG_HEAD_REFUSED');
  const about = { study: message.study, round };
  const says = { task, round_in_task: roundInTask, attempt, model_in: model };
  if (!backs(leafOf(message.evidence), 'round.offered', about, says))
    return refuse('LOG_LEAF_MISSING');
  const spec = settings.study.tasks[task];
  if (spec === undefined || roundInTask >= roundsOf(spec)) return refuse('ROUND_STALE');
  const { last } = state;
  if (last.round === round && last.attempt === attempt)
    return state.round === undefined || state.round.model === model
      ? { kind: 'repeated' }
      : refuse('MODEL_MISMATCH');
  const isNewer = round > last.round || (round === last.round && attempt > last.attempt);
  return isNewer ? { kind: 'offer' } : refuse('ROUND_STALE');
}

/** A newer offer ends whatever was under way of an older one: its session is never answered again. */
export function takeRoundOffer(
  settings: Settings,
  state: KnownStudy,
  message: Offer,
): ParticipantStep {
  const { round, attempt, task, roundInTask, model, deadlineMs, evidence } = message;
  const { kept, wipes } = forgetAll(state);
  const seq = evidence?.leaf.seq ?? 0;
  const leafBytes = fromBase64(evidence?.leaf.bytes ?? '');
  const here: RoundHere = {
    round,
    attempt,
    position: { task, roundInTask },
    model,
    deadlineMs,
    offer: { seq, leaf: base64(leafHash(settings.suite, leafBytes)) },
    phase: 'training',
  };
  const next = { ...kept, last: { round, attempt }, round: here };
  const leaf = siteLeaf(
    { settings, state: next },
    {
      type: 'round.offered',
      action: 'E',
      round,
      data: {
        task,
        round_in_task: roundInTask,
        attempt,
        model_in: model,
        deadline: rfc3339(deadlineMs),
      },
    },
  );
  return {
    state: next,
    effects: [leaf, ...wipes, { kind: 'work', work: trainWork(here) }],
  };
}

export function trainWork({ round, attempt, position, model }: RoundHere): TrainWork {
  return { kind: 'train', round, attempt, position, model };
}

/** The update lies sealed; the coordinator hears that this hospital is ready, and with which engine. */
export function takeTrained(
  settings: Settings,
  state: KnownStudy,
  { round, attempt, engine, mapping, cohort }: Of<'trained'>,
): ParticipantStep {
  const here = underTraining(state, round, attempt);
  if (here === undefined) return reject(state, 'ROUND_STALE');
  if (!PATTERNS.engine(engine)) return reject(state, 'ENCODING_INVALID');
  const { study } = settings.study.manifest;
  const leaf = siteLeaf(
    { settings, state },
    {
      type: 'rows.read',
      action: 'R',
      round,
      data: {
        manifest_sha256: settings.study.manifestHash,
        ...(mapping === undefined ? {} : { mapping_sha256: mapping }),
        ...(cohort === undefined ? {} : { cohort_sha256: cohort }),
      },
    },
  );
  const answer = { kind: 'ready', study, round, attempt, engine } as const;
  return {
    state: { ...state, round: { ...here, phase: 'ready', engine } },
    effects: [leaf, toCoordinator(study, answer)],
  };
}

/** This hospital sits the round out; the coordinator hears a code and nothing else (I9). */
export function takeUnable(
  settings: Settings,
  state: KnownStudy,
  { round, attempt, code }: Of<'unable'>,
): ParticipantStep {
  const here = underTraining(state, round, attempt);
  if (here === undefined) return reject(state, 'ROUND_STALE');
  const { study } = settings.study.manifest;
  const leaf = siteLeaf(
    { settings, state },
    {
      type: 'round.hospital_dropped',
      action: 'E',
      round,
      outcome: 'minor',
      code,
      data: { hospital: state.self, phase: 'training', cause: 'unable', attempt },
    },
  );
  const answer = { kind: 'unable', study, round, attempt, code } as const;
  return {
    state: { ...state, round: { ...here, phase: 'unable' } },
    effects: [leaf, toCoordinator(study, answer)],
  };
}

function underTraining(state: KnownStudy, round: number, attempt: number): RoundHere | undefined {
  const here = state.round;
  return here?.round === round && here.attempt === attempt && here.phase === 'training'
    ? here
    : undefined;
}
