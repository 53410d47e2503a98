/**
 * What the five exchanges share: whom each waits for, when it has enough, and what begins when it is over.
 *
 * An exchange ends when everybody awaited has answered or is lost. Too few left: the session fails, and the next tick aborts it.
 * Source: secure-aggregation.md sections 3, 4 and 6; docs/protocol.md. Leaves to others: checking the answers (take.ts).
 */
import { hex } from '../../base/bytes.js';
import { neighbourGraph } from '../../secagg/graph.js';
import { intersect, without } from '../../secagg/members.js';
import { releaseFor } from '../../secagg/release.js';
import { mayBothBeSummed, refuseRetry, signedSets, type SignedSets } from '../../secagg/retry.js';
import { quorum, survivorMinimum } from '../../secagg/rules.js';
import { cohortHash } from '../../secagg/transcript.js';
import { coordinatorLeaf, keepEnvelopes, toEach } from './effects.js';
import type { KeptDealing } from './outgoing.js';
import { firstTranscript, read, secondTranscript, thirdTranscript } from './receive.js';
import type {
  Exchange,
  SessionContext,
  SessionEffect,
  SessionState,
  SessionStep,
} from './session-state.js';

/** Everybody of whom the exchange under way expects an answer. */
export function expected(state: SessionState): readonly number[] {
  switch (state.phase) {
    case 'advertise':
      return state.u0;
    case 'share':
      return state.u1;
    case 'masked':
      return state.u2;
    case 'agree':
    case 'unmask':
      return state.u3;
    case 'summing':
    case 'aborted':
      return [];
  }
}

export function answered(state: SessionState): readonly number[] {
  const of = (answers: readonly { readonly hospital: number }[]): readonly number[] =>
    answers.map(({ hospital }) => hospital);
  switch (state.phase) {
    case 'advertise':
      return of(state.advertisements);
    case 'share':
      return of(state.shares);
    case 'masked':
      return of(state.masked);
    case 'agree':
      return of(state.agreements);
    case 'unmask':
      return of(state.releases);
    case 'summing':
    case 'aborted':
      return [];
  }
}

/** Still awaited. */
export function missing(state: SessionState): readonly number[] {
  return without(without(expected(state), answered(state)), state.lost);
}

/** After an answer or a loss: waits on, begins the next exchange, or marks the session as failing. */
export function settle(
  context: SessionContext,
  state: SessionState,
  effects: readonly SessionEffect[],
  nowMs: number,
): SessionStep {
  if (!mayGoOn(context, state)) {
    const code = state.phase === 'advertise' ? 'COHORT_TOO_SMALL' : 'SURVIVORS_TOO_FEW';
    return { state: { ...state, failing: code }, effects: [...effects, { kind: 'wake' }] };
  }
  if (missing(state).length > 0) return { state, effects };
  if (state.phase === 'advertise') {
    const u1 = answered(state);
    const code = refuseRetry(context.rules, state.earlier, u1, declaredSets(state, u1));
    if (code !== undefined)
      return { state: { ...state, failing: code }, effects: [...effects, { kind: 'wake' }] };
  }
  // fixing U3 has a leaf of its own, so it waits for the tick
  if (state.phase === 'masked') return { state, effects: [...effects, { kind: 'wake' }] };
  const next = begin(context, state, nowMs);
  return { state: next.state, effects: [...effects, ...next.effects] };
}

/**
 * U3: all with a complete, verified vector; or, where their sum would lie too near to one that may be known already, a set that was signed
 * before, whose sum is the same. Undefined if there is neither: no hospital would sign.
 */
export function survivorsOf(
  context: SessionContext,
  state: SessionState,
): readonly number[] | undefined {
  const { rules } = context;
  const all = answered(state);
  const signed = [...declaredSets(state, state.u1).values()].flat();
  const least = fewestSurvivors(context, state);
  return [all, ...signed].find(
    (set) =>
      set.length >= least &&
      without(set, all).length === 0 &&
      signed.every((other) => mayBothBeSummed(rules, set, other)),
  );
}

/** From here a vector that comes late is refused. `u3`: what survivorsOf says. */
export function fixSurvivors(
  context: SessionContext,
  given: SessionState,
  u3: readonly number[],
  nowMs: number,
): SessionStep {
  const { suite, study, rules } = context;
  const state = { ...given, h3: thirdTranscript(context, { ...given, u3 }) };
  const masked = keepEnvelopes(suite, state.masked, u3);
  const leaf = coordinatorLeaf(context, state, {
    type: 'round.survivors_fixed',
    action: 'E',
    data: {
      survivors: u3,
      dropped: without(state.u0, u3),
      u3_sha256: hex(cohortHash(suite, u3)),
    },
  });
  const sends = toEach(context, state, u3, () => ({
    kind: 'agree',
    study,
    session: state.session,
    survivors: u3,
    masked: masked.digest,
  })).map(published);
  return {
    state: enter(state, { phase: 'agree', u3 }, nowMs + rules.timeoutsMs.agree),
    effects: [leaf, masked.effect, ...sends],
  };
}

