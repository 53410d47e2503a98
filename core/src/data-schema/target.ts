/**
 * The target as columns of the hospital's view and as labels of a loss.
 *
 * Source: data.md section 2. Leaves to others: features (encode.ts), checks (check.ts), losses (engine/).
 */
import { PlexusError } from '../base/error.js';
import type { DataSchema, Feature, Target } from './schema.js';

/** The columns that a study asks for: features in schema order, then the target's. */
export function schemaFields(schema: DataSchema): readonly Feature[] {
  return [...schema.features, ...targetFields(schema.target)];
}

/** One column, or time and event. None may be missing, none is scaled. */
export function targetFields(target: Target): readonly Feature[] {
  const { name, class: dataClass, level } = target;
  const common = { class: dataClass, level, missing: 'refuse', scale: 'none' } as const;
  if (target.type === 'binary') return [{ ...common, name, type: 'binary' }];
  if (target.type === 'category')
    return [{ ...common, name, type: 'category', values: target.values }];
  const { unit, range, outside } = target;
  if (target.type !== 'time-to-event')
    return [{ ...common, name, type: target.type, unit, range, outside }];
  return [
    { ...common, name: `${name}_time`, type: 'number', unit, range, outside },
    { ...common, name: `${name}_event`, type: 'binary' },
  ];
}

/** Numbers that a loss takes of one patient: a class as one-hot, a survival time as [time, event]. */
export function labelWidth(target: Target): number {
  if (target.type === 'category') return target.values.length;
  return target.type === 'time-to-event' ? 2 : 1;
}

/**
 * The labels of every row, row by row.
 *
 * Shapes   columns: as schemaFields; result: rows × labelWidth.
 * Errors   bug/STATE_UNEXPECTED if a column of the target is absent.
 * Secret   the result is rows: it stays in the hospital's memory (I9).
 */
export function labelsOf(
  { features, target }: DataSchema,
  columns: readonly Float64Array[],
): Float32Array {
  const own = columns.slice(features.length);
  const [first] = own;
  if (first === undefined || own.length !== targetFields(target).length)
    throw new PlexusError('STATE_UNEXPECTED', 'target: column is absent');
  const width = labelWidth(target);
  const labels = new Float32Array(first.length * width);
  first.forEach((value, row) => {
    if (target.type === 'category') labels[row * width + value] = 1;
    else own.forEach((column, i) => (labels[row * width + i] = column[row] ?? NaN));
  });
  return labels;
}
