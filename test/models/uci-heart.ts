/** The heart-disease study on the four UCI files, read without the agent, for the tests and benches that need real patients. */
import { readFileSync } from 'node:fs';
import {
  type DataSchema,
  featureColumns,
  fromHex,
  initialState,
  type LocalRows,
  type ModelSpec,
  oneInput,
  parseDataSchema,
  parseModel,
  parseTasks,
  roundsOf,
  type TaskSpec,
  type TaskState,
  type TrainingEngine,
} from '@plexus/core';
import { nodeSuite } from '@plexus/suite';
import { parse } from 'yaml';
import { playRound } from '../core/task/federation.ts';
import { sharedFile } from '../data.ts';

export const HOSPITALS = ['cleveland', 'hungarian', 'switzerland', 'va'] as const;

export interface HeartStudy {
  readonly schema: DataSchema;
  readonly model: ModelSpec;
  readonly tasks: readonly TaskSpec[];
  readonly rules: { readonly maxCohort: number; readonly wMax: string };
}

export interface Outcome {
  readonly state: TaskState;
  readonly metrics: Readonly<Record<string, string>>;
}

const folder = new URL('../../models/heart-disease/', import.meta.url);
const readYaml = (name: string): unknown => parse(readFileSync(new URL(name, folder), 'utf8'));

/** What the files of models/heart-disease say. */
export function heartStudy(): HeartStudy {
  const schema = parseDataSchema(readYaml('schema.yaml'), 'schema');
  if (schema.kind === 'refused') throw new Error(JSON.stringify(schema.problems));
  const written = readYaml('study.yaml') as {
    readonly tasks: unknown;
    readonly secagg: { readonly wMax: number };
  };
  const model = parseModel(
    readYaml('model.yaml'),
    oneInput([featureColumns(schema.schema).length]),
    'model',
  );
  const tasks = parseTasks(written.tasks, schema.schema, 'tasks');
  if (model.kind === 'refused') throw new Error(JSON.stringify(model.problems));
  if (tasks.kind === 'refused') throw new Error(JSON.stringify(tasks.problems));
  const rules = { maxCohort: HOSPITALS.length, wMax: String(written.secagg.wMax) };
  return { schema: schema.schema, model: model.model, tasks: tasks.tasks, rules };
}

/** Every task and round, each through quantiser, sum and decoding. */
export function runStudy(
  study: HeartStudy,
  seed: number,
  engine: TrainingEngine,
  hospitals: readonly LocalRows[],
): Outcome {
  const { schema, model, rules } = study;
  const studySeed = fromHex(seed.toString(16).padStart(64, '0'));
  let state = initialState(nodeSuite, { schema, model, studySeed });
  let metrics: Readonly<Record<string, string>> = {};
  study.tasks.forEach((task, taskIndex) => {
    for (let roundInTask = 0; roundInTask < roundsOf(task); roundInTask++) {
      const place = { task, taskIndex, roundInTask };
      const context = { suite: nodeSuite, schema, model, rules, studySeed, ...place };
      ({ state, metrics } = playRound(context, state, engine, hospitals));
    }
  });
  return { state, metrics };
}

/** The patients of HOSPITALS, or undefined where the files are absent. Line numbers of split.json count from 1. */
export function uciHospitals({ features }: DataSchema): readonly LocalRows[] | undefined {
  const path = sharedFile('data/uci-heart');
  if (path === undefined) return undefined;
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
