/**
 * Rows of a CSV as the columns a schema asks for: the same rules that hospitals apply, for patients somebody wants predicted.
 *
 * Units are not converted: the file must be in the schema's. A patient whose missing value the study refuses or drops gets no probability.
 * Source: data.md section 2 (types, outside, missing). Leaves to others: encoding and scaling (encodeRows of core).
 */
import { PlexusError, type DataSchema, type Feature } from '@plexus/core';
import type { CsvTable } from './csv.js';

export interface Patients {
  /** Features in schema order; missing is NaN. */
  readonly columns: readonly Float64Array[];
  /** Per row: false if the study has no prediction for such a patient. */
  readonly usable: readonly boolean[];
}

const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/;
const TRUTH: ReadonlyMap<string, number> = new Map([
  ['0', 0],
  ['1', 1],
  ['0.0', 0],
  ['1.0', 1],
  ['false', 0],
  ['true', 1],
]);
const MOST_LINES = 10;

/**
 * Shapes   columns: one per schema feature, one number per record.
 * Errors   operator/CSV_COLUMN_MISSING naming every absent column; operator/CSV_VALUE naming line and column of up to ten fields.
 *          Values are never quoted: they are patients.
 */
export function patientsOf(schema: DataSchema, table: CsvTable): Patients {
  const absent = schema.features.filter(({ name }) => !table.header.includes(name));
  if (absent.length > 0)
    throw new PlexusError(
      'CSV_COLUMN_MISSING',
      `line 1: expected ${absent.length === 1 ? 'a column' : 'columns'} ${absent.map(({ name }) => name).join(', ')}`,
    );
  const usable = table.records.map(() => true);
  const problems: string[] = [];
  const columns = schema.features.map((feature) => {
    const at = table.header.indexOf(feature.name);
    return Float64Array.from(table.records, ({ line, fields }, row) => {
      const read = readValue(feature, (fields[at] ?? '').trim());
      if (typeof read === 'string')
        problems.push(`line ${String(line)}, column ${feature.name}: ${read}`);
      const value = typeof read === 'string' ? NaN : read;
      if (Number.isNaN(value) && typeof feature.missing === 'string') usable[row] = false;
      return value;
    });
  });
  if (problems.length > 0) {
    const more = problems.length - MOST_LINES;
    const shown = problems.slice(0, MOST_LINES).join('; ');
    throw new PlexusError('CSV_VALUE', more > 0 ? `${shown}; and ${String(more)} more` : shown);
  }
  return { columns, usable };
}

/** The number, NaN for a missing value, or what was expected. */
function readValue(feature: Feature, text: string): number | string {
  if (text === '') return NaN;
  if (feature.type === 'category') {
    const index = feature.values.indexOf(text);
    return index >= 0 ? index : `expected one of ${feature.values.join(', ')}`;
  }
  if (feature.type === 'binary')
    return TRUTH.get(text.toLowerCase()) ?? 'expected 0, 1, true or false';
  const value = NUMBER.test(text) ? Number(text) : NaN;
  if (!Number.isFinite(value)) return 'expected a number, got text';
  if (feature.type === 'integer' && !Number.isInteger(value)) return 'expected a whole number';
  const [low, high] = feature.range.map(Number);
  if (low === undefined || high === undefined || (value >= low && value <= high)) return value;
  if (feature.outside === 'clamp') return Math.min(high, Math.max(low, value));
  if (feature.outside === 'missing') return NaN;
  return `expected a number from ${String(low)} to ${String(high)} ${feature.unit}`;
}
