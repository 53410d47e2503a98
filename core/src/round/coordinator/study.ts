/**
 * The machine of one study at the coordinator: approval, rounds one after the other, the end.
 *
 * Pure; total on peer input. Source: docs/protocol.md, "A study at the coordinator". Leaves to others: each phase (approvals.ts, round.ts,
 * session.ts, outcome.ts), the clock and who is connected (the ticks), computing the sum (the work).
 */
import { PlexusError } from '../../base/error.js';
import { reject } from '../../base/machine.js';
import type { Suite } from '../../base/suite.js';
import { intersect } from '../../secagg/members.js';
import { manifestDigest } from '../../study/parse.js';
import { roundSetting, studyContext, type Position, type RoundSetting } from '../study-context.js';
import {
  activate,
  approved,
  isOver,
  submit,
  takeDecision,
  withdrawn,
  type CourseState,
} from './approvals.js';
import { cancel, close, closing, takeAggregated, wrapSession } from './outcome.js';
import { fewest, PATIENCE_MS, takeReadiness, tickReady, tickWaiting } from './round.js';
import { sessionContext } from './session-context.js';
import { stepSession } from './session.js';
import type { SessionState, SessionWork } from './session-state.js';
import type {
  RunningStudy,
  SessionRound,
  StudyInput,
  StudySettings,
  StudyState,
  StudyStep,
} from './study-state.js';

export interface StudyMachine {
  readonly initial: StudyState;
  step(state: StudyState, input: StudyInput): StudyStep;
  pendingWork(state: StudyState): readonly SessionWork[];
}

/** One for each study: what follows from its manifest is computed once. */
export function studyMachine(suite: Suite): StudyMachine {
  let known: StudySettings | undefined;
  return {
    initial: { phase: 'absent' },
    step(state, input) {
      if (state.phase === 'absent') {
        if (input.kind !== 'submit') return reject(state, 'STUDY_UNKNOWN');
        known = settingsOf(suite, input.manifest);
        return submit(known, input);
      }
      known ??= settingsOf(suite, state.manifest);
      return stepStudy(known, state, input);
    },
    pendingWork(state) {
      if (state.phase !== 'running' || state.current.phase !== 'session') return [];
      const { session, phase } = state.current.session;
      return phase === 'summing' ? [{ kind: 'aggregate', session }] : [];
    },
  };
}

/**
 * When the next tick can change something, or undefined if only a message or a connection can. Never before `nowMs`.
 *
 * Units   milliseconds since 1970.
 */
export function nextTickMs(state: StudyState, nowMs: number): number | undefined {
  if (state.phase === 'closing') return nowMs;
  if (state.phase !== 'running') return undefined;
  const { current } = state;
  switch (current.phase) {
    case 'waiting':
      // later than both, only a hospital that connects changes anything
      return [current.notBeforeMs, current.sinceMs + PATIENCE_MS].find((at) => at > nowMs);
    case 'ready':
      return Math.max(nowMs, current.deadlineMs);
    case 'session':
      return nextInSession(current.session, nowMs);
  }
}

function nextInSession(session: SessionState, nowMs: number): number | undefined {
  const { phase, deadlineMs, lastMs } = session;
  if (phase === 'summing') return undefined;
  return phase === 'unmask' && deadlineMs <= nowMs
    ? Math.max(nowMs, lastMs)
    : Math.max(nowMs, deadlineMs);
}

export function settingsOf(suite: Suite, manifest: RunningStudy['manifest']): StudySettings {
  const study = studyContext(suite, manifest);
  const settings = new Map<string, RoundSetting>();
  const setting = (position: Position): RoundSetting => {
    const key = `${String(position.task)}.${String(position.roundInTask)}`;
    const found = settings.get(key) ?? roundSetting(study, position);
    settings.clear(); // one round at a time
    settings.set(key, found);
    return found;
  };
  return { study, setting };
}

function stepStudy(settings: StudySettings, state: CourseState, input: StudyInput): StudyStep {
  switch (input.kind) {
    case 'submit':
      // the same study again is the answer that got lost
      return manifestDigest(settings.study.suite, input.manifest) === settings.study.manifestHash
        ? { state, effects: [] }
        : reject(state, 'STUDY_EXISTS');
    case 'start':
      return state.phase === 'approval'
        ? activate(settings, state, input.by, input.nowMs)
        : reject(state, isOver(state) ? 'STUDY_ENDED' : 'STUDY_RUNNING');
    case 'cancel':
      return isOver(state) ? reject(state, 'STUDY_ENDED') : cancel(settings, state, input.by);
    case 'aggregated':
      return inSession(state)
        ? takeAggregated(settings, state, input)
        : reject(state, 'PHASE_UNEXPECTED');
    case 'declined':
      return decline(settings, state, input);
    case 'message':
      return hear(settings, state, input);
    case 'tick':
      return tick(settings, state, input);
  }
}

