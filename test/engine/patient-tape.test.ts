/** Gradients by patient from one pass of tfjs, against the general loop. */
import * as tf from '@tensorflow/tfjs-core';
import {
  modelParameters,
  oneInput,
  type LayerSpec,
  type ModelSpec,
  type PatientBatch,
  type Shape,
} from '@plexus/core';
import { createEngine } from '@plexus/engine';
import { beforeAll, describe, expect, it } from 'vitest';
import { meanLoss } from '../../engine/src/losses.ts';
import { loopOverPatients, type BatchGradient } from '../../engine/src/patient-loop.ts';
import { isTaped, TapedRows } from '../../engine/src/patient-tape.ts';
import { TfjsModel } from '../../engine/src/tfjs-model.ts';
import { chain, dense, expectClose, numbers } from './dense-cases.ts';
import { each, gradientsOf, summed, tensorsOf } from './patient-cases.ts';

beforeAll(async () => {
  await createEngine('cpu'); // brings its backend up
});

const conv = {
  useBias: true,
  kernelInitializer: 'zeros',
  strides: [1, 1],
  padding: 'same',
} as const;
const pooling = { poolSize: [2, 2], strides: [2, 2], padding: 'valid' } as const;
const inputs = (layer: LayerSpec, ...names: string[]): LayerSpec => ({ ...layer, inputs: names });
const named = (layer: LayerSpec, name: string): LayerSpec => ({ ...layer, name });

const MODELS: readonly (readonly [string, Shape, ModelSpec])[] = [
  [
    'a residual network of images',
    [6, 5, 2],
    chain(
      'categoricalCrossentropy',
      named(
        { type: 'conv2d', filters: 4, kernelSize: [3, 3], activation: 'linear', ...conv },
        'one',
      ),
      named({ type: 'groupNormalization', groups: 2, epsilon: '0.001' }, 'norm'),
      named(
        {
          type: 'depthwiseConv2d',
          kernelSize: [3, 2],
          depthMultiplier: 1,
          activation: 'swish',
          ...conv,
        },
        'two',
      ),
      named(inputs({ type: 'add' }, 'one', 'two'), 'sum'),
      { type: 'maxPooling2d', ...pooling },
      {
        type: 'zeroPadding2d',
        padding: [
          [1, 0],
          [0, 1],
        ],
      },
      { type: 'dropout', rate: '0.5' },
      { type: 'flatten' },
      dense(3, 'softmax'),
    ),
  ],
  [
    'a network of sequences',
    [8],
    chain(
      'binaryCrossentropy',
      named(
        {
          type: 'embedding',
          inputDim: 5,
          outputDim: 4,
          maskZero: false,
          embeddingsInitializer: 'zeros',
        },
        'table',
      ),
      named(
        {
          type: 'conv1d',
          filters: 3,
          kernelSize: 3,
          strides: 1,
          padding: 'same',
          activation: 'tanh',
          useBias: false,
          kernelInitializer: 'zeros',
        },
        'windows',
      ),
      named(inputs({ type: 'concatenate', axis: -1 }, 'table', 'windows'), 'both'),
      { type: 'layerNormalization', axis: [-1], epsilon: '0.001' },
      dense(4, 'gelu'),
      { type: 'averagePooling1d', poolSize: 2, strides: 2, padding: 'valid' },
      { type: 'globalMaxPooling1d' },
      dense(1, 'sigmoid'),
    ),
  ],
];

/** By the general loop over tfjs layers. */
function oneByOne(
  spec: ModelSpec,
  shape: Shape,
  weights: readonly tf.Tensor[],
  batch: PatientBatch,
  clipNorm: number,
): Float32Array[] {
  const model = new TfjsModel(spec, oneInput(shape));
  model.weights.forEach(({ variable }, i) => {
    variable.assign(tf.reshape(weights[i]!, variable.shape));
  });
  const size = model.trainable.reduce((sum, variable) => sum + variable.size, 0);
  const gradientOf: BatchGradient = (rows, x, y) => {
    const loss = (): tf.Scalar => {
      const output = tf.reshape(model.forward([tf.tensor(x, [rows, ...shape])]), [rows, -1]);
      return meanLoss(spec.loss, tf.tensor(y, [rows, y.length / rows]), output);
    };
    const { grads } = tf.variableGrads(loss, [...model.trainable]);
    const all = model.trainable.flatMap(({ name }) => [...grads[name]!.dataSync()]);
    return Float32Array.from(all);
  };
  const gradients: Float32Array[] = [];
  tf.tidy(() => {
    loopOverPatients(gradientOf, size, batch, clipNorm, (_, gradient) => {
      gradients.push(gradient.slice());
    });
  });
  model.dispose();
  return gradients;
}

