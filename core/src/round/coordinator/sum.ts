/**
 * The work `aggregate` of a round: masks off, check words, the task's next state; what is to be archived, and what goes into the leaf.
 *
 *     prepareSum → vectors added one by one, masks added, cut → finishSum
 *
 * Pure, so that an auditor's program does the same. A program whose vectors do not fit in memory, or whose event loop has to live, does
 * the middle by itself; `sumRound` is all three at once. Source: secure-aggregation.md 4.6; audit-log.md section 11.
 * Leaves to others: reading and storing the bytes, the transition that records the digests (outcome.ts).
 */
import { base64, hex, type Bytes } from '../../base/bytes.js';
import { canonicalBytes } from '../../base/canonical-json.js';
import { PlexusError, type Code } from '../../base/error.js';
import type { Layout } from '../../secagg/layout.js';
import { packVector } from '../../secagg/packing.js';
import { decodeSum } from '../../secagg/quantise.js';
import { sumAndUnmask } from '../../secagg/unmasking.js';
import { advance } from '../../task/task.js';
import { decodeTensors, encodeTensors } from '../../task/tensors.js';
import { openMasks, type OpenedMasks } from './open-masks.js';
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
}

/** What a sum needs besides the vectors; or its end, before any vector is read. */
export type PreparedSum =
  | (Extract<OpenedMasks, { readonly kind: 'opened' }> & { readonly layout: Layout })
  | { readonly kind: 'refused'; readonly sum: RoundSum };

/** What a sum can honestly fail with once every message was accepted. */
const REFUSALS: readonly Code[] = ['CHECK_WORDS_MISMATCH', 'WEIGHT_SUM_ZERO'];

/** Errors: bug/STATE_UNEXPECTED; whatever `kept` throws. */
export function prepareSum(
  settings: StudySettings,
  state: Pick<RunningStudy, 'position'>,
  session: SessionState,
  kept: RoundInputs['kept'],
): PreparedSum {
  const { layout } = settings.setting(state.position);
  const opened = openMasks(sessionContext(settings, state), session, kept);
  if (opened.kind === 'opened') return { ...opened, layout };
  return {
    kind: 'refused',
    sum: refusedSum(opened.code, opened.code === 'DEALER_INCONSISTENT' ? opened.dealer : undefined),
  };
}

/**
 * What the unmasked sum comes to.
 *
 * Shapes   words: the vectors of U3 and the prepared masks added up mod 2^32, cut to field bits (cutToField).
 * Errors   whatever the task throws that is no honest end of a round.
 */
export function finishSum(
  settings: StudySettings,
  state: Pick<RunningStudy, 'position'>,
  session: SessionState,
  { layout, secrets }: Exclude<PreparedSum, { readonly kind: 'refused' }>,
  words: Uint32Array,
  model: Bytes,
): RoundSum {
  const { suite, rules } = settings.study;
  const { taskContext } = settings.setting(state.position);
  try {
    const sums = decodeSum(layout, rules.maxCohort, words, session.u3.length);
    const { state: next, metrics, done } = advance(taskContext, decodeTensors(model), sums);
    const digestOf = (bytes: Bytes): string => hex(suite.sha256(bytes));
    const nextModel = encodeTensors(next);
    const revealed = secretsFile(session, secrets);
    const blobs = [nextModel, revealed].map((bytes) => ({ digest: digestOf(bytes), bytes }));
    const result = {
      kind: 'sum',
      sum: digestOf(packVector(layout, words)),
      secrets: digestOf(revealed),
      model: digestOf(nextModel),
      metrics,
      done,
    } as const;
    return { result, blobs };
  } catch (thrown) {
    const code = thrown instanceof PlexusError ? thrown.code : undefined;
    if (code === undefined || !REFUSALS.includes(code)) throw thrown;
    return refusedSum(code);
  }
}

/** Errors: those of its steps; whatever `vectors` throws. */
export function sumRound(
  settings: StudySettings,
  state: Pick<RunningStudy, 'position'>,
  session: SessionState,
  { kept, vectors, model }: RoundInputs,
): RoundSum {
  const prepared = prepareSum(settings, state, session, kept);
  if (prepared.kind === 'refused') return prepared.sum;
  const words = sumAndUnmask(settings.study.suite, prepared.layout, vectors, prepared.masks);
  return finishSum(settings, state, session, prepared, words, model);
}

function refusedSum(code: Code, accused?: number): RoundSum {
  const culprit = accused === undefined ? {} : { accused };
  return { result: { kind: 'refused', code, ...culprit }, blobs: [] };
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
