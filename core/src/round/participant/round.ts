/**
 * A round at the hospital before its session: it is offered, the update is trained, the hospital says ready or sits the round out.
 *
 * Nothing that depends on a patient has left yet. Source: docs/protocol.md. Leaves to others: the work `train` (node-agent/), the head.
 */
import type { Head } from '../../audit/heads.js';
import { PATTERNS } from '../../audit/patterns.js';
import { parseRfc3339, rfc3339 } from '../../audit/time.js';
import { leafHash } from '../../audit/merkle.js';
import { base64, fromBase64 } from '../../base/bytes.js';
import type { Code } from '../../base/error.js';
import { reject } from '../../base/machine.js';
import { roundsOf } from '../../task/task.js';
import type { ToAgent } from '../messages.js';
import { siteLeaf, toCoordinator, type Refusal } from './common.js';
import { refuseUnapproved } from './decision.js';
import { forgetAll, leaveSession } from './ended.js';
import { backs, leafOf } from './open.js';
import type {
  KnownStudy,
  ParticipantEffect,
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
  const { last, restoredMs } = state;
  // 4.7: what this hospital signed in a round that was under way before the backup it cannot declare
  if (restoredMs > 0 && (attempt > 1 || loggedMs(message) <= restoredMs))
    return refuse('STORE_ROLLED_BACK');
  if (round < last.round) return refuse('ROUND_STALE');
  const place = task - last.position.task || roundInTask - last.position.roundInTask;
  // every place in the study is summed in one round: a place that comes again would be another sum over the same rows
  if (round > last.round)
    return last.round === 0 || place > 0 ? { kind: 'offer' } : refuse('ROUND_STALE');
  if (place !== 0 || attempt < last.attempt) return refuse('ROUND_STALE');
  if (model !== last.model) return refuse('MODEL_MISMATCH');
  return attempt > last.attempt ? { kind: 'offer' } : { kind: 'repeated' };
}

function loggedMs({ evidence }: Offer): number {
  const time = leafOf(evidence)?.['time'];
  return (typeof time === 'string' ? parseRfc3339(time) : undefined) ?? 0;
}

/**
 * A newer offer ends whatever was under way of an older one: its session is never answered again. Another attempt of the same round sends
 * the update that is ready once more, under other masks: a second look at the rows would be a second number about the same patients.
 */
export function takeRoundOffer(
  settings: Settings,
  state: KnownStudy,
  message: Offer,
): ParticipantStep {
  const { round, attempt, task, roundInTask, model, deadlineMs, evidence } = message;
  const again = round === state.last.round;
  const left = again ? leaveSession(state) : forgetAll(state);
  const ready = again && state.round?.phase === 'ready' ? state.round.engine : undefined;
  const seq = evidence?.leaf.seq ?? 0;
  const leafBytes = fromBase64(evidence?.leaf.bytes ?? '');
  const here: RoundHere = {
    round,
    attempt,
    position: { task, roundInTask },
    model,
    deadlineMs,
    offer: { seq, leaf: base64(leafHash(settings.suite, leafBytes)) },
    ...(ready === undefined ? { phase: 'training' } : { phase: 'ready', engine: ready }),
  };
  const { kept } = left;
  const last = { round, attempt, position: here.position, model };
  const past = again ? kept.past : [];
  const next = { ...kept, restoredMs: 0, last, past, round: here };
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
  const { study } = settings.study.manifest;
  const follows: ParticipantEffect =
    ready === undefined
      ? { kind: 'work', work: trainWork(here) }
      : toCoordinator(study, { kind: 'ready', study, round, attempt, engine: ready });
  return { state: next, effects: [leaf, ...left.effects, follows] };
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
