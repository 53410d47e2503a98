import { oneInput, type ModelInput } from '@plexus/core';
import { createEngine, type EngineName } from '@plexus/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeEach, describe, expect, it } from 'vitest';
import { TfjsModel } from '../../engine/src/tfjs-model.ts';
import { LINEAR, modelOf, SGD, someNumbers, someWeights } from './models.ts';

const lstm = { type: 'lstm', units: 2 };

describe.each(['wasm', 'cpu'] as const)('a model as a graph on %s', (name: EngineName) => {
  beforeEach(async () => {
    await createEngine(name);
    await tf.setBackend(name);
  });

  const outputOf = (
    layers: readonly object[],
    input: ModelInput,
    x: Float32Array,
    weightsOf = someWeights,
  ): Float32Array => {
    const model = modelOf(layers, input.shape);
    const live = new TfjsModel(model, [input]);
    const weights = weightsOf(model, [input]);
    const out = tf.tidy(() => {
      live.weights.forEach(({ variable }, i) => {
        variable.assign(tf.tensor(weights[i] ?? [], variable.shape));
      });
      const rows = x.length / tf.util.sizeFromShape([...input.shape]);
      return live.forward([tf.tensor(x, [rows, ...input.shape])]).dataSync();
    });
    live.dispose();
    return Float32Array.from(out);
  };

  it('takes several named inputs, and gives each layer what it names', () => {
    const inputs = [
      { name: 'a', shape: [2] },
      { name: 'b', shape: [2] },
    ];
    const [input] = oneInput([2]);
    if (input === undefined) throw new Error('expected an input');
    const { layers } = modelOf(
      [
        { type: 'rescaling', scale: 10, inputs: ['input'] },
        { type: 'concatenate', inputs: ['layer0', 'input'] },
        LINEAR,
      ],
      [2],
    );
    const named = layers.map((layer, i) =>
      i === 2 ? layer : { ...layer, inputs: i === 0 ? ['b'] : ['layer0', 'a'] },
    );
    const model = { name: 'two', loss: 'meanSquaredError', layers: named.slice(0, 2) } as const;
    const live = new TfjsModel(model, inputs);
    const [a, b] = [tf.tensor2d([[1, 2]]), tf.tensor2d([[3, 4]])];
    expect([...live.forward([a, b]).dataSync()]).toEqual([30, 40, 1, 2]);
    expect(live.outputShape).toEqual([4]);
    live.dispose();
  });

  it('lists weights in the order of the layers, not of the depth in the graph', () => {
    const layers = [
      { type: 'dense', units: 2, name: 'deep' },
      { type: 'dense', units: 2, name: 'deeper' },
      { type: 'dense', units: 2, name: 'side', inputs: ['input'] },
      { type: 'add', inputs: ['side', 'deeper'] },
      LINEAR,
    ];
    const live = new TfjsModel(modelOf(layers, [3]), oneInput([3]));
    const names = live.weights.map(({ parameter }) => parameter.name);
    expect(names.filter((text) => text.endsWith('kernel'))).toEqual([
      'deep/kernel',
      'deeper/kernel',
      'side/kernel',
      'layer4/kernel',
    ]);
    live.dispose();
  });

  it('skips the masked steps of a sequence', () => {
    const x = someNumbers(6);
    const padded = Float32Array.of(...x, 0, 0, 0, 0);
    const short = outputOf([lstm, LINEAR], { name: 'input', shape: [3, 2] }, x);
    const masked = outputOf(
      [{ type: 'masking' }, lstm, LINEAR],
      { name: 'input', shape: [5, 2] },
      padded,
    );
    expect(masked).toEqual(short);
  });

  it('gives the mask of one branch to no layer of another', () => {
    const branches = (first: object): readonly object[] => [
      { ...first, name: 'left', inputs: ['input'] },
      { ...lstm, name: 'leftsum', inputs: ['left'] },
      { ...lstm, name: 'right', inputs: ['input'] },
      { type: 'rescaling', scale: 0, inputs: ['leftsum'], name: 'nothing' },
      { type: 'add', inputs: ['nothing', 'right'] },
      LINEAR,
    ];
    const x = Float32Array.of(...someNumbers(6), 0, 0, 0, 0);
    const input = { name: 'input', shape: [5, 2] };
    const plain = outputOf(branches({ type: 'rescaling', scale: 1 }), input, x);
    expect(outputOf(branches({ type: 'masking' }), input, x)).toEqual(plain);
  });
});

describe('an embedding on wasm', () => {
  const layers = [
    { type: 'embedding', inputDim: 4, outputDim: 1 },
    { type: 'flatten' },
    { ...LINEAR, useBias: false },
  ];
  const model = modelOf(layers, [3]);
  const weights = [Float32Array.of(10, 20, 30, 40), Float32Array.of(1, 0.5, 0.25)];

  it('reads its input as whole numbers, and never beyond its table', async () => {
    const engine = await createEngine('wasm');
    engine.load(model, [3]);
    engine.setWeights(weights);
    const scores = engine.predict(Float32Array.of(0.9999, 1.4, 3, -7, 99, 2.5001), 2);
    expect([...scores]).toEqual([20 + 10 + 10, 10 + 20 + 10]);
    engine.dispose();
  });

  it('trains the rows it read, repeated ones by the sum', async () => {
    const engine = await createEngine('wasm');
    engine.load(model, [3], SGD);
    engine.setWeights(weights);
    // prediction 20 + 10 + 10 = 40, label 39.5: slope 1
    engine.trainStep({ rows: 1, x: Float32Array.of(1, 1, 3), y: Float32Array.of(39.5) }, 0);
    expect(engine.getWeights().map((values) => [...values])).toEqual([
      [10, 20 - 1.5, 30, 40 - 0.25],
      [1 - 20, 0.5 - 20, 0.25 - 40],
    ]);
    engine.dispose();
  });
});
