/** Gradients by patient from one pass of tfjs, against one pass a patient that differentiates by the weights. */
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import {
  INPUT,
  layerInputs,
  layerName,
  modelParameters,
  oneInput,
  type LayerSpec,
  type ModelSpec,
  type PatientBatch,
  type Shape,
} from '@plexus/core';
import { beforeAll, describe, expect, it } from 'vitest';
import { lossRule } from '../../engine/src/dense/loss.ts';
import { rowLayer } from '../../engine/src/patient-layers.ts';
import { isTaped, TapedRows } from '../../engine/src/patient-tape.ts';
import { chain, dense, numbers } from './dense-cases.ts';
import { each, gradientsOf, summed, tensorsOf } from './patient-cases.ts';
import { expectClose } from './vectors.ts';

beforeAll(async () => {
  tf.enableProdMode(); // it advertises on the console otherwise
  await tf.setBackend('cpu');
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

/** The mean loss's gradient over some rows, by differentiating with respect to the weights themselves. */
function direct(
  model: ModelSpec,
  shape: Shape,
  weights: readonly tf.Tensor[],
  x: Float32Array,
  y: Float32Array,
  rows: number,
): number[] {
  const names = modelParameters(model, oneInput(shape)).map(({ name }) => name);
  const loss = (...given: tf.Tensor[]): tf.Tensor => {
    const known = new Map([[INPUT, tf.tensor(x, [rows, ...shape])]]);
    let output = known.get(INPUT)!;
    model.layers.forEach((layer, i) => {
      const name = layerName(layer, i);
      const before = layerInputs(model, i).map((input) => known.get(input)!);
      const row = rowLayer(layer, before[0]!.shape.slice(1), 0)!;
      const own = given.filter((_, k) => names[k]!.startsWith(`${name}/`));
      output =
        row.kind === 'plain'
          ? row.apply(before)
          : row.layer.after(row.layer.apply(before[0]!, own).y);
      known.set(name, output);
    });
    const predictions = Float64Array.from(output.dataSync());
    const slope = new Float64Array(predictions.length);
    lossRule(model.loss, predictions.length / rows).sum(rows, y, predictions, slope);
    const scaled = Float32Array.from(slope, (value) => value / rows);
    return tf.sum(tf.mul(output, tf.tensor(scaled, output.shape)));
  };
  return tf.tidy(() =>
    tf
      .grads(loss)([...weights])
      .flatMap((gradient) => [...gradient.dataSync()]),
  );
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

  it('gives each patient the gradient of its rows, in one pass or in several', () => {
    const weights = start();
    for (const patientOf of [
      [3, 0, 1, 1, 3, 3, 4],
      Array.from({ length: 70 }, (__, i) => (i < 66 ? 0 : i % 5)),
    ]) {
      const batch = batchOf(patientOf, 6);
      const gradients = gradientsOf(model, shape, weights);
      const all = each(gradients, batch, 1e30);
      const norms: number[] = [];
      all.forEach((gradient, patient) => {
        const own = patientOf.flatMap((p, row) => (p === patient ? [row] : []));
        const pick = (values: Float32Array, size: number): Float32Array =>
          Float32Array.from(
            own.flatMap((row) => [...values.subarray(row * size, (row + 1) * size)]),
          );
        const want =
          own.length === 0
            ? new Array<number>(gradient.length).fill(0)
            : direct(
                model,
                shape,
                weights,
                pick(batch.x, width),
                pick(batch.y, labels),
                own.length,
              );
        expectClose(`patient ${String(patient)}`, gradient, want, {
          relative: 1e-5,
          absolute: 1e-7,
        });
        norms.push(Math.sqrt(want.reduce((sum, value) => sum + value * value, 0)));
      });
      const clipNorm = norms.toSorted((a, b) => a - b)[3]!; // some are scaled, some are not
      const clipped = each(gradients, batch, clipNorm);
      clipped.forEach((gradient, patient) => {
        const factor = norms[patient]! > clipNorm ? clipNorm / norms[patient]! : 1;
        const want = Array.from(all[patient]!, (value) => factor * value);
        expectClose(`clipped patient ${String(patient)}`, gradient, want, {
          relative: 1e-5,
          absolute: 1e-7,
        });
      });
      const sum = gradients.clippedSum(batch, clipNorm);
      expectClose('clipped sum', sum, summed(clipped), { relative: 1e-5, absolute: 1e-7 });
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
