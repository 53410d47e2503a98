import {
  modelShapes,
  parseModel,
  type LayerSpec,
  type ModelInput,
  type ModelSpec,
} from '@plexus/core';
import { createEngine, type EngineName } from '@plexus/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { TfjsModel } from '../../engine/src/tfjs-model.ts';
import { LAYERS } from '../core/model/example.ts';
import { LINEAR, someNumbers } from './models.ts';

const SHAPES = [[6], [6, 4], [6, 6, 4], [2, 6, 6, 4], [2, 2, 6, 6, 4]];
const MERGES = [
  ...['add', 'multiply', 'average', 'maximum', 'minimum', 'concatenate'].map((type) => ({ type })),
  { type: 'concatenate', axis: 1 },
  { type: 'dot', axes: 1 },
  { type: 'dot', axes: 2 },
  { type: 'dot', axes: 1, normalize: true },
].map((layer) => ({ ...layer, inputs: ['input', 'other'] }));

function inputsOf(count: number, shape: readonly number[]): readonly ModelInput[] {
  return ['input', 'other'].slice(0, count).map((name) => ({ name, shape }));
}

/** The layer alone, as core writes it; undefined if core refuses it here. */
function alone(layer: object, inputs: readonly ModelInput[]): ModelSpec | undefined {
  const layers = [layer, { type: 'flatten' }, LINEAR];
  const parsed = parseModel({ name: 'x', loss: 'meanSquaredError', layers }, inputs, 'model');
  if (parsed.kind === 'refused') return undefined;
  return { ...parsed.model, layers: parsed.model.layers.slice(0, 1) };
}

/** Every type with an input of every rank, as far as core lets it through. */
const cases = SHAPES.flatMap((shape) => [
  ...LAYERS.map(([, layer]) => ({ shape, layer, inputs: inputsOf(1, shape) })),
  ...MERGES.map((layer) => ({ shape, layer, inputs: inputsOf(2, shape) })),
]).flatMap((given) => {
  const model = alone(given.layer, given.inputs);
  return model === undefined ? [] : [{ ...given, model }];
});

describe.each(['wasm', 'cpu'] as const)('what core lets through, on %s', (name: EngineName) => {
  beforeAll(async () => {
    await createEngine(name);
  });

  it.each(cases)('$layer reads $shape and trains', async ({ model, inputs }) => {
    await tf.setBackend(name);
    const live = new TfjsModel(model, inputs);
    tf.tidy(() => {
      const values = inputs.map(({ shape }) => {
        const extents = [2, ...shape];
        return tf.tensor(someNumbers(tf.util.sizeFromShape(extents)), extents);
      });
      const forward = (): tf.Scalar => {
        const output = live.forward(values, 1);
        expect(output.shape).toEqual([2, ...(modelShapes(model, inputs)[0] ?? [])]);
        return tf.sum(output);
      };
      const variables = live.trainable;
      if (variables.length === 0) forward();
      else {
        const { grads } = tf.variableGrads(forward, [...variables]);
        expect(Object.keys(grads).length).toBe(variables.length);
      }
    });
    live.dispose();
  });
});

it('has a case for every type of core', () => {
  const types = new Set(
    cases.map(({ model }): LayerSpec['type'] | undefined => model.layers[0]?.type),
  );
  expect(
    LAYERS.every(([, layer]) => 'type' in layer && types.has(layer.type as LayerSpec['type'])),
  ).toBe(true);
});
