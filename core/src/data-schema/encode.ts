/**
 * Columns to model input: the vector layout, which follows from the schema alone, and rows to numbers.
 *
 * Two hospitals cannot disagree about the layout, and scaling is global, never per hospital: constants of the schema, or moments
 * that were summed under masks. Both sides of that sum share the transforms here.
 * Source: data.md section 2. Leaves to others: reading and checking columns (check.ts), summing moments (task/).
 */
import { PlexusError } from '../base/error.js';
import type { DataSchema, Feature, Scale } from './schema.js';

/**
 * What a hospital's data layer hands to a task: usable rows in the order of their patients. Secret: it lives in memory only (I9).
 *
 * Shapes   columns: features in schema order, then the target (see columnValues). patientOf: per row, an index of patients.
 *          held: per row, 0 training, 1 held-out. patients: pseudonyms of 32 bytes. digest: hex, of everything but the pseudonyms.
 */
export interface Dataset {
  readonly columns: readonly Float64Array[];
  readonly patientOf: Uint32Array;
  readonly held: Uint8Array;
  readonly patients: readonly Uint8Array[];
  readonly digest: string;
}

/** One coordinate of the model's input. */
export type FeatureColumn =
  | { readonly kind: 'value'; readonly name: string; readonly feature: string }
  | {
      readonly kind: 'one-hot';
      readonly name: string;
      readonly feature: string;
      readonly value: string;
    }
  | { readonly kind: 'indicator'; readonly name: string; readonly feature: string };

/** x becomes (x − centre) ÷ spread. */
export interface Scaling {
  readonly centre: number;
  readonly spread: number;
}

/** u = (x − middle) ÷ half lies in [−1, 1] for every x inside the range. */
export interface UnitInterval {
  readonly middle: number;
  readonly half: number;
}

/** A spread below this share of the half range is rounding of masked sums, not variation of patients. */
const CONSTANT_VARIANCE = 1e-9;

/** The coordinates in schema order: values, one-hot without the first value, then a feature's missing indicator. */
export function featureColumns(schema: DataSchema): readonly FeatureColumn[] {
  return schema.features.flatMap((feature): readonly FeatureColumn[] => {
    const name = feature.name;
    if (feature.type === 'category')
      return feature.values
        .slice(1)
        .map((value) => ({ kind: 'one-hot', name: `${name}=${value}`, feature: name, value }));
    const own = { kind: 'value', name, feature: name } as const;
    const indicated =
      feature.type !== 'binary' && typeof feature.missing === 'object' && feature.missing.indicator;
    return indicated ? [own, { kind: 'indicator', name: `${name}?missing`, feature: name }] : [own];
  });
}

/** How a coordinate is scaled. An indicator stays 0 or 1 whatever its feature asks for. */
export function scaleOf(schema: DataSchema, column: FeatureColumn): Scale {
  return column.kind === 'indicator' ? 'none' : featureOf(schema, column).scale;
}

/** The constants known from the schema, in the order of featureColumns; undefined where a moments task must find them. */
export function publicScaling(schema: DataSchema): readonly (Scaling | undefined)[] {
  return featureColumns(schema).map((column) => {
    const scale = scaleOf(schema, column);
    if (scale === 'federated') return undefined;
    if (scale === 'none') return { centre: 0, spread: 1 };
    return { centre: Number(scale.centre), spread: Number(scale.spread) };
  });
}

/** The interval that a coordinate's values lie in: the feature's range, or 0..1. */
export function unitInterval(schema: DataSchema, column: FeatureColumn): UnitInterval {
  const feature = featureOf(schema, column);
  const ranged =
    column.kind === 'value' && (feature.type === 'number' || feature.type === 'integer');
  const low = ranged ? Number(feature.range[0]) : 0;
  const high = ranged ? Number(feature.range[1]) : 1;
  return { middle: (low + high) / 2, half: (high - low) / 2 };
}

export function toUnit(interval: UnitInterval, value: number): number {
  return (value - interval.middle) / interval.half;
}

