/**
 * The heart-disease study over five seeds, through the quantiser and the decoded sums of the protocol, on the wasm engine.
 *
 * Run: npx vitest bench --run bench/heart.bench.ts. Needs the UCI files (data.md section 9). To reach, as means of five seeds:
 * mean of four hospitals ≥ .785, pooled test ≥ .780, AUC ≥ .875. Accuracy and AUC here are exact, from the scores themselves.
 */
import { readFileSync } from 'node:fs';
import { bench } from 'vitest';
import { parse } from 'yaml';
import {
  encodeRows,
  featureColumns,
  fromHex,
  initialState,
  parseDataSchema,
  parseModel,
  parseTasks,
  roundsOf,
  scalingOf,
  weightsOf,
  type DataSchema,
  type LocalRows,
  type TaskState,
} from '@plexus/core';
import { createEngine } from '@plexus/engine';
import { nodeSuite } from '@plexus/suite';
import { playRound } from '../test/core/task/federation.ts';
import { sharedFile } from '../test/data.ts';

const HOSPITALS = ['cleveland', 'hungarian', 'switzerland', 'va'] as const;
const SEEDS = [1, 2, 3, 4, 5];
const folder = new URL('../models/heart-disease/', import.meta.url);
const readYaml = (name: string): unknown => parse(readFileSync(new URL(name, folder), 'utf8'));

const parsedSchema = parseDataSchema(readYaml('schema.yaml'), 'schema');
if (parsedSchema.kind === 'refused') throw new Error(JSON.stringify(parsedSchema.problems));
const { schema } = parsedSchema;
const width = featureColumns(schema).length;
const written = readYaml('study.yaml') as {
  readonly tasks: unknown;
  readonly secagg: { readonly wMax: number };
};
const parsedModel = parseModel(readYaml('model.yaml'), width, 'model');
const parsedTasks = parseTasks(written.tasks, schema, 'tasks');
if (parsedModel.kind === 'refused') throw new Error(JSON.stringify(parsedModel.problems));
if (parsedTasks.kind === 'refused') throw new Error(JSON.stringify(parsedTasks.problems));
const { model } = parsedModel;
const { tasks } = parsedTasks;
const rules = { maxCohort: HOSPITALS.length, wMax: String(written.secagg.wMax) };

const data = sharedFile('data/uci-heart');
if (data !== undefined) {
  const hospitals = readHospitals(data, schema);
  const engine = await createEngine('wasm');
  const study = (seed: number): { state: TaskState; metrics: Readonly<Record<string, string>> } => {
    const studySeed = fromHex(seed.toString(16).padStart(64, '0'));
    let state = initialState(nodeSuite, { schema, model, studySeed });
    let metrics: Readonly<Record<string, string>> = {};
    tasks.forEach((task, taskIndex) => {
      for (let roundInTask = 0; roundInTask < roundsOf(task); roundInTask++) {
        const context = { suite: nodeSuite, schema, model, task, rules, studySeed };
        const place = { taskIndex, roundInTask };
        ({ state, metrics } = playRound({ ...context, ...place }, state, engine, hospitals));
      }
    });
    return { state, metrics };
  };

  const rows = SEEDS.map((seed) => {
    const started = performance.now();
    const { state, metrics } = study(seed);
    const seconds = (performance.now() - started) / 1000;
    engine.load(model, width);
    engine.setWeights(weightsOf({ schema, model }, state));
    const scored = hospitals.map(({ heldOut }) => {
      const labels = heldOut[schema.features.length] ?? new Float64Array(0);
      const x = encodeRows(schema, heldOut, scalingOf(state, width));
      return { labels: [...labels], scores: [...engine.predict(x, labels.length)] };
    });
    const accuracies = scored.map(({ labels, scores }) => accuracyOf(labels, scores));
    const labels = scored.flatMap((one) => one.labels);
    const scores = scored.flatMap((one) => one.scores);
    return {
      ...Object.fromEntries(HOSPITALS.map((name, h) => [name, accuracies[h] ?? NaN])),
      'mean of four': accuracies.reduce((sum, x) => sum + x, 0) / accuracies.length,
      'pooled test': accuracyOf(labels, scores),
      AUC: aucOf(labels, scores),
      'pooled test, from sums': Number(metrics['accuracy']),
      'AUC, from sums': Number(metrics['auc']),
      'loss, from sums': Number(metrics['loss']),
      seconds,
    };
  });
  const columns = Object.keys(rows[0] ?? {});
  const mean = (column: string): number =>
    rows.reduce(
      (sum, row) => sum + (Object.entries(row).find(([name]) => name === column)?.[1] ?? NaN),
      0,
    ) / rows.length;
  const table = Object.fromEntries([
    ...rows.map((row, i) => [`seed ${String(SEEDS[i])}`, rounded(Object.entries(row))] as const),
    ['mean', rounded(columns.map((column) => [column, mean(column)]))] as const,
  ]);
  console.table(table);

  bench('the whole study: 4 hospitals, 17 rounds, one thread', () => void study(1), {
    iterations: 3,
    warmupIterations: 0,
    time: 0,
  });
}

