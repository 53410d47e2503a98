/** A small federation for task tests: schema, model, four hospitals of seeded patients, and a round through the quantiser. */
import {
  advance,
  contribute,
  cutToField,
  decodeSum,
  encodeVector,
  layoutOf,
  makeLayout,
  parseDataSchema,
  roundingSeed,
  type DataSchema,
  type TaskState,
} from '@plexus/core';
import { nodeSuite } from '@plexus/suite';
import type { Advanced, LocalRows, TaskContext } from '../../../core/src/task/context.ts';
import type { TrainingEngine } from '../../../core/src/task/engine-port.ts';
import type { ModelSpec } from '../../../core/src/model/spec.ts';
import type { TrainTask } from '../../../core/src/task/spec.ts';
import { sample } from '../data-schema/sample.ts';

export const schema: DataSchema = (() => {
  const parsed = parseDataSchema(sample, 'data');
  if (parsed.kind === 'refused') throw new Error(JSON.stringify(parsed.problems));
  return parsed.schema;
})();

export const logistic: ModelSpec = {
  name: 'logistic',
  loss: 'binaryCrossentropy',
  layers: [
    { type: 'dense', units: 1, activation: 'sigmoid', useBias: true, kernelInitializer: 'zeros' },
  ],
};

export const training: TrainTask = {
  kind: 'train',
  rounds: 2,
  localSteps: 20,
  localEpochs: 0,
  batchSize: 4,
  optimizer: { kind: 'sgd', learningRate: '0.05' },
  clip: '1',
  weighting: 'examples',
};

/** What of a context is plain data. */
export const facts: Omit<TaskContext<TrainTask>, 'suite'> = {
  schema,
  model: logistic,
  task: training,
  taskIndex: 1,
  roundInTask: 0,
  rules: { maxCohort: 4, wMax: '60' },
  studySeed: nodeSuite.sha256(Uint8Array.of(7)),
};

export const context: TaskContext<TrainTask> = { ...facts, suite: nodeSuite };

/** The same study in its first task. */
export const moments: TaskContext = { ...context, task: { kind: 'moments' }, taskIndex: 0 };

/** Hospitals of 30, 40, 50 and 60 training patients and 20 held out; the old are ill more often. */
export const hospitals: readonly LocalRows[] = [30, 40, 50, 60].map((count, h) => ({
  training: patients(count, 100 + h),
  heldOut: patients(20, 200 + h),
}));

/** One round as the secure sum computes it over a roster's members: quantised, summed mod 2^32, cut, decoded. */
export function playRound(
  given: TaskContext,
  state: TaskState,
  engine: TrainingEngine,
  members: readonly LocalRows[] = hospitals,
  roster: readonly number[] = members.map((_, h) => h + 1),
): Advanced {
  const layout = makeLayout(layoutOf(given));
  const { maxCohort } = given.rules;
  const vectors = roster.map((rosterIndex) => {
    const local = { ...given, rosterIndex };
    const rows = members[rosterIndex - 1] ?? { training: [], heldOut: [] };
    const values = contribute(local, state, rows, engine);
    const seed = roundingSeed(nodeSuite, given.studySeed, local);
    return encodeVector(nodeSuite, layout, maxCohort, values, seed).words;
  });
  const total = vectors.reduce((sum, words) => sum.map((word, i) => word + (words[i] ?? 0)));
  cutToField(layout, total);
  return advance(given, state, decodeSum(layout, maxCohort, total, roster.length));
}

function patients(count: number, seed: number): readonly Float64Array[] {
  const stream = nodeSuite.keystream(nodeSuite.sha256(Uint8Array.of(seed)), 5 * count);
  const column = (of: (draw: (which: number) => number) => number): Float64Array =>
    Float64Array.from({ length: count }, (_, i) => of((k) => (stream[5 * i + k] ?? 0) / 256));
  const age = column((draw) => Math.floor(30 + 50 * draw(0)));
  const risk = column((draw) => 0.5 * draw(4));
  return [
    age,
    column((draw) => Math.floor(3 * draw(1))),
    column((draw) => (draw(2) < 0.1 ? NaN : 150 + 200 * draw(2))),
    column((draw) => (draw(3) < 0.5 ? 1 : 0)),
    age.map((years, i) => (years / 80 + (risk[i] ?? 0) > 1 ? 1 : 0)),
  ];
}
