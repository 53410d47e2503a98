/**
 * The checks that every hospital's columns must pass before anything is computed from them, and what is to be done with values
 * outside a range or missing: one plan, from the schema alone.
 *
 * Findings carry counts already shown under the suppression profile, never a value (I9): terminals get copied.
 * Source: data.md sections 2, 6, 7 and 8. Leaves to others: reading (node-agent/src/data), patients' consent, the wording of a report.
 */
import type { Code } from '../base/error.js';
import { disclosureRule, shownCount } from './disclosure.js';
import type { DataSchema, Feature, NumberFeature, SuppressionProfile } from './schema.js';
import { schemaFields } from './target.js';

/** Index of a category that the schema does not list. NaN is a missing value. */
export const UNKNOWN_CATEGORY = -1;

export interface Finding {
  readonly code: Code;
  readonly text: string;
}

/** What may be said of one column. Quantiles are of whole columns; undefined below 20 · k values, or where the column is no number. */
export interface ColumnSummary {
  readonly name: string;
  readonly unit: string;
  readonly missing: string;
  readonly outside: string;
  readonly quantiles:
    { readonly low: number; readonly median: number; readonly high: number } | undefined;
  readonly range: readonly [string, string] | undefined;
  readonly findings: readonly Finding[];
}

export interface CheckedColumns {
  readonly columns: readonly ColumnSummary[];
  readonly problems: readonly Finding[];
  /** The rows that can be used, in the order they came. */
  readonly rows: Uint32Array;
  /** Features in schema order, then the target's; used rows only, clamped and with NaN for what is missing. Secret: rows. */
  readonly values: readonly Float64Array[];
}

/**
 * Checks raw columns and keeps the complete enough rows.
 *
 * Shapes   raw: one per field (schemaFields); numbers as read, binary 0 or 1, categories as the index of the
 *          declared value or UNKNOWN_CATEGORY; NaN is missing. infinite: how many NaN of a column came as NaN or infinity.
 * Errors   none: problems are returned, all at once.
 * Secret   raw and values are rows.
 */
export function checkColumns(
  schema: DataSchema,
  raw: readonly Float64Array[],
  infinite: readonly number[],
  profile: SuppressionProfile,
): CheckedColumns {
  const rowCount = raw[0]?.length ?? 0;
  const fields = schemaFields(schema);
  const dropped = new Uint8Array(rowCount);
  const values: Float64Array[] = [];
  const columns = fields.map((field, i) => {
    const column = (raw[i] ?? new Float64Array(0)).slice();
    values.push(column);
    return checkColumn(field, column, infinite[i] ?? 0, dropped, profile);
  });
  const rows = Uint32Array.from(Array.from(dropped.keys()).filter((row) => dropped[row] === 0));
  const problems = columns.flatMap((column) => column.findings);
  return {
    columns,
    problems,
    rows,
    values: values.map((column) => Float64Array.from(rows, (row) => column[row] ?? NaN)),
  };
}

/** The hospital sits a study out if it has fewer patients than the profile asks for. */
export function checkPatients(patients: number, profile: SuppressionProfile): readonly Finding[] {
  const { minPatients } = disclosureRule(profile);
  if (patients >= minPatients) return [];
  const text = `patients: expected at least ${String(minPatients)}, got ${shownCount(patients, profile)}`;
  return [{ code: 'DATA_TOO_FEW_PATIENTS', text }];
}

