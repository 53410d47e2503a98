/**
 * The work `aggregate` of a round: masks off, check words, the task's next state; what is to be archived, and what goes into the leaf.
 *
 * Pure, so that an auditor's program does the same. Source: secure-aggregation.md 4.6; audit-log.md section 11.
 * Leaves to others: reading and storing the bytes, the transition that records the digests (outcome.ts).
 */
import { base64, hex, type Bytes } from '../../base/bytes.js';
import { canonicalBytes } from '../../base/canonical-json.js';
import { PlexusError, type Code } from '../../base/error.js';
import { packVector } from '../../secagg/packing.js';
import { decodeSum } from '../../secagg/quantise.js';
import { advance } from '../../task/task.js';
import { decodeTensors, encodeTensors } from '../../task/tensors.js';
import { aggregate } from './aggregate.js';
import { sessionContext } from './session-context.js';
import type { SessionState } from './session-state.js';
import type { Aggregation, RunningStudy, StudySettings } from './study-state.js';

export interface RoundInputs {
  /** Bytes kept by the session's transitions, by digest. */
  readonly kept: (digest: string) => Bytes;
  /** The masked vectors of the survivors, in any order; read one at a time. */
  readonly vectors: Iterable<Bytes>;
  /** The state the round started from, as encodeTensors wrote it. */
  readonly model: Bytes;
}

export interface RoundSum {
  readonly result: Aggregation;
  /** To be durable before the result is fed: the next state, and the revealed secrets for the auditor. */
  readonly blobs: readonly { readonly digest: string; readonly bytes: Bytes }[];
  /** Hospitals whose released shares were not those dealt to them. */
  readonly faulty: readonly number[];
}

/** What a sum can honestly fail with once every message was accepted. */
const REFUSALS: readonly Code[] = ['CHECK_WORDS_MISMATCH', 'WEIGHT_SUM_ZERO'];

/** Errors: bug/STATE_UNEXPECTED; whatever `kept` and `vectors` throw. */
export function sumRound(
  settings: StudySettings,
  state: Pick<RunningStudy, 'position'>,
  session: SessionState,
  inputs: RoundInputs,
): RoundSum {
  const { suite, rules } = settings.study;
  const { layout, taskContext } = settings.setting(state.position);
  const context = sessionContext(settings, state);
  const summed = aggregate(context, session, layout, inputs.kept, inputs.vectors);
  const { faulty } = summed;
  if (summed.kind === 'refused')
    return {
      result: { kind: 'refused', code: summed.code, accused: summed.dealer },
      blobs: [],
      faulty,
    };
  try {
    const sums = decodeSum(layout, rules.maxCohort, summed.words, session.u3.length);
    const { state: next, metrics, done } = advance(taskContext, decodeTensors(inputs.model), sums);
    const digestOf = (bytes: Bytes): string => hex(suite.sha256(bytes));
    const model = encodeTensors(next);
    const secrets = secretsFile(session, summed.secrets);
    const blobs = [model, secrets].map((bytes) => ({ digest: digestOf(bytes), bytes }));
    const result = {
      kind: 'sum',
      sum: digestOf(packVector(layout, summed.words)),
      secrets: digestOf(secrets),
      model: digestOf(model),
      metrics,
      done,
    } as const;
    return { result, blobs, faulty };
  } catch (thrown) {
    const code = thrown instanceof PlexusError ? thrown.code : undefined;
    if (code === undefined || !REFUSALS.includes(code)) throw thrown;
    return { result: { kind: 'refused', code }, blobs: [], faulty };
  }
}

/** Of every hospital exactly one: b of a survivor, s of one lost after sharing (I3). */
function secretsFile(session: SessionState, secrets: ReadonlyMap<number, Bytes>): Bytes {
  const lines = [...secrets].sort(([a], [b]) => a - b);
  return canonicalBytes({
    v: 1,
    session: session.session,
    secrets: lines.map(([hospital, secret]) => ({
      hospital,
      kind: session.u3.includes(hospital) ? 'b' : 's',
      secret: base64(secret),
    })),
  });
}
