/**
 * How well a model predicts patients it never trained on, as sums: no hospital's own figure crosses the wire (I9).
 *
 * Three sections: the clipped loss, and for each class a histogram of scores in public bins. Everything else follows from the summed
 * histograms, so nothing more is revealed: examples, accuracy at 0.5 (an edge of the bins), area under the ROC curve.
 * Source: architecture.md; audit-log.md section 11 for the arithmetic of reading. Leaves to others: which rows, which round.
 */
import { canonicalDecimal } from '../base/decimal.js';
import { PlexusError } from '../base/error.js';
import { encodeRows, featureColumns } from '../data-schema/encode.js';
import type { Section, SectionValues } from '../secagg/layout.js';
import type { Sums, TaskContext } from './context.js';
import type { TrainingEngine } from './engine-port.js';
import { scalingOf } from './scaling.js';
import type { TaskState } from './tensors.js';

const BINS = 100;
/** −ln of the smallest probability an engine's loss admits, 1e-7, is 16.1. */
const LARGEST_LOSS = 16;
const SMALLEST_PROBABILITY = 1e-7;
const DIGITS = 6;
const LOSS = 'metric/loss';
const NEGATIVES = 'metric/scores/negative';
const POSITIVES = 'metric/scores/positive';

/** Model input and labels of one side of the split. Secret: rows. */
export interface Examples {
  readonly count: number;
  readonly x: Float32Array;
  readonly y: Float32Array;
}

/** Columns to the numbers a model takes. Errors: bug/STATE_UNEXPECTED if the target or the scaling constants are absent. */
export function examplesOf(
  { schema }: TaskContext,
  state: TaskState,
  columns: readonly Float64Array[],
): Examples {
  const target = columns[schema.features.length];
  if (target === undefined) throw new PlexusError('STATE_UNEXPECTED', 'target: column is absent');
  const scaling = scalingOf(state, featureColumns(schema).length);
  return {
    count: target.length,
    x: encodeRows(schema, columns, scaling),
    y: Float32Array.from(target),
  };
}

/** The loss is a sum over at most about wMax patients, so its clip follows from the manifest. */
export function metricSections({ rules }: TaskContext): readonly Section[] {
  const clip = canonicalDecimal(LARGEST_LOSS * Number(rules.wMax)) ?? '';
  return [
    { name: LOSS, length: 1, encoding: 'fixed32', clip },
    { name: NEGATIVES, length: BINS, encoding: 'count32' },
    { name: POSITIVES, length: BINS, encoding: 'count32' },
  ];
}

/** This hospital's part of the sums. Errors: operator/NON_FINITE_UPDATE if the model predicts no number. Secret: the result. */
export function metricValues(engine: TrainingEngine, examples: Examples): SectionValues {
  const { count, x, y } = examples;
  const scores = count === 0 ? new Float32Array(0) : engine.predict(x, count);
  const negatives = new Float64Array(BINS);
  const positives = new Float64Array(BINS);
  let loss = 0;
  for (let row = 0; row < count; row++) {
    const score = scores[row]!;
    if (!Number.isFinite(score))
      throw new PlexusError('NON_FINITE_UPDATE', 'metrics: a prediction is not finite');
    const isPositive = y[row] === 1;
    const right = isPositive ? score : 1 - score;
    loss += Math.min(LARGEST_LOSS, -Math.log(Math.max(right, SMALLEST_PROBABILITY)));
    const bins = isPositive ? positives : negatives;
    const bin = Math.min(BINS - 1, Math.max(0, Math.floor(score * BINS)));
    bins[bin] = bins[bin]! + 1;
  }
  return new Map([
    [LOSS, Float64Array.of(loss)],
    [NEGATIVES, negatives],
    [POSITIVES, positives],
  ]);
}

/**
 * The federation's metrics out of the sums, as canonical decimals of at most six digits.
 *
 * auc = Σ_bins positives · (negatives in lower bins + ½ negatives in this bin) ÷ (positives · negatives)
 *
 * Shapes   sums: the sections of metricSections. No examples, no metrics; no auc unless both classes occur.
 * Errors   bug/STATE_UNEXPECTED if a section is absent.
 */
export function readMetrics(sums: Sums): Readonly<Record<string, string>> {
  const loss = sumOf(sums, LOSS, 1)[0]!;
  const negatives = sumOf(sums, NEGATIVES, BINS);
  const positives = sumOf(sums, POSITIVES, BINS);
  let below = 0;
  let above = 0;
  let right = 0;
  let pairs = 0;
  for (let bin = 0; bin < BINS; bin++) {
    pairs += positives[bin]! * (below + negatives[bin]! / 2);
    right += 2 * bin < BINS ? negatives[bin]! : positives[bin]!;
    below += negatives[bin]!;
    above += positives[bin]!;
  }
  const count = below + above;
  if (count === 0) return {};
  const always = {
    examples: String(count),
    loss: decimal(loss / count),
    accuracy: decimal(right / count),
  };
  return below === 0 || above === 0 ? always : { ...always, auc: decimal(pairs / (below * above)) };
}

/** A section that the layout promised. Errors: bug/STATE_UNEXPECTED. */
export function sumOf(sums: Sums, name: string, length: number): Float64Array {
  const values = sums.get(name);
  if (values?.length !== length)
    throw new PlexusError('STATE_UNEXPECTED', `sum ${name}: expected ${String(length)} values`);
  return values;
}

function decimal(value: number): string {
  return canonicalDecimal(value.toFixed(DIGITS)) ?? '';
}
