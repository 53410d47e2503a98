/**
 * Predicts patients of a CSV with a fetched model: scaling constants from the state, one probability a row.
 *
 * Works offline. Leaves to others: the engine (handed in, so that only `model predict` ever loads TensorFlow).
 */
import {
  encodeRows,
  featureColumns,
  inputWidth,
  PlexusError,
  scalingOf,
  weightsOf,
  type TrainingEngine,
} from '@plexus/core';
import { csvField, parseCsv } from './csv.js';
import type { ModelFolder } from './model-folder.js';
import { patientsOf } from './patients.js';

const DIGITS = 6;
const COLUMN = 'probability';

/**
 * The same CSV with a column `probability`; empty where the study refuses or drops a patient with that value missing.
 *
 * Errors   operator/CSV_SHAPE, CSV_COLUMN_MISSING or CSV_VALUE, naming the line. Nothing is predicted unless every line reads.
 */
export function predictCsv(engine: TrainingEngine, folder: ModelFolder, text: string): string {
  const { manifest, model, state } = folder;
  const schema = manifest.data;
  const table = parseCsv(text);
  if (table.header.includes(COLUMN))
    throw new PlexusError('CSV_SHAPE', `line 1: expected no column ${COLUMN}, it is the result`);
  const { columns, usable } = patientsOf(schema, table);
  const context = { schema, model };
  const x = encodeRows(schema, columns, scalingOf(state, featureColumns(schema).length));
  engine.load(model, inputWidth(context));
  engine.setWeights(weightsOf(context, state));
  const scores = engine.predict(x, table.records.length);
  const lines = table.records.map(({ fields }, row) => {
    const score = usable[row] === true ? (scores[row] ?? NaN).toFixed(DIGITS) : '';
    return [...fields.map(csvField), score].join(',');
  });
  return [[...table.header.map(csvField), COLUMN].join(','), ...lines, ''].join('\n');
}
