/**
 * R0 begins: a session is opened for the hospitals that are ready.
 *
 * Source: secure-aggregation.md 4.1. Leaves to others: who is ready (the round around it), the evidence attached at sending.
 */
import { sessionId } from '../../base/ids.js';
import type { EarlierSession } from '../../secagg/retry.js';
import { hospitalOf } from './effects.js';
import type { SessionContext, SessionStep } from './session-state.js';

export interface Opening {
  /** 32 random bytes, hex. */
  readonly session: string;
  readonly round: number;
  readonly attempt: number;
  /** Digest of the state trained from. */
  readonly model: string;
  /** Strictly ascending roster indices, at least max(minCohort, minSurvivors) of them: the caller checks. */
  readonly cohort: readonly number[];
  readonly earlier?: readonly EarlierSession[];
  readonly nowMs: number;
}

/** Errors: peer/ENCODING_INVALID if the session id is not 32 bytes. */
export function openSession(context: SessionContext, opening: Opening): SessionStep {
  const { study, manifestHash, layoutHash, rules } = context;
  const { round, attempt, model, cohort, earlier = [], nowMs } = opening;
  const session = sessionId(opening.session);
  const message = {
    kind: 'open',
    study,
    round,
    session,
    manifestHash,
    modelHash: model,
    layoutHash,
    cohort,
  } as const;
  return {
    state: {
      phase: 'advertise',
      session,
      round,
      attempt,
      model,
      u0: cohort,
      u1: [],
      u2: [],
      u3: [],
      lost: [],
      advertisements: [],
      shares: [],
      masked: [],
      agreements: [],
      releases: [],
      h1: '',
      h2: '',
      h3: '',
      earlier,
      lastMs: nowMs + rules.sessionTtlMs,
      deadlineMs: nowMs + rules.timeoutsMs.advertise,
    },
    effects: [
      {
        kind: 'leaf',
        leaf: {
          type: 'session.opened',
          action: 'E',
          outcome: 'success',
          actor: { kind: 'coordinator', id: 'coordinator', authn: 'local' },
          study,
          round,
          session,
          data: {
            session,
            cohort,
            attempt,
            c_abs: rules.cAbs,
            min_cohort: rules.minCohort,
            min_survivors: rules.minSurvivors,
            model_in: model,
            layout_sha256: layoutHash,
          },
        },
      },
      ...cohort.map((index) => ({
        kind: 'send' as const,
        to: hospitalOf(context, index),
        topic: session,
        message,
        await: 'published' as const,
      })),
    ],
  };
}
