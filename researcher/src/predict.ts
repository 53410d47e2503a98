/**
 * Predicts patients of a CSV with a fetched model: scaling constants from the state, a row's prediction beside it.
 *
 * Works offline. Leaves to others: the engine (handed in, so that only `model predict` ever loads TensorFlow).
 */
import {
  encodeRows,
  featureColumns,
  inputShape,
  PlexusError,
  scalingOf,
  weightsOf,
  type Target,
  type TrainingEngine,
} from '@plexus/core';
import { csvField, parseCsv } from './csv.js';
import type { ModelFolder } from './model-folder.js';
import { patientsOf } from './patients.js';

const DIGITS = 6;

/**
 * The same CSV with `probability`, one `probability:<value>` for each value of a category, `prediction` of a number, or `log_hazard`;
 * empty where the study refuses or drops a patient with that value missing.
 *
 * Errors   operator/CSV_SHAPE, CSV_COLUMN_MISSING or CSV_VALUE, naming the line. Nothing is predicted unless every line reads.
 */
export function predictCsv(engine: TrainingEngine, folder: ModelFolder, text: string): string {
  const { manifest, model, state } = folder;
  const schema = manifest.data;
  const table = parseCsv(text);
  const results = resultColumns(schema.target);
  const taken = results.find((name) => table.header.includes(name));
  if (taken !== undefined)
    throw new PlexusError('CSV_SHAPE', `line 1: expected no column ${taken}, it is the result`);
  const { columns, usable } = patientsOf(schema, table);
  const context = { schema, model };
  const x = encodeRows(schema, columns, scalingOf(state, featureColumns(schema).length));
  engine.load(model, inputShape(context));
  engine.setWeights(weightsOf(context, state));
  const scores = engine.predict(x, table.records.length);
  const lines = table.records.map(({ fields }, row) => {
    const own = scores.subarray(row * results.length, (row + 1) * results.length);
    const shown = Array.from(own, (score) => (usable[row] === true ? score.toFixed(DIGITS) : ''));
    return [...fields.map(csvField), ...shown].join(',');
  });
  return [[...table.header, ...results].map(csvField).join(','), ...lines, ''].join('\n');
}

/** One for each output of the model. */
function resultColumns(target: Target): readonly string[] {
  switch (target.type) {
    case 'binary':
      return ['probability'];
    case 'category':
      return target.values.map((value) => `probability:${value}`);
    case 'number':
    case 'integer':
      return ['prediction'];
    case 'time-to-event':
      return ['log_hazard'];
  }
}
