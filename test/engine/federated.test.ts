/** Every kind of target trained over three hospitals, each round through quantiser and sum, by the engine that `auto` takes. */
import {
  initialState,
  oneInput,
  parseDataSchema,
  parseModel,
  type DataSchema,
  type LocalRows,
  type TaskContext,
  type TrainTask,
} from '@plexus/core';
import { createEngine } from '@plexus/engine';
import { nodeSuite } from '@plexus/suite';
import { describe, expect, it } from 'vitest';
import { playRound, training } from '../core/task/federation.ts';

const FEATURES = 4;
const own = { class: 'health-status', level: 3 };
const measured = { unit: 'mo', range: [-20, 40], outside: 'clamp' };
const adam: TrainTask['optimizer'] = {
  kind: 'adam',
  learningRate: '0.02',
  beta1: '0.9',
  beta2: '0.999',
  epsilon: '0.0000001',
};
const task: TrainTask = { ...training, rounds: 8, localSteps: 40, batchSize: 16, optimizer: adam };

interface Story {
  readonly target: object;
  readonly loss: string;
  readonly layers: readonly object[];
  /** The target's columns of one patient, from features in [−1, 1] and a draw in [0, 1). */
  readonly truth: (x: readonly number[], draw: number) => readonly number[];
  readonly engine: string;
}

const STORIES: Readonly<Record<string, Story>> = {
  'one of three classes': {
    target: { name: 'stage', type: 'category', values: ['a', 'b', 'c'], ...own },
    loss: 'categoricalCrossentropy',
    layers: [
      { type: 'dense', units: 8, activation: 'relu' },
      { type: 'dropout', rate: 0.1 },
      { type: 'dense', units: 3, activation: 'softmax' },
    ],
    truth: ([a = 0, b = 0]) => [a > 0.3 ? 0 : b > 0 ? 1 : 2],
    engine: 'dense/1.0.0',
  },
  'a number': {
    target: { name: 'days', type: 'number', ...measured, ...own },
    loss: 'huber',
    layers: [
      { type: 'dense', units: 8, activation: 'tanh' },
      { type: 'dense', units: 1 },
    ],
    truth: ([a = 0, b = 0], draw) => [3 * a - 2 * b + 0.5 * draw],
    engine: 'dense/1.0.0',
  },
  'a time to an event': {
    target: { name: 'death', type: 'time-to-event', ...measured, ...own },
    loss: 'coxPartialLikelihood',
    layers: [{ type: 'dense', units: 1, useBias: false }],
    truth: ([a = 0, b = 0], draw) => {
      const time = -Math.log(1 - draw) * 10 * Math.exp(-2 * a + b);
      return [Math.min(time, 30), time < 30 ? 1 : 0];
    },
    engine: 'dense/1.0.0',
  },
  'yes or no, from a sequence': {
    target: { name: 'alarm', type: 'binary', ...own },
    loss: 'binaryCrossentropy',
    layers: [
      { type: 'reshape', targetShape: [FEATURES, 1] },
      { type: 'lstm', units: 6 },
      { type: 'dense', units: 1, activation: 'sigmoid' },
    ],
    truth: ([, , c = 0, d = 0]) => [d > c ? 1 : 0],
    engine: 'wasm/4.22.0',
  },
};

function schemaOf(target: object): DataSchema {
  const features = Array.from({ length: FEATURES }, (_, i) => ({
    ...{ name: `x${String(i)}`, type: 'number', unit: '1', range: [-1, 1], outside: 'refuse' },
    ...{ missing: 'refuse', scale: 'none', ...own },
  }));
  const rest = { unit: 'patient', maxLevel: 3, consent: { mode: 'opt-out' }, suppression: 'open' };
  const parsed = parseDataSchema({ ...rest, target, features }, 'data');
  if (parsed.kind === 'refused') throw new Error(JSON.stringify(parsed.problems));
  return parsed.schema;
}

function patients(count: number, seed: number, truth: Story['truth']): readonly Float64Array[] {
  const stream = nodeSuite.keystream(nodeSuite.sha256(Uint8Array.of(seed)), 5 * count);
  const rows = Array.from({ length: count }, (_, row) => {
    const draws = Array.from(stream.subarray(5 * row, 5 * row + 5), (byte) => byte / 256);
    const x = draws.slice(0, FEATURES).map((draw) => 2 * draw - 1);
    return [...x, ...truth(x, draws[FEATURES] ?? 0)];
  });
  return (rows[0] ?? []).map((_, i) => Float64Array.from(rows, (row) => row[i] ?? NaN));
}

describe.each(Object.entries(STORIES))('%s', (_, story) => {
  it('is learnt by three hospitals together', async () => {
    const schema = schemaOf(story.target);
    const plain = { name: 'm', loss: story.loss, layers: story.layers };
    const parsed = parseModel(plain, oneInput([FEATURES]), 'model');
    if (parsed.kind === 'refused') throw new Error(JSON.stringify(parsed.problems));
    const { model } = parsed;
    const members = [80, 100, 120].map((count, h): LocalRows => ({
      training: patients(count, 10 + h, story.truth),
      heldOut: patients(60, 20 + h, story.truth),
    }));
    const engine = await createEngine('auto', model);
    expect(engine.id).toBe(story.engine);
    const start = { schema, model, studySeed: nodeSuite.sha256(Uint8Array.of(1)) };
    const context: TaskContext<TrainTask> = {
      ...{ ...start, suite: nodeSuite, task, taskIndex: 0, roundInTask: 0 },
      rules: { maxCohort: 3, wMax: '200' },
    };
    let state = initialState(nodeSuite, start);
    for (let roundInTask = 0; roundInTask < task.rounds; roundInTask++)
      ({ state } = playRound({ ...context, roundInTask }, state, engine, members));
    const judge = { ...context, task: { kind: 'evaluate' } } as const;
    const before = playRound(judge, initialState(nodeSuite, start), engine, members).metrics;
    const after = playRound(judge, state, engine, members).metrics;
    engine.dispose();
    expect(after['examples']).toBe('180');
    const is = (name: string): number => Number(after[name] ?? NaN);
    if (schema.target.type === 'category') expect(is('macroRecall')).toBeGreaterThan(0.8);
    if (schema.target.type === 'number') expect(is('r2')).toBeGreaterThan(0.9);
    if (schema.target.type === 'time-to-event') expect(is('concordance')).toBeGreaterThan(0.75);
    if (schema.target.type === 'binary') expect(is('auc')).toBeGreaterThan(0.95);
    if (before['loss'] !== undefined) expect(is('loss')).toBeLessThan(Number(before['loss']));
  });
});
