/**
 * The `moments` task: count, mean and variance of every model input over all training patients, in one round; they become the
 * constants that normalise the inputs everywhere.
 *
 * Values are shifted and divided by the feature's public range first, so that they lie in [−1, 1]; n, Σu and Σu² are summed, the last
 * two as fine sums, since one section would leave an error that a small spread enlarges. Source: data.md sections 2 and 9.
 * Leaves to others: the formulas (data-schema/encode.ts), suppression of hospitals with too few patients (data-schema/check.ts).
 */
import {
  columnValues,
  featureColumns,
  publicScaling,
  scalingFromMoments,
  toUnit,
  unitInterval,
} from '../data-schema/encode.js';
import { fineSections, joinFine, splitFine } from '../secagg/fine-sums.js';
import { makeLayout, type Section, type SectionValues } from '../secagg/layout.js';
import type { Advanced, LocalContext, LocalRows, Sums, TaskContext } from './context.js';
import { sumOf } from './metrics/sums.js';
import { scalingTensors } from './scaling.js';
import { roundingSeed } from './seeds.js';
import { withTensors, type TaskState } from './tensors.js';

const ROWS = 'stat/rows';
const COUNTS = 'stat/counts';
const SUMS = 'stat/sums';
const SQUARES = 'stat/squares';
/** Fine sums hold ±16,384; larger hospitals divide by a public number. */
const FINE_LIMIT = 16_384;

export function momentsLayout(context: TaskContext): readonly Section[] {
  const width = featureColumns(context.schema).length;
  const { maxCohort } = context.rules;
  return [
    { name: ROWS, length: 1, encoding: 'count32' },
    { name: COUNTS, length: width, encoding: 'count32' },
    ...fineSections(SUMS, width, maxCohort),
    ...fineSections(SQUARES, width, maxCohort),
  ];
}

/**
 * This hospital's part of the sums.
 *
 * Errors   operator/VALUE_OUT_OF_RANGE if the hospital has many more patients than the study's wMax allows for.
 * Secret   rows and the result.
 */
export function contributeMoments(context: LocalContext, rows: LocalRows): SectionValues {
  const { schema, suite, rules, studySeed } = context;
  const columns = featureColumns(schema);
  const counts = new Float64Array(columns.length);
  const sums = new Float64Array(columns.length);
  const squares = new Float64Array(columns.length);
  const divisor = divisorOf(context);
  columns.forEach((column, i) => {
    const interval = unitInterval(schema, column);
    let count = 0;
    let sum = 0;
    let square = 0;
    for (const value of columnValues(schema, column, rows.training)) {
      if (Number.isNaN(value)) continue;
      const u = toUnit(interval, value);
      count++;
      sum += u;
      square += u * u;
    }
    counts[i] = count;
    sums[i] = sum / divisor;
    squares[i] = square / divisor;
  });
  const layout = makeLayout(momentsLayout(context));
  const seed = roundingSeed(suite, studySeed, context);
  return new Map([
    [ROWS, Float64Array.of(rows.training[0]?.length ?? 0)],
    [COUNTS, counts],
    ...splitFine(suite, layout, rules.maxCohort, SUMS, sums, seed),
    ...splitFine(suite, layout, rules.maxCohort, SQUARES, squares, seed),
  ]);
}

/** Constants that the schema fixes stay; the others follow from the sums. */
export function advanceMoments(context: TaskContext, state: TaskState, sums: Sums): Advanced {
  const { schema } = context;
  const columns = featureColumns(schema);
  const fixed = publicScaling(schema);
  const counts = sumOf(sums, COUNTS, columns.length);
  const totals = joinFine(sums, SUMS);
  const squares = joinFine(sums, SQUARES);
  const divisor = divisorOf(context);
  const scaling = columns.map(
    (column, i) =>
      fixed[i] ??
      scalingFromMoments(
        unitInterval(schema, column),
        counts[i]!,
        totals[i]! * divisor,
        squares[i]! * divisor,
      ),
  );
  return {
    state: withTensors(state, scalingTensors(scaling)),
    metrics: { examples: String(sumOf(sums, ROWS, 1)[0]!) },
    done: true,
  };
}

function divisorOf({ rules }: TaskContext): number {
  return Math.max(1, Number(rules.wMax) / FINE_LIMIT);
}