function rounded(entries: readonly (readonly [string, number])[]): Record<string, number> {
  return Object.fromEntries(entries.map(([name, value]) => [name, Number(value.toFixed(4))]));
}

/** The published files and split, read without the agent: line numbers of split.json count from 1. */
function readHospitals(path: string, { features }: DataSchema): readonly LocalRows[] {
  const split = JSON.parse(readFileSync(new URL('split.json', folder), 'utf8')) as Record<
    string,
    { readonly training: readonly number[]; readonly 'held-out': readonly number[] }
  >;
  return HOSPITALS.map((name) => {
    const lines = readFileSync(`${path}/processed.${name}.data`, 'utf8').split(/\r?\n/);
    const side = (numbers: readonly number[]): readonly Float64Array[] =>
      Array.from({ length: features.length + 1 }, (_, column) =>
        Float64Array.from(numbers, (line) => {
          const fields = (lines[line - 1] ?? '').split(',').map(Number);
          return cell(column === features.length ? 'num' : (features[column]?.name ?? ''), fields);
        }),
      );
    const sides = split[name] ?? { training: [], 'held-out': [] };
    return { training: side(sides.training), heldOut: side(sides['held-out']) };
  });
}

/** A column as the mapping of models/heart-disease gives it: categories as the index of the declared value. */
function cell(name: string, fields: readonly number[]): number {
  const at = (index: number): number => fields[index] ?? NaN;
  const columns: Readonly<Record<string, number>> = {
    age: at(0),
    sex: at(1),
    chest_pain: at(2) - 1,
    rest_bp: at(3),
    cholesterol: at(4),
    high_fasting_sugar: at(5),
    rest_ecg: at(6),
    max_heart_rate: at(7),
    exercise_angina: at(8),
    st_depression: at(9),
    num: at(13) > 0 ? 1 : 0,
  };
  const value = columns[name] ?? NaN;
  if (Number.isNaN(value)) throw new Error(`column ${name}: expected a number on every line`);
  return value;
}

function accuracyOf(labels: readonly number[], scores: readonly number[]): number {
  const right = labels.filter((label, i) => (scores[i] ?? NaN) >= 0.5 === (label === 1));
  return right.length / labels.length;
}

/** The share of pairs in which the ill patient has the higher score; ties count half. */
function aucOf(labels: readonly number[], scores: readonly number[]): number {
  const of = (label: number): readonly number[] => scores.filter((_, i) => labels[i] === label);
  const ill = of(1);
  const well = of(0);
  const wins = ill.flatMap((p) => well.map((n) => (p > n ? 1 : p === n ? 0.5 : 0)));
  return wins.reduce((sum: number, win) => sum + win, 0) / wins.length;
}
