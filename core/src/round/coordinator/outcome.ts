/**
 * How a round ends and what follows: the sum advances the task, an abort offers the round again, the last round closes the study.
 *
 * Source: docs/protocol.md; secure-aggregation.md 4.6. Leaves to others: computing the sum (the work `aggregate`).
 */
import type { Code } from '../../base/error.js';
import { reject } from '../../base/machine.js';
import { without } from '../../secagg/members.js';
import { studyLeaf, toRoster, type CourseState } from './approvals.js';
import { coordinatorLeaf, toEach } from './effects.js';
import { nextAttempt } from './round.js';
import { sessionContext } from './session-context.js';
import type { SessionStep } from './session-state.js';
import type {
  Course,
  RunningStudy,
  SessionRound,
  StudyEffect,
  StudyInput,
  StudySettings,
  StudyState,
  StudyStep,
} from './study-state.js';

type InSession = RunningStudy & { readonly current: SessionRound };
type ClosingStudy = Extract<StudyState, { readonly phase: 'closing' }>;
type Aggregated = Extract<StudyInput, { readonly kind: 'aggregated' }>;

/** Carries a step of the session into the study. An aborted one is tried again, under the rule of 4.7 once a vector was committed. */
export function wrapSession(state: InSession, step: SessionStep, nowMs: number): StudyStep {
  const { effects } = step;
  const session = step.state;
  const next: InSession = { ...state, current: { ...state.current, session } };
  if (session.phase !== 'aborted') return { state: next, effects };
  const { masked, agreements, u1, session: id } = session;
  const signed = agreements.length > 0;
  const past = masked.length === 0 ? state.past : [...state.past, { session: id, u1, signed }];
  const isExhausted = past.filter((one) => one.signed).length > 1;
  if (isExhausted || session.failing === 'RETRY_EXHAUSTED')
    return { state: closing(next, 'RETRY_EXHAUSTED'), effects: [...effects, { kind: 'wake' }] };
  return { state: nextAttempt({ ...next, past }, nowMs), effects };
}

/** The sum is there, or cannot be had. */
export function takeAggregated(
  settings: StudySettings,
  state: InSession,
  { session: id, result, nowMs }: Aggregated,
): StudyStep {
  const { session } = state.current;
  if (session.phase !== 'summing' || session.session !== id)
    return reject(state, 'PHASE_UNEXPECTED', { phase: session.phase });
  const context = sessionContext(settings, state);
  const { study } = context;
  const ended = { kind: 'session-ended', study, session: id } as const;
  const about = { ...session, session: study }; // its messages belong to the study, the session is over
  if (result.kind === 'refused') {
    const leaf = coordinatorLeaf(context, session, {
      type: 'round.aborted',
      action: 'E',
      outcome: 'serious',
      code: result.code,
      data: {
        phase: 'summing',
        attempt: session.attempt,
        shares_released: true,
        ...(result.accused === undefined ? {} : { accused: result.accused }),
      },
    });
    const told = toEach(context, about, session.u0, () => ({
      ...ended,
      outcome: 'aborted',
      code: result.code,
    }));
    return {
      state: closing(state, result.code),
      effects: [leaf, { kind: 'retract', topic: id }, ...told, { kind: 'wake' }],
    };
  }
  const { sum, secrets, model, metrics, done } = result;
  const leaf = coordinatorLeaf(context, session, {
    type: 'round.aggregated',
    action: 'C',
    data: {
      survivors: session.u3,
      dropped: without(session.u0, session.u3),
      sum_sha256: sum,
      secrets_sha256: secrets,
      model_in: session.model,
      model_out: model,
      metrics,
    },
  });
  const told = toEach(context, about, session.u0, () => ({ ...ended, outcome: 'aggregated' }));
  const effects = [leaf, { kind: 'retract' as const, topic: id }, ...told];
  const { task, roundInTask } = state.position;
  const position = done
    ? { task: task + 1, roundInTask: 0 }
    : { task, roundInTask: roundInTask + 1 };
  const roundsDone = state.roundsDone + 1;
  const course = { ...state, position, model, metrics, roundsDone };
  if (position.task === settings.study.tasks.length)
    return { state: closing(course), effects: [...effects, { kind: 'wake' }] };
  const current = {
    phase: 'waiting',
    sinceMs: nowMs,
    notBeforeMs: nowMs,
    away: state.current.away,
  } as const;
  const next: RunningStudy = { ...course, past: [], round: state.round + 1, attempt: 1, current };
  return { state: next, effects };
}

/** The study's last leaf: completed, or failed with its code. */
export function close(settings: StudySettings, state: ClosingStudy): StudyStep {
  const { manifest, manifestHash } = settings.study;
  const { code } = state;
  const phase = code === undefined ? 'completed' : 'failed';
  const leaf = studyLeaf(manifest.study, 'coordinator', {
    type: 'study.closed',
    action: 'U',
    ...(code === undefined ? {} : { outcome: 'serious', code }),
    data: { manifest_sha256: manifestHash, result: phase },
  });
  return finish(state, phase, [leaf]);
}

export function cancel(settings: StudySettings, state: CourseState, by: string): StudyStep {
  const { manifest, manifestHash } = settings.study;
  const leaf = studyLeaf(manifest.study, by, {
    type: 'study.cancelled',
    action: 'U',
    data: { manifest_sha256: manifestHash },
  });
  const topics =
    state.phase === 'running' && state.current.phase === 'session'
      ? [state.current.session.session]
      : [];
  return finish(state, 'cancelled', [
    leaf,
    ...topics.map((topic) => ({ kind: 'retract' as const, topic })),
  ]);
}

/** Nothing can follow: the next tick writes the study's last leaf. */
export function closing(state: RunningStudy, code?: Code): ClosingStudy {
  return { ...courseOf(state), phase: 'closing', ...(code === undefined ? {} : { code }) };
}

function finish(
  state: CourseState,
  phase: 'completed' | 'failed' | 'cancelled',
  effects: readonly StudyEffect[],
): StudyStep {
  const code = 'code' in state ? state.code : undefined;
  const why = code === undefined ? {} : { code };
  const { study, roster } = state.manifest;
  const told = toRoster(roster, study, { kind: 'study-ended', study, outcome: phase, ...why });
  return {
    state: { ...courseOf(state), phase, ...why },
    effects: [...effects, { kind: 'retract', topic: study }, ...told],
  };
}

function courseOf(state: CourseState): Course {
  const { manifest, by, decisions, position, round, attempt, past, model, roundsDone, metrics } =
    state;
  return { manifest, by, decisions, position, round, attempt, past, model, roundsDone, metrics };
}