function hear(
  settings: StudySettings,
  state: CourseState,
  {
    hospital,
    message,
    stored,
    isAsDealt,
    nowMs,
  }: Extract<StudyInput, { readonly kind: 'message' }>,
): StudyStep {
  const from = indexOf(state, hospital);
  if (from === undefined) return reject(state, 'MEMBER_NOT_ALLOWED');
  if (message.study !== state.manifest.study)
    throw new PlexusError('STATE_UNEXPECTED', 'message: expected one of this study');
  if (message.kind === 'decision')
    return takeDecision(settings, state, from, message.envelope, nowMs);
  if (state.phase !== 'running')
    return reject(state, isOver(state) ? 'STUDY_ENDED' : 'PHASE_UNEXPECTED', {
      phase: state.phase,
    });
  if (message.kind === 'ready' || message.kind === 'unable')
    return takeReadiness(settings, state, from, message);
  if (!inSession(state)) return reject(state, 'SESSION_UNKNOWN');
  const beside = {
    ...(stored && { stored }),
    ...(isAsDealt === undefined ? {} : { isAsDealt }),
  };
  const input = { kind: 'message', from, message, nowMs, ...beside } as const;
  const step = stepSession(sessionContext(settings, state), state.current.session, input);
  return wrapSession(state, step, nowMs);
}

function decline(
  settings: StudySettings,
  state: CourseState,
  { hospital, of, code, nowMs }: Extract<StudyInput, { readonly kind: 'declined' }>,
): StudyStep {
  const from = indexOf(state, hospital);
  if (from === undefined) return reject(state, 'MEMBER_NOT_ALLOWED');
  if (state.phase !== 'running') return { state, effects: [] };
  if ('round' in of)
    return state.current.phase === 'ready'
      ? takeReadiness(settings, state, from, {
          kind: 'unable',
          study: state.manifest.study,
          ...of,
          code,
        })
      : { state, effects: [] };
  if (!inSession(state) || state.current.session.session !== of.session)
    return { state, effects: [] };
  const input = { kind: 'declined', from, code, nowMs } as const;
  const step = stepSession(sessionContext(settings, state), state.current.session, input);
  return wrapSession(state, step, nowMs);
}

function tick(
  settings: StudySettings,
  state: CourseState,
  input: Extract<StudyInput, { readonly kind: 'tick' }>,
): StudyStep {
  const { nowMs } = input;
  if (state.phase === 'closing') return close(settings, state);
  if (state.phase === 'approval') {
    const isDecided = state.decisions.length === state.manifest.roster.length;
    const enough = approved(state, nowMs).length >= settings.study.rules.minCohort;
    return isDecided && enough
      ? activate(settings, state, 'coordinator', nowMs)
      : { state, effects: [] };
  }
  if (state.phase !== 'running') return { state, effects: [] };
  const { current } = state;
  switch (current.phase) {
    case 'waiting': {
      // nobody may come back: an approval ends by time or by a withdrawal, and the latter is for good
      const members = state.manifest.roster.length - withdrawn(state).length;
      if (members < fewest(settings)) return failUnapproved(settings, state);
      return tickWaiting(settings, { ...state, current }, input);
    }
    case 'ready':
      return tickReady(settings, { ...state, current }, input);
    case 'session': {
      const gone = intersect(withdrawn(state), current.session.u0);
      const step = stepSession(sessionContext(settings, state), current.session, {
        kind: 'tick',
        nowMs,
        gone,
        ...(input.graceMs === undefined ? {} : { graceMs: input.graceMs }),
      });
      return wrapSession({ ...state, current }, step, nowMs);
    }
  }
}

function failUnapproved(settings: StudySettings, state: RunningStudy): StudyStep {
  return close(settings, closing(state, 'STUDY_NOT_APPROVED'));
}

function inSession(state: CourseState): state is RunningStudy & { readonly current: SessionRound } {
  return state.phase === 'running' && state.current.phase === 'session';
}

function indexOf(state: CourseState, hospital: string): number | undefined {
  return state.manifest.roster.find((member) => member.hospital === hospital)?.index;
}
