/**
 * The coordinator's half of a session: R0 advertise, R1 share, R2 masked, R3 agree, R4 unmask, then the sum or an abort.
 *
 * Pure; total on peer input. Source: secure-aggregation.md section 4; docs/protocol.md. Leaves to others: the round around the session
 * (who is ready, what the sum advances, the next attempt).
 */
import { reject } from '../../base/machine.js';
import type { Code } from '../../base/error.js';
import type { Suite } from '../../base/suite.js';
import { hex } from '../../base/bytes.js';
import { canonicalBytes, canonicalJson } from '../../base/canonical-json.js';
import { intersect, without } from '../../secagg/members.js';
import { asJson } from '../../study/parse.js';
import type { FromAgent } from '../messages.js';
import { coordinatorLeaf, toEach } from './effects.js';
import { answered, expected, fixSurvivors, mayGoOn, missing, survivorsOf } from './exchange.js';
import { lose, takeAbandon, takeComplaint } from './leave.js';
import type { Answer, SessionContext, SessionState, SessionStep } from './session-state.js';
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
        {
          readonly kind:
            'advertise' | 'share' | 'masked' | 'agreement' | 'release' | 'complaint' | 'abandon';
        }
      >;
      /** For `masked`: the complete upload under the digest that M2 names. */
      readonly stored?: { readonly sha256: string; readonly bytes: number };
      /** For `release`: what releaseIsAsDealt says of it. */
      readonly isAsDealt?: boolean;
      readonly nowMs: number;
    }
  /** The hospital refused what it was sent, so its answer need not be awaited. */
  | {
      readonly kind: 'declined';
      readonly from: number;
      readonly code: Code;
      readonly nowMs: number;
    }
  | {
      readonly kind: 'tick';
      readonly nowMs: number;
      /** Hospitals that have withdrawn from the study. */
      readonly gone?: readonly number[];
      readonly graceMs?: number;
    };

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
  if (input.kind === 'tick') return tick(context, state, input);
  if (input.kind === 'declined') {
    const { from, code, nowMs } = input;
    const isAwaited = state.failing === undefined && missing(state).includes(from);
    return isAwaited
      ? lose(context, state, from, { cause: 'declined', code }, nowMs)
      : { state, effects: [] };
  }
  const { from, message, nowMs } = input;
  if (message.session !== state.session) return reject(state, 'SESSION_UNKNOWN');
  if (isRepeated(context.suite, state, from, message)) return { state, effects: [] };
  if (state.failing !== undefined) return reject(state, 'PHASE_CLOSED', { phase: state.phase });
  if (message.kind === 'complaint') return takeComplaint(context, state, from, message);
  if (message.kind === 'abandon') return takeAbandon(context, state, from, message, nowMs);
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
      return takeRelease(context, state, from, message, input.isAsDealt, nowMs);
  }
}

/** One transition has one leaf, so a tick does one thing and wakes itself while there is more to do. */
function tick(
  context: SessionContext,
  state: SessionState,
  { nowMs, gone = [], graceMs = 0 }: Extract<SessionInput, { readonly kind: 'tick' }>,
): SessionStep {
  if (state.phase === 'summing' || state.phase === 'aborted') return { state, effects: [] };
  if (state.failing !== undefined) return abort(context, state, state.failing);
  const awaited = missing(state);
  const [late] = awaited;
  if (late === undefined) {
    if (state.phase !== 'masked') return { state, effects: [] };
    const u3 = survivorsOf(context, state);
    return u3 === undefined
      ? abort(context, state, 'SURVIVORS_DIFFERENCING')
      : fixSurvivors(context, state, u3, nowMs);
  }
  // once its vector is committed a hospital is in the sum, and only its help can open it
  const mayLeave = state.phase !== 'agree' && state.phase !== 'unmask';
  const [left] = mayLeave ? intersect(awaited, gone) : [];
  if (left !== undefined) return lose(context, state, left, { cause: 'withdrawn' }, nowMs);
  return nowMs >= graceMs && isLate(context, state, nowMs)
    ? lose(context, state, late, { cause: 'deadline' }, nowMs)
    : { state, effects: [] };
}

/** Once R4 has begun, finishing it beats any retry: whoever is needed for it is awaited as long as the session may live. */
function isLate(context: SessionContext, state: SessionState, nowMs: number): boolean {
  if (nowMs < state.deadlineMs) return false;
  if (state.phase !== 'unmask' || nowMs >= state.lastMs) return true;
  return mayGoOn(context, { ...state, lost: [...state.lost, ...missing(state)] });
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
    state: {
      ...state,
      phase: 'aborted',
      failing: code,
      lost: without(state.u0, answered(state)),
    },
    effects: [leaf, { kind: 'retract', topic: session }, ...told],
  };
}

/** What was taken before comes again when its acknowledgement got lost; it changes nothing. */
function isRepeated(
  suite: Suite,
  state: SessionState,
  from: number,
  { kind, envelope }: Extract<SessionInput, { readonly kind: 'message' }>['message'],
): boolean {
  const given = canonicalJson(asJson(envelope));
  const same = (answers: readonly Answer[]): boolean =>
    answers.some(
      (answer) => answer.hospital === from && canonicalJson(asJson(answer.envelope)) === given,
    );
  switch (kind) {
    case 'advertise':
      return same(state.advertisements);
    case 'share':
      return same(state.shares);
    case 'masked':
      return same(state.masked);
    case 'agreement':
      return same(state.agreements);
    case 'release': {
      const digest = hex(suite.sha256(canonicalBytes(asJson(envelope))));
      return state.releases.some((one) => one.hospital === from && one.release === digest);
    }
    case 'complaint':
    case 'abandon':
      return false;
  }
}