describe.each(MODELS)('%s', (_, shape, model) => {
  const width = shape.reduce((product, extent) => product * extent, 1);
  const labels = model.loss === 'binaryCrossentropy' ? 1 : 3;
  const batchOf = (patientOf: readonly number[], patients: number): PatientBatch => {
    const rows = patientOf.length;
    const drawn = numbers(3, rows * width);
    const x =
      model.layers[0]!.type === 'embedding' ? drawn.map((v) => Math.floor(2.5 * (v + 1))) : drawn;
    const y = Float32Array.from({ length: rows * labels }, (_unused, k) =>
      labels === 1 ? k % 2 : k % 3 === Math.floor(k / 3) % 3 ? 1 : 0,
    );
    return { rows, x, y, patientOf: Uint32Array.from(patientOf), patients };
  };
  const start = (): tf.Tensor[] =>
    tensorsOf(
      model,
      shape,
      modelParameters(model, oneInput(shape)).map(({ size }, i) => numbers(i + 1, size, 0.8)),
    );

  it('gives each patient what the general loop gives it, in one pass or in several', () => {
    const weights = start();
    const several = Array.from({ length: 70 }, (_unused, i) => (i < 66 ? 0 : i % 5));
    for (const patientOf of [[3, 0, 1, 1, 3, 3, 4, 2], several]) {
      const batch = batchOf(patientOf, 6);
      const gradients = gradientsOf(model, shape, weights);
      const free = oneByOne(model, shape, weights, batch, 1e30);
      const lengths = free.map((gradient) => Math.hypot(...gradient)).toSorted((a, b) => a - b);
      // without a scale, and with one for some
      for (const clipNorm of [1e30, lengths[3]!]) {
        const want = oneByOne(model, shape, weights, batch, clipNorm);
        const tolerance = { relative: 1e-5, absolute: 1e-7 };
        each(gradients, batch, clipNorm).forEach((gradient, patient) => {
          expectClose(`patient ${String(patient)}`, gradient, [...want[patient]!], tolerance);
        });
        const sum = gradients.clippedSum(batch, clipNorm);
        expectClose('clipped sum', sum, summed(want), tolerance);
      }
    }
  });

  it('keeps a row that is not a number to its patient, and no tensor', () => {
    const weights = start();
    const gradients = gradientsOf(model, shape, weights);
    const batch = batchOf([0, 1, 2, 3], 4);
    const healthy = each(gradients, batch, 0.5);
    const before = tf.memory().numTensors;
    const isTable = model.layers[0]!.type === 'embedding';
    if (!isTable) {
      const broken = { ...batch, x: batch.x.with(width, NaN) };
      each(gradients, broken, 0.5).forEach((gradient, patient) => {
        if (patient === 1) expect(gradient.some((value) => Number.isNaN(value))).toBe(true);
        else expect(gradient).toEqual(healthy[patient]);
      });
    }
    gradients.clippedSum(batch, 0.5);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('one pass for all rows', () => {
  it('leaves recurrent layers, masks and mixed examples to others', () => {
    const lstm = {
      units: 2,
      activation: 'tanh',
      useBias: true,
      kernelInitializer: 'zeros',
      recurrentInitializer: 'zeros',
      returnSequences: false,
      goBackwards: false,
      recurrentActivation: 'sigmoid',
    } as const;
    expect(isTaped(chain('huber', { type: 'lstm', ...lstm }, dense(1)), [4, 2])).toBe(false);
    const batchNormalization = {
      type: 'batchNormalization',
      momentum: '0.9',
      epsilon: '0.1',
    } as const;
    expect(isTaped(chain('huber', batchNormalization, dense(1)), [4])).toBe(false);
    const masked = {
      type: 'embedding',
      inputDim: 5,
      outputDim: 4,
      maskZero: true,
      embeddingsInitializer: 'zeros',
    } as const;
    expect(isTaped(chain('huber', masked, { type: 'flatten' }, dense(1)), [4])).toBe(false);
    expect(
      () => new TapedRows(chain('huber', batchNormalization, dense(1)), [4], () => []),
    ).toThrow(expect.objectContaining({ code: 'STATE_UNEXPECTED' }));
  });

  it('holds fewer rows of a larger model', () => {
    const rowsOf = (units: number): number =>
      new TapedRows(
        chain('huber', { type: 'flatten' }, dense(units), dense(1)),
        [100, 100],
        () => [],
      ).rowsAtOnce;
    const convolved = chain(
      'huber',
      { type: 'conv2d', filters: 512, kernelSize: [3, 3], activation: 'relu', ...conv },
      { type: 'globalMaxPooling2d' },
      dense(1),
    );
    expect(rowsOf(2)).toBe(64);
    expect(new TapedRows(convolved, [4, 4, 512], () => []).rowsAtOnce).toBe(1);
  });
});