export function fromUnit(interval: UnitInterval, unit: number): number {
  return interval.middle + unit * interval.half;
}

/**
 * Scaling constants from federated sums of unit values.
 *
 * mean = Σu ÷ n;  variance = (Σu² − n·mean²) ÷ (n − 1);  centre and spread are mean and √variance on the feature's own scale.
 *
 * Shapes   count, sum and sumSquares of one coordinate over every hospital, missing values left out.
 * Errors   none. A constant coordinate, or fewer than two values, gets spread 1; no value at all the middle of the range.
 * Source   data.md section 2. Only + − × ÷ and √, so that every machine gets the same bytes.
 */
export function scalingFromMoments(
  interval: UnitInterval,
  count: number,
  sum: number,
  sumSquares: number,
): Scaling {
  if (count < 1) return { centre: interval.middle, spread: 1 };
  const mean = sum / count;
  const centre = fromUnit(interval, mean);
  const variance = count < 2 ? 0 : (sumSquares - count * mean * mean) / (count - 1);
  if (!(variance > CONSTANT_VARIANCE)) return { centre, spread: 1 };
  return { centre, spread: Math.sqrt(variance) * interval.half };
}

/**
 * One coordinate of every row before scaling, NaN where the value is missing.
 *
 * Shapes   columns: one per schema feature, in schema order, then whatever follows (the target). Numbers as they are, binary 0 or 1,
 *          categories as the index of the declared value; missing is NaN.
 * Errors   bug/STATE_UNEXPECTED if the dataset lacks the feature's column.
 * Secret   the result is rows: it stays in the hospital's memory (I9).
 */
export function columnValues(
  schema: DataSchema,
  column: FeatureColumn,
  columns: readonly Float64Array[],
): Float64Array {
  const feature = featureOf(schema, column);
  const source = columns[schema.features.indexOf(feature)];
  if (source === undefined)
    throw new PlexusError('STATE_UNEXPECTED', `column ${column.feature}: expected it, is absent`);
  if (column.kind === 'value') return source.slice();
  if (column.kind === 'indicator') return source.map((x) => (Number.isNaN(x) ? 1 : 0));
  const index = feature.type === 'category' ? feature.values.indexOf(column.value) : -1;
  return source.map((x) => (Number.isNaN(x) ? NaN : x === index ? 1 : 0));
}

/**
 * Model input of every row, row by row: (x − centre) ÷ spread in float64, then rounded to float32. Missing becomes the centre, 0.
 *
 * Shapes   columns as in columnValues; scaling: one per featureColumns; result: rows × featureColumns.
 * Errors   bug/STATE_UNEXPECTED if a constant or a column is absent.
 * Secret   the result is rows: it stays in the hospital's memory (I9).
 */
export function encodeRows(
  schema: DataSchema,
  columns: readonly Float64Array[],
  scaling: readonly Scaling[],
): Float32Array {
  const layout = featureColumns(schema);
  const rows = columns[0]?.length ?? 0;
  const out = new Float32Array(rows * layout.length);
  if (scaling.length !== layout.length)
    throw new PlexusError(
      'STATE_UNEXPECTED',
      `scaling: expected ${String(layout.length)} columns, got ${String(scaling.length)}`,
    );
  layout.forEach((column, at) => {
    const { centre, spread } = scaling[at] ?? { centre: 0, spread: 1 }; // lengths were compared above
    const values = columnValues(schema, column, columns);
    for (let row = 0; row < rows; row++) {
      const x = values[row] ?? NaN;
      out[row * layout.length + at] = Number.isNaN(x) ? 0 : (x - centre) / spread;
    }
  });
  return out;
}

function featureOf(schema: DataSchema, column: FeatureColumn): Feature {
  const feature = schema.features.find((candidate) => candidate.name === column.feature);
  if (feature === undefined)
    throw new PlexusError('STATE_UNEXPECTED', `column ${column.feature}: is not in the schema`);
  return feature;
}
