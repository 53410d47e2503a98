/**
 * The coordinator's half of a session: R0 advertise, R1 share, R2 masked, R3 agree, R4 unmask, then the sum or an abort.
 *
 * Pure; total on peer input. Source: secure-aggregation.md section 4; docs/protocol.md. Leaves to others: the round around the session
 * (who is ready, what the sum advances), the complaint and retry rules of sections 4 and 4.7.
 */
import { reject } from '../../base/machine.js';
import { without } from '../../secagg/members.js';
import type { FromAgent } from '../messages.js';
import { coordinatorLeaf, toEach } from './effects.js';
import { answered, expected, fixSurvivors, missing, settle } from './exchange.js';
import type { SessionContext, SessionState, SessionStep } from './session-state.js';
import {
  refuseAnswer,
  takeAdvertise,
  takeAgreement,
  takeMasked,
  takeRelease,
  takeShare,
} from './take.js';

export type SessionInput =
  | {
      readonly kind: 'message';
      /** Roster index of the authenticated connection. */
      readonly from: number;
      readonly message: Extract<
        FromAgent,
        { readonly kind: 'advertise' | 'share' | 'masked' | 'agreement' | 'release' }
      >;
      /** For `masked`: the complete upload under the digest that M2 names. */
      readonly stored?: { readonly sha256: string; readonly bytes: number };
      readonly nowMs: number;
    }
  | { readonly kind: 'tick'; readonly nowMs: number };

const PHASE_OF = {
  advertise: 'advertise',
  share: 'share',
  masked: 'masked',
  agreement: 'agree',
  release: 'unmask',
} as const;

export function stepSession(
  context: SessionContext,
  state: SessionState,
  input: SessionInput,
): SessionStep {
  if (input.kind === 'tick') return tick(context, state, input.nowMs);
  const { from, message, nowMs } = input;
  if (message.session !== state.session) return reject(state, 'SESSION_UNKNOWN');
  const phase = PHASE_OF[message.kind];
  const refusal = refuseAnswer(state, phase, expected(state), answered(state), from);
  if (refusal !== undefined) return reject(state, refusal, { phase: state.phase });
  switch (message.kind) {
    case 'advertise':
      return takeAdvertise(context, state, from, message, nowMs);
    case 'share':
      return takeShare(context, state, from, message, nowMs);
    case 'masked':
      return takeMasked(context, state, from, message, input.stored, nowMs);
    case 'agreement':
      return takeAgreement(context, state, from, message, nowMs);
    case 'release':
      return takeRelease(context, state, from, message, nowMs);
  }
}

/** One transition has one leaf, so a tick does one thing and wakes itself while there is more to do. */
function tick(context: SessionContext, state: SessionState, nowMs: number): SessionStep {
  if (state.phase === 'summing' || state.phase === 'aborted') return { state, effects: [] };
  if (state.failing !== undefined) return abort(context, state, state.failing);
  const [late] = missing(state);
  if (late === undefined)
    return state.phase === 'masked' ? fixSurvivors(context, state, nowMs) : { state, effects: [] };
  if (nowMs < state.deadlineMs) return { state, effects: [] };
  const lost = [...state.lost, late].sort((a, b) => a - b);
  const leaf = coordinatorLeaf(context, state, {
    type: 'round.hospital_dropped',
    action: 'E',
    data: { hospital: late, phase: state.phase, cause: 'deadline', attempt: state.attempt },
  });
  const next = { ...state, lost };
  const more = missing(next).length > 0 ? [{ kind: 'wake' as const }] : [];
  const settled = settle(context, next, [leaf], nowMs);
  const wakes = settled.effects.some(({ kind }) => kind === 'wake');
  return wakes ? settled : { state: settled.state, effects: [...settled.effects, ...more] };
}

/** Ends the session without a sum. Before R4 nothing was opened; the leaf says whether any share was. */
function abort(
  context: SessionContext,
  state: SessionState,
  code: NonNullable<SessionState['failing']>,
): SessionStep {
  const { study } = context;
  const { session, phase, attempt } = state;
  const leaf = coordinatorLeaf(context, state, {
    type: 'round.aborted',
    action: 'E',
    outcome: 'serious',
    code,
    data: { phase, attempt, shares_released: state.releases.length > 0 },
  });
  const told = toEach(context, { ...state, session: study }, state.u0, () => ({
    kind: 'session-ended',
    study,
    session,
    outcome: 'aborted',
    code,
  }));
  return {
    state: { ...state, phase: 'aborted', lost: without(state.u0, answered(state)) },
    effects: [leaf, { kind: 'retract', topic: session }, ...told],
  };
}
