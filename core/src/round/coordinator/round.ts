/**
 * A round outside its session: offered to who is present, ready, then a session is opened; after an abort it is offered again.
 *
 * Training happens in `ready`; nothing has left a hospital yet, so a round may be given up here at no cost.
 * Source: docs/protocol.md, "A round". Leaves to others: the five exchanges (session.ts), the sum (outcome.ts).
 */
import { rfc3339 } from '../../audit/time.js';
import { hex } from '../../base/bytes.js';
import { canonicalBytes } from '../../base/canonical-json.js';
import type { Code } from '../../base/error.js';
import { reject } from '../../base/machine.js';
import { PATTERNS } from '../../audit/patterns.js';
import { intersect, without } from '../../secagg/members.js';
import { returnersNeeded } from '../../secagg/retry.js';
import { asJson } from '../../study/parse.js';
import type { FromAgent } from '../messages.js';
import { approved, studyLeaf } from './approvals.js';
import { openSession } from './open.js';
import { sessionContext } from './session-context.js';
import type {
  ReadyRound,
  RunningStudy,
  StudyInput,
  StudySettings,
  StudyStep,
  WaitingRound,
} from './study-state.js';

type Tick = Extract<StudyInput, { readonly kind: 'tick' }>;
type Waiting = RunningStudy & { readonly current: WaitingRound };
type Ready = RunningStudy & { readonly current: ReadyRound };

/** How long a round waits for hospitals that took part in the last one, when enough others are there. */
export const PATIENCE_MS = 10_000;
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 300_000;

/** The fewest hospitals a round may begin with. */
export function fewest({ study: { rules } }: StudySettings): number {
  return Math.max(rules.minCohort, rules.minSurvivors);
}

/** Offers the round to everybody present who has approved, once there are enough. */
export function tickWaiting(settings: StudySettings, state: Waiting, tick: Tick): StudyStep {
  const { suite, manifest, rules } = settings.study;
  const { nowMs } = tick;
  const { sinceMs, notBeforeMs, away } = state.current;
  if (tick.present === undefined || nowMs < notBeforeMs) return { state, effects: [] };
  const { present } = tick;
  const members = approved(state, nowMs);
  const here = manifest.roster
    .filter(({ index, hospital }) => members.includes(index) && present.includes(hospital))
    .map(({ index }) => index);
  const missed = without(without(members, here), away);
  if (here.length < fewest(settings)) return { state, effects: [] };
  // 4.7: without enough of an earlier session nobody knows whether it can be opened, and every hospital would refuse
  const mayFollow = state.past.every(
    ({ u1 }) => intersect(u1, here).length >= returnersNeeded(u1.length, rules.cAbs),
  );
  if (!mayFollow) return { state, effects: [] };
  if (missed.length > 0 && nowMs < sinceMs + PATIENCE_MS) return { state, effects: [] };
  const invited = here.slice(0, rules.maxCohort);
  const deadlineMs = nowMs + rules.timeoutsMs.ready;
  const { study, roster } = manifest;
  const { position, round, attempt, model } = state;
  const leaf = studyLeaf(study, 'coordinator', {
    type: 'round.offered',
    action: 'E',
    round,
    data: {
      task: position.task,
      round_in_task: position.roundInTask,
      attempt,
      model_in: model,
      layout_sha256: settings.setting(position).layoutHash,
      suite: rules.suite,
      invited,
      roster_sha256: hex(suite.sha256(canonicalBytes(asJson(roster)))),
      deadline: rfc3339(deadlineMs),
    },
  });
  const message = {
    kind: 'round-offer',
    study,
    round,
    attempt,
    ...position,
    model,
    deadlineMs,
  } as const;
  const sends = roster
    .filter(({ index }) => invited.includes(index))
    .map(({ hospital }) => ({
      kind: 'send' as const,
      to: `hospital/${hospital}`,
      topic: roundTopic(state),
      message,
      await: 'published' as const,
    }));
  const current: ReadyRound = {
    phase: 'ready',
    invited,
    ready: [],
    out: [],
    away: without(members, here),
    deadlineMs,
  };
  return { state: { ...state, current }, effects: [leaf, ...sends] };
}

/** Trained, or sits out. `from` is the roster index of the authenticated connection. */
export function takeReadiness(
  settings: StudySettings,
  state: RunningStudy,
  from: number,
  message: Extract<FromAgent, { readonly kind: 'ready' | 'unable' }>,
): StudyStep {
  const { current } = state;
  if (message.round !== state.round || message.attempt !== state.attempt)
    return reject(state, 'ROUND_STALE', { round: state.round, attempt: state.attempt });
  if (current.phase !== 'ready') return reject(state, 'PHASE_CLOSED', { phase: current.phase });
  if (!current.invited.includes(from)) return reject(state, 'MEMBER_NOT_ALLOWED');
  if (current.out.includes(from)) return reject(state, 'PHASE_CLOSED', { phase: 'ready' });
  if (current.ready.includes(from)) return { state, effects: [] };
  if (message.kind === 'unable')
    return leaveRound(settings, { ...state, current }, from, {
      cause: 'unable',
      code: message.code,
    });
  if (!PATTERNS.engine(message.engine)) return reject(state, 'ENCODING_INVALID');
  const ready = [...current.ready, from].sort((a, b) => a - b);
  const leaf = hospitalSays(settings, state, from, {
    type: 'round.ready',
    action: 'E',
    data: { hospital: from, attempt: state.attempt, engine: message.engine },
  });
  return { state: { ...state, current: { ...current, ready } }, effects: [leaf] };
}

