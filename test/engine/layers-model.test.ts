import {
  layersModelFiles,
  modelParameters,
  oneInput,
  type ModelSpec,
  type Shape,
} from '@plexus/core';
import { createEngine } from '@plexus/engine';
import * as tf from '@tensorflow/tfjs-core';
import { loadLayersModel } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { LAYERS } from '../core/model/example.ts';
import { LINEAR, modelOf, someNumbers, someWeights } from './models.ts';

const ROWS = 3;

/** What tfjs predicts after loading the exported files, and what the engine predicts. */
async function bothPredictions(
  model: ModelSpec,
  shape: Shape,
): Promise<readonly [Float32Array, Float32Array]> {
  const inputs = oneInput(shape);
  const weights = someWeights(model, inputs);
  const state = modelParameters(model, inputs).map(({ name, shape: extents }, i) => {
    return { dtype: 'f32', name, shape: extents, data: weights[i]! } as const;
  });
  const engine = await createEngine('wasm');
  const { modelJson, weightsBin } = layersModelFiles(model, state, shape);
  const json = JSON.parse(modelJson) as {
    modelTopology: object;
    weightsManifest: [{ weights: tf.io.WeightsManifestEntry[] }];
  };
  const loaded = await loadLayersModel(
    tf.io.fromMemory({
      modelTopology: json.modelTopology,
      weightSpecs: json.weightsManifest[0].weights,
      weightData: weightsBin.slice().buffer,
    }),
  );
  const size = tf.util.sizeFromShape([...shape]);
  // an embedding reads whole numbers; a masked step is one of zeros
  const isEmbedding = model.layers.some(({ type }) => type === 'embedding');
  const x = someNumbers(ROWS * size).map((value) =>
    isEmbedding ? Math.round(4 + 4 * value) : Math.abs(value) < 0.2 ? 0 : value,
  );
  engine.load(model, shape);
  engine.setWeights(weights);
  const predicted = engine.predict(x, ROWS);
  const scores = loaded.predict(tf.tensor(x, [ROWS, ...shape]));
  if (Array.isArray(scores)) throw new Error('expected one output');
  const theirs = Float32Array.from(scores.dataSync());
  scores.dispose();
  loaded.dispose();
  engine.dispose();
  return [theirs, predicted];
}

async function expectTheSame(model: ModelSpec, shape: Shape): Promise<void> {
  const [theirs, ours] = await bothPredictions(model, shape);
  expect(ours.length).toBe(ROWS);
  expect(new Set(ours).size).toBeGreaterThan(1); // it does depend on the row
  expect(theirs).toHaveLength(ours.length);
  // an LSTM of the engine sums in float64
  ours.forEach((value, i) => {
    expect(Math.abs(value - (theirs[i] ?? NaN))).toBeLessThan(1e-6 + 1e-6 * Math.abs(value));
  });
}

describe('an exported LayersModel predicts in tfjs what the engine predicts', () => {
  it.each(LAYERS.map(([shape, layer]) => ({ shape, layer })))(
    'with $layer of $shape',
    async ({ shape, layer }) => {
      await expectTheSame(modelOf([layer, { type: 'flatten' }, LINEAR], shape), shape);
    },
  );

  it.each(['simpleRNN', 'lstm', 'gru'])('with a bidirectional %s called forward', async (type) => {
    const inner = { type, units: 2, returnSequences: true };
    const layers = [
      { type: 'bidirectional', layer: inner, name: 'forward' },
      { type: 'bidirectional', layer: { ...inner, useBias: false }, mergeMode: 'mul' },
      { type: 'timeDistributed', layer: { type: 'dense', units: 2 } },
      { type: 'flatten' },
      LINEAR,
    ];
    await expectTheSame(modelOf(layers, [4, 3]), [4, 3]);
  });

  it('with masked sequences', async () => {
    const masking = [{ type: 'masking' }, { type: 'lstm', units: 3 }, LINEAR];
    await expectTheSame(modelOf(masking, [5, 1]), [5, 1]);
    const words = [
      { type: 'embedding', inputDim: 9, outputDim: 2, maskZero: true },
      { type: 'gru', units: 3 },
      LINEAR,
    ];
    await expectTheSame(modelOf(words, [6]), [6]);
  });

  it.each(['add', 'multiply', 'average', 'maximum', 'minimum', 'concatenate'])(
    'as a graph with %s',
    async (type) => {
      const layers = [
        { type: 'dense', units: 3, activation: 'tanh', name: 'a' },
        { type: 'dropout', rate: 0.5 },
        { type: 'dense', units: 3, name: 'b', inputs: ['input'] },
        { type, inputs: ['a', 'b', 'layer1'] },
        LINEAR,
      ];
      await expectTheSame(modelOf(layers, [4]), [4]);
    },
  );

  it('as a graph with dot, and one that reads its input twice', async () => {
    const layers = [
      { type: 'dense', units: 4, name: 'queries' },
      { type: 'dense', units: 4, name: 'keys', inputs: ['input'] },
      { type: 'dot', axes: [2, 2], inputs: ['queries', 'keys'] },
      { type: 'softmax' },
      { type: 'dot', axes: [2, 1], inputs: ['layer3', 'input'] },
      { type: 'concatenate', axis: 1, inputs: ['layer4', 'input'] },
      { type: 'flatten' },
      LINEAR,
    ];
    await expectTheSame(modelOf(layers, [3, 4]), [3, 4]);
  });
});