function checkColumn(
  field: Feature,
  column: Float64Array,
  infinite: number,
  dropped: Uint8Array,
  profile: SuppressionProfile,
): ColumnSummary {
  const findings: Finding[] = [];
  const place = `column ${field.name}`;
  const shown = (count: number): string => shownCount(count, profile);
  const note = (code: Code, text: string): number =>
    findings.push({ code, text: `${place}: ${text}` });
  if (infinite > 0) note('DATA_NOT_FINITE', `${shown(infinite)} rows are not finite`);

  const wasMissing = countMissing(column) - infinite;
  const number = field.type === 'number' || field.type === 'integer' ? field : undefined;
  const sorted = number === undefined ? undefined : column.filter((x) => !Number.isNaN(x)).sort();
  if (number && sorted) checkMedian(number, sorted, note);
  const outside = number ? applyRange(number, column) : 0;
  if (number?.outside === 'refuse' && outside > 0)
    note('DATA_OUT_OF_RANGE', `${shown(outside)} rows outside ${rangeText(number)}`);
  if (number?.type === 'integer' && sorted?.some((x) => !Number.isInteger(x)) === true)
    note('DATA_COLUMN_TYPE', 'expected whole numbers');
  const unknown = column.reduce((count, x) => count + (x === UNKNOWN_CATEGORY ? 1 : 0), 0);
  if (field.type === 'category' && unknown > 0)
    note(
      'DATA_CATEGORY_UNKNOWN',
      `${shown(unknown)} rows outside the ${String(field.values.length)} allowed values`,
    );
  const neither =
    field.type === 'binary'
      ? column.filter((x) => !Number.isNaN(x) && x !== 0 && x !== 1).length
      : 0;
  if (neither > 0) note('DATA_CATEGORY_UNKNOWN', `${shown(neither)} rows are neither 0 nor 1`);
  checkMissing(field, column, dropped, profile, note);
  return {
    name: field.name,
    unit: number?.unit ?? '',
    missing: shown(wasMissing),
    outside: shown(outside),
    quantiles: sorted && quantilesOf(sorted, profile),
    range: number?.range,
    findings,
  };
}

/** A median outside the range is the mark of a wrong unit: mmol/L for mg/dL, cm for m. */
function checkMedian(
  field: NumberFeature,
  sorted: Float64Array,
  note: (code: Code, text: string) => void,
): void {
  const median = sorted[Math.floor(sorted.length / 2)];
  if (median === undefined || isInside(field, median)) return;
  note(
    'DATA_UNIT_SUSPECT',
    `median outside ${rangeText(field)} ${field.unit}; is the unit ${field.unit}?`,
  );
}

/** Applies the policy for values outside the range in place, and counts them. */
function applyRange(field: NumberFeature, column: Float64Array): number {
  const low = Number(field.range[0]);
  const high = Number(field.range[1]);
  let outside = 0;
  column.forEach((x, row) => {
    if (Number.isNaN(x) || isInside(field, x)) return;
    outside++;
    if (field.outside === 'missing') column[row] = NaN;
    if (field.outside === 'clamp') column[row] = x < low ? low : high;
  });
  return outside;
}

function checkMissing(
  field: Feature,
  column: Float64Array,
  dropped: Uint8Array,
  profile: SuppressionProfile,
  note: (code: Code, text: string) => void,
): void {
  const missing = countMissing(column);
  const policy = field.missing;
  if (policy === 'refuse' && missing > 0)
    note(
      'DATA_VALUE_MISSING',
      `${shownCount(missing, profile)} rows have no value, and the study requires one`,
    );
  if (policy === 'drop-row')
    column.forEach((x, row) => {
      if (Number.isNaN(x)) dropped[row] = 1;
    });
  const limit = 'maxMissing' in field ? field.maxMissing : undefined;
  if (limit !== undefined && missing > Number(limit) * column.length) {
    const { cell } = disclosureRule(profile);
    // a share of a known number of rows is a count: it follows the same rule
    const share =
      missing < cell ? `${shownCount(missing, profile)} rows` : percent(missing / column.length);
    note('DATA_TOO_MANY_MISSING', `${share} missing, limit ${percent(Number(limit))}`);
  }
}

/** 5 %, 50 % and 95 %: each stands on k patients or more at its side, and no extreme is ever told. */
function quantilesOf(
  sorted: Float64Array,
  profile: SuppressionProfile,
): ColumnSummary['quantiles'] {
  if (sorted.length < 20 * disclosureRule(profile).cell) return undefined;
  const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? NaN;
  return { low: at(0.05), median: at(0.5), high: at(0.95) };
}

function isInside(field: NumberFeature, x: number): boolean {
  return x >= Number(field.range[0]) && x <= Number(field.range[1]);
}

function rangeText(field: NumberFeature): string {
  return `${field.range[0]}..${field.range[1]}`;
}

function countMissing(column: Float64Array): number {
  return column.reduce((count, x) => count + (Number.isNaN(x) ? 1 : 0), 0);
}

function percent(share: number): string {
  return `${String(Math.round(share * 100))} %`;
}