/** One thing a tick: somebody is out, or the session opens, or the round is given up. */
export function tickReady(settings: StudySettings, state: Ready, tick: Tick): StudyStep {
  const { invited, ready, out, deadlineMs } = state.current;
  const awaited = without(without(invited, ready), out);
  if (without(invited, out).length < fewest(settings)) return giveUp(settings, state, tick.nowMs);
  const [late] = awaited;
  if (late !== undefined) {
    if (tick.nowMs >= Math.max(deadlineMs, tick.graceMs ?? 0))
      return leaveRound(settings, state, late, { cause: 'deadline' });
    const gone = goneOf(settings, state, awaited, tick);
    if (gone === undefined) return { state, effects: [] };
    return leaveRound(settings, state, gone.hospital, { cause: gone.cause });
  }
  return tick.random === undefined
    ? { state, effects: [] }
    : open(settings, state, ready, tick.random, tick.nowMs);
}

/** Out of this round, before its session: it is invited to the next. */
export function leaveRound(
  settings: StudySettings,
  state: Ready,
  hospital: number,
  { cause, code }: { readonly cause: string; readonly code?: Code },
): StudyStep {
  const { attempt } = state;
  const leaf = studyLeaf(settings.study.manifest.study, 'coordinator', {
    type: 'round.hospital_dropped',
    action: 'E',
    round: state.round,
    ...(code === undefined ? {} : { outcome: 'minor', code }),
    data: { hospital, phase: 'ready', cause, attempt },
  });
  const out = [...state.current.out, hospital].sort((a, b) => a - b);
  return {
    state: { ...state, current: { ...state.current, out } },
    effects: [leaf, { kind: 'wake' }],
  };
}

/** The same round again, later each time. */
export function nextAttempt(state: RunningStudy, nowMs: number): RunningStudy {
  const { away } = state.current;
  const delay = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(state.attempt - 1, 20));
  const current = { phase: 'waiting', sinceMs: nowMs, notBeforeMs: nowMs + delay, away } as const;
  return { ...state, attempt: state.attempt + 1, current };
}

/** Topic of the offers of the round under way. */
export function roundTopic({ manifest, round, attempt }: RunningStudy): string {
  return `${manifest.study}/${String(round)}.${String(attempt)}`;
}

function open(
  settings: StudySettings,
  state: Ready,
  cohort: readonly number[],
  session: string,
  nowMs: number,
): StudyStep {
  const { round, attempt, model, current, past: earlier } = state;
  const context = sessionContext(settings, state);
  const opened = openSession(context, { session, round, attempt, model, cohort, earlier, nowMs });
  const next = { phase: 'session', away: current.away, session: opened.state } as const;
  return {
    state: { ...state, current: next },
    effects: [{ kind: 'retract', topic: roundTopic(state) }, ...opened.effects],
  };
}

function giveUp(settings: StudySettings, state: Ready, nowMs: number): StudyStep {
  const leaf = studyLeaf(settings.study.manifest.study, 'coordinator', {
    type: 'round.aborted',
    action: 'E',
    round: state.round,
    outcome: 'serious',
    code: 'COHORT_TOO_SMALL',
    data: { phase: 'ready', attempt: state.attempt, shares_released: false },
  });
  return {
    state: nextAttempt(state, nowMs),
    effects: [leaf, { kind: 'retract', topic: roundTopic(state) }],
  };
}

/** Somebody awaited who will not answer: withdrawn, or not connected any more. */
function goneOf(
  settings: StudySettings,
  state: Ready,
  awaited: readonly number[],
  { present, nowMs }: Tick,
): { readonly hospital: number; readonly cause: string } | undefined {
  const members = approved(state, nowMs);
  const [left] = without(awaited, members);
  if (left !== undefined) return { hospital: left, cause: 'withdrawn' };
  if (present === undefined) return undefined;
  const here = settings.study.manifest.roster
    .filter(({ hospital }) => present.includes(hospital))
    .map(({ index }) => index);
  const [absent] = without(awaited, intersect(awaited, here));
  return absent === undefined ? undefined : { hospital: absent, cause: 'disconnected' };
}

function hospitalSays(
  settings: StudySettings,
  state: RunningStudy,
  from: number,
  leaf: {
    readonly type: string;
    readonly action: 'E';
    readonly data: Readonly<Record<string, number | string>>;
  },
): StudyStep['effects'][number] {
  const { study, roster } = settings.study.manifest;
  const member = roster.find(({ index }) => index === from);
  const by = `hospital/${member?.hospital ?? ''}`;
  return studyLeaf(study, by, { ...leaf, round: state.round });
}
