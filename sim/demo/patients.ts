/**
 * A hospital's patients for the demo's comparisons, read from the same two files that its agent reads, by the same rules.
 *
 * Source: models/heart-disease/mappings/uci.yaml, which says the same in SQL. Leaves to others: what may leave a hospital; nothing here does.
 */
import { readFileSync } from 'node:fs';
import { checkColumns, schemaFields, type DataSchema, type LocalRows } from '@plexus/core';
import type { DemoHospital } from './data.js';

/** Field of a line → number, by the name that the study gives the column; a category is the index of its declared value. */
const COLUMNS: Readonly<Record<string, (fields: readonly number[]) => number>> = {
  age: (fields) => at(fields, 0),
  sex: (fields) => at(fields, 1),
  chest_pain: (fields) => at(fields, 2) - 1,
  rest_bp: (fields) => at(fields, 3),
  cholesterol: (fields) => at(fields, 4),
  high_fasting_sugar: (fields) => at(fields, 5),
  rest_ecg: (fields) => at(fields, 6),
  max_heart_rate: (fields) => at(fields, 7),
  exercise_angina: (fields) => at(fields, 8),
  st_depression: (fields) => at(fields, 9),
  disease: (fields) => Number(at(fields, 13) > 0),
};

export function patientsOf(schema: DataSchema, { csv, split }: DemoHospital): LocalRows {
  const lines = linesOf(csv).map((line) =>
    line.split(',').map((field) => (field === '?' ? NaN : Number(field))),
  );
  const sides = linesOf(split)
    .slice(1)
    .map((line) => line.split(','));
  const side = (name: string): readonly Float64Array[] => {
    const rows = sides
      .filter(([, which]) => which === name)
      .map(([row]) => lines[Number(row) - 1] ?? []);
    const names = schemaFields(schema).map((field) => field.name);
    const raw = names.map((column) =>
      Float64Array.from(rows, (fields) => COLUMNS[column]?.(fields) ?? NaN),
    );
    return checkColumns(
      schema,
      raw,
      raw.map(() => 0),
      'open',
    ).values;
  };
  return { training: side('training'), heldOut: side('held-out') };
}

function linesOf(path: string): readonly string[] {
  return readFileSync(path, 'utf8')
    .split(/\r?\n/)
    .filter((line) => line !== '');
}

function at(fields: readonly number[], index: number): number {
  return fields[index] ?? NaN;
}
