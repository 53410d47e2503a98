/**
 * What the metrics of every kind of target share: how well a model predicts patients it never trained on, as sums, since no hospital's
 * own figure crosses the wire (I9).
 *
 * Source: architecture.md. Leaves to others: which sums (one file per kind of target), which rows and round (train.ts, evaluate.ts).
 */
import { canonicalDecimal } from '../../base/decimal.js';
import { PlexusError } from '../../base/error.js';
import type { Section, SectionValues } from '../../secagg/layout.js';
import type { Sums, TaskContext } from '../context.js';

/** Predictions and labels of held-out patients. Secret: rows. */
export interface Predicted {
  readonly count: number;
  /** Shapes: count × outputs, finite. */
  readonly scores: Float32Array;
  /** Shapes: count × labelWidth. */
  readonly labels: Float32Array;
}

/** One kind of target: which named numbers are summed, what a hospital adds, what the sums say. */
export interface Metrics {
  sections(context: TaskContext): readonly Section[];
  /** Secret: the result. */
  values(predicted: Predicted): SectionValues;
  /** Canonical decimals of at most six digits; none without examples. Errors: bug/STATE_UNEXPECTED if a section is absent. */
  read(sums: Sums): Readonly<Record<string, string>>;
}

/** −ln of the smallest probability an engine's loss admits, 1e-7, is 16.1. */
export const LARGEST_LOSS = 16;
export const SMALLEST_PROBABILITY = 1e-7;
export const LOSS = 'metric/loss';
const DIGITS = 6;

/** A sum over at most about wMax patients of a value up to `largest` each, so its clip follows from the manifest. */
export function boundedSection(
  { rules }: TaskContext,
  name: string,
  length: number,
  largest: number,
): Section {
  const clip = canonicalDecimal(largest * Number(rules.wMax)) ?? '';
  return { name, length, encoding: 'fixed32', clip };
}

/** A section that the layout promised. Errors: bug/STATE_UNEXPECTED. */
export function sumOf(sums: Sums, name: string, length: number): Float64Array {
  const values = sums.get(name);
  if (values?.length !== length)
    throw new PlexusError('STATE_UNEXPECTED', `sum ${name}: expected ${String(length)} values`);
  return values;
}

export function decimal(value: number): string {
  return canonicalDecimal(value.toFixed(DIGITS)) ?? '';
}
