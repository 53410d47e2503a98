/**
 * Columns of patients to what a model takes: its input and the labels of its loss.
 *
 * Leaves to others: which rows (the data layer at the hospital), scaling constants (scaling.ts).
 */
import { encodeRows, featureColumns } from '../data-schema/encode.js';
import { labelsOf } from '../data-schema/target.js';
import type { TaskContext } from './context.js';
import { scalingOf } from './scaling.js';
import type { TaskState } from './tensors.js';

/** Model input and labels of one side of the split. Secret: rows. */
export interface Examples {
  readonly count: number;
  /** Shapes: count × the model's input. */
  readonly x: Float32Array;
  /** Shapes: count × labelWidth. */
  readonly y: Float32Array;
}

/** Errors: bug/STATE_UNEXPECTED if the target or the scaling constants are absent. */
export function examplesOf(
  { schema }: Pick<TaskContext, 'schema'>,
  state: TaskState,
  columns: readonly Float64Array[],
): Examples {
  const y = labelsOf(schema, columns);
  const scaling = scalingOf(state, featureColumns(schema).length);
  return { count: columns.at(-1)?.length ?? 0, x: encodeRows(schema, columns, scaling), y };
}