/** S_min of the session; U1 is fixed. */
function fewestSurvivors({ rules }: SessionContext, { u1 }: SessionState): number {
  return survivorMinimum(rules, u1.length, neighbourGraph(u1, rules).sparse);
}

/** Whether enough can still answer. Source: section 4 (R0 minCohort; R1, R2 S_min; R3 T; R4 t shares of every secret). */
export function mayGoOn(context: SessionContext, state: SessionState): boolean {
  const { rules } = context;
  const left = without(expected(state), state.lost);
  switch (state.phase) {
    case 'advertise':
      return (
        left.length >=
        Math.max(rules.minCohort, rules.minSurvivors, quorum(left.length, rules.cAbs))
      );
    case 'share':
    case 'masked':
      return left.length >= fewestSurvivors(context, state);
    case 'agree':
      return left.length >= quorum(state.u1.length, rules.cAbs);
    case 'unmask': {
      const graph = neighbourGraph(state.u1, rules);
      const shares = new Map<number, number>();
      for (const member of left)
        for (const { dealer } of releaseFor(graph, state.u2, state.u3, member))
          shares.set(dealer, (shares.get(dealer) ?? 0) + 1);
      return state.u2.every((dealer) => (shares.get(dealer) ?? 0) >= graph.threshold);
    }
    case 'summing':
    case 'aborted':
      return true;
  }
}

function begin(context: SessionContext, state: SessionState, nowMs: number): SessionStep {
  const { suite, study, rules } = context;
  const { session } = state;
  const set = answered(state);
  switch (state.phase) {
    case 'advertise': {
      const kept = keepEnvelopes(suite, state.advertisements, set);
      const h1 = firstTranscript(context, { ...state, u1: set });
      const next = enter(state, { phase: 'share', u1: set, h1 }, nowMs + rules.timeoutsMs.share);
      const sends = toEach(context, state, set, () => ({
        kind: 'keys',
        study,
        session,
        advertisements: kept.digest,
      }));
      return { state: next, effects: [kept.effect, ...sends] };
    }
    case 'share': {
      const kept = keepEnvelopes(suite, state.shares, set);
      const h2 = secondTranscript(context, { ...state, u2: set });
      const next = enter(state, { phase: 'masked', u2: set, h2 }, nowMs + rules.timeoutsMs.masked);
      const sends = toEach(context, state, set, (receiver) => ({
        kind: 'shares',
        study,
        session,
        shares: kept.digest,
        dealings: dealingsTo(context, next, receiver),
      }));
      return { state: next, effects: [kept.effect, ...sends] };
    }
    case 'agree': {
      const kept = keepEnvelopes(suite, state.agreements, set);
      const next = enter(state, { phase: 'unmask' }, nowMs + rules.timeoutsMs.unmask);
      const sends = toEach(context, state, set, () => ({
        kind: 'unmask',
        study,
        session,
        agreements: kept.digest,
      })).map(published);
      return { state: { ...next, lost: without(state.u3, set) }, effects: [kept.effect, ...sends] };
    }
    case 'unmask':
      return {
        state: enter(state, { phase: 'summing' }, 0),
        effects: [{ kind: 'work', work: { kind: 'aggregate', session } }],
      };
    case 'masked':
    case 'summing':
    case 'aborted':
      return { state, effects: [] };
  }
}

/** The message waits until the log that it rests on is published. */
function published(effect: SessionEffect): SessionEffect {
  return effect.kind === 'send' ? { ...effect, await: 'published' } : effect;
}

/** What the members of U1 say of earlier sessions. */
function declaredSets(state: SessionState, u1: readonly number[]): SignedSets {
  return signedSets(
    read('advertise', state.advertisements, u1).flatMap(({ body }) => body.previous),
  );
}

function dealingsTo(
  context: SessionContext,
  state: SessionState,
  receiver: number,
): readonly KeptDealing[] {
  const dealers = intersect(neighbourGraph(state.u1, context.rules).receivers(receiver), state.u2);
  return state.shares
    .filter(({ hospital }) => dealers.includes(hospital))
    .map(({ hospital, list, boxes }) => {
      const box = boxes.find((candidate) => candidate.receiver === receiver)?.box;
      return { dealer: hospital, entries: list, ...(box === undefined ? {} : { box }) };
    });
}

function enter(
  state: SessionState,
  change: Partial<SessionState> & { readonly phase: Exchange | 'summing' },
  deadlineMs: number,
): SessionState {
  return { ...state, lost: [], ...change, deadlineMs };
}
