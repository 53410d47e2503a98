/** Gradients by patient from one pass of tfjs, against TensorFlow's values and against one pass a patient. */
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import {
  INPUT,
  layerInputs,
  layerName,
  modelParameters,
  oneInput,
  parseModel,
  type LayerSpec,
  type ModelSpec,
  type PatientBatch,
  type Shape,
} from '@plexus/core';
import { beforeAll, describe, expect, it } from 'vitest';
import { PatientGradients } from '../../engine/src/patient-gradients.ts';
import { rowLayer } from '../../engine/src/patient-layers.ts';
import { isTaped, TapedRows } from '../../engine/src/patient-tape.ts';
import { lossRule } from '../../engine/src/dense/loss.ts';
import { chain, dense, numbers, patientCases } from './dense-cases.ts';
import { engineVectors, expectClose, numbersOf } from './vectors.ts';

beforeAll(async () => {
  tf.enableProdMode(); // it advertises on the console otherwise
  await tf.setBackend('cpu');
});

interface KerasLike {
  readonly className: string;
  readonly config: object;
}

/** Layers in the words of Keras as the parser of models reads them, if it takes them. */
function layersOf(
  given: readonly KerasLike[] | undefined,
  input: Shape,
): readonly LayerSpec[] | undefined {
  const layers = given?.map(({ className, config }) => {
    const type = className.charAt(0).toLowerCase() + className.slice(1).replace(/([0-9])D/, '$1d');
    const options = Object.entries(config).filter(
      ([key, value]) =>
        !(key === 'dataFormat' && value === 'channelsLast') &&
        !(key === 'dilationRate' && String(value) === '1,1') &&
        !(key === 'dilationRate' && String(value) === '1'),
    );
    return { type, ...Object.fromEntries(options) };
  });
  if (layers === undefined) return undefined;
  const tail = [{ type: 'flatten' }, { type: 'dense', units: 1 }];
  const text = { name: 'case', loss: 'meanSquaredError', layers: [...layers, ...tail] };
  const parsed = parseModel(text, oneInput(input), 'model');
  return parsed.kind === 'parsed' ? parsed.model.layers.slice(0, layers.length) : undefined;
}

function tensorsOf(model: ModelSpec, input: Shape, values: readonly Float32Array[]): tf.Tensor[] {
  return modelParameters(model, oneInput(input)).map(({ shape }, i) =>
    tf.tensor(values[i]!, [...shape]),
  );
}

function gradientsOf(
  model: ModelSpec,
  input: Shape,
  weights: readonly tf.Tensor[],
): PatientGradients {
  const size = weights.reduce((sum, weight) => sum + weight.size, 0);
  return new PatientGradients(new TapedRows(model, input, () => weights), size);
}

function each(gradients: PatientGradients, batch: PatientBatch, clipNorm: number): Float32Array[] {
  const all: Float32Array[] = [];
  gradients.each(batch, clipNorm, (_, gradient) => all.push(gradient.slice()));
  expect(all.length).toBe(batch.patients);
  return all;
}

function alone(rows: number): Pick<PatientBatch, 'rows' | 'patientOf' | 'patients'> {
  return { rows, patientOf: Uint32Array.from({ length: rows }, (_, i) => i), patients: rows };
}

function summed(gradients: readonly Float32Array[]): number[] {
  return gradients.reduce<number[]>(
    (sum, gradient) => Array.from(gradient, (value, k) => (sum[k] ?? 0) + value),
    [],
  );
}

function expectTensors(
  got: ArrayLike<number>,
  want: readonly (readonly number[])[],
  tolerance?: Parameters<typeof expectClose>[3],
): void {
  let at = 0;
  want.forEach((values, i) => {
    const part = Array.from({ length: values.length }, (_, k) => got[at + k]!);
    expectClose(`weight ${String(i)}`, part, values, tolerance);
    at += values.length;
  });
  expect(got.length).toBe(at);
}

describe.skipIf(engineVectors() === undefined)(
  'one pass for all rows, against TensorFlow 2.21',
  () => {
    const wrongOnCpu = ['net.conv.avgpool.same', 'conv.same.s2.B4']; // its own average-pooling gradient with `same`
    const cases = (engineVectors()?.layers ?? []).flatMap((given) => {
      const input = given.inputs[0]!.shape.slice(1);
      const layers = given.inputs.length === 1 ? layersOf(given.layers, input) : undefined;
      if (layers === undefined || given.weights.length === 0 || wrongOnCpu.includes(given.id))
        return [];
      const model = chain('meanSquaredError', ...layers);
      return isTaped(model, input) ? [{ ...given, input, model }] : [];
    });

    it('takes dense, convolution, normalisation and embedding layers and networks of them', () => {
      const ids = cases.map(({ id }) => id);
      for (const kind of ['dense', 'conv1d', 'conv2d', 'depthwise'])
        expect(ids.filter((id) => id.startsWith(`${kind}.`)).length).toBeGreaterThan(15);
      expect(ids).toEqual(
        expect.arrayContaining([
          'dense.3d',
          'layerNorm',
          'layerNorm.axes',
          'embedding.gap.dense',
          'net.conv.maxpool',
          'net.ecg',
        ]),
      );
    });

    // a squared error whose slope is the upstream gradient: labels = output − upstream · outputs ÷ 2
    it.each(cases)('adds up to the gradient of $id', (given) => {
      const rows = given.inputs[0]!.shape[0]!;
      const outputs = given.output.length / rows;
      const upstream = numbersOf(given.upstream);
      const y = Float32Array.from(given.output, (p, k) => p - (upstream[k]! * outputs) / 2);
      const weights = tensorsOf(given.model, given.input, given.weights.map(numbersOf));
      const batch = { ...alone(rows), x: numbersOf(given.inputs[0]!), y };
      const gradients = gradientsOf(given.model, given.input, weights);
      const tolerance = { absolute: 1e-5, relative: 2e-5 }; // labels are float32
      expectTensors(summed(each(gradients, batch, 1e30)), given.gradWeights, tolerance);
      expectTensors(gradients.clippedSum(batch, 1e30), given.gradWeights, tolerance);
    });

    const perExample = patientCases().flatMap((given) => {
      const input = given.inputs[0]!.shape.slice(1);
      const layers = layersOf(given.layers, input);
      if (layers === undefined || wrongOnCpu.includes(given.id)) return [];
      const model = chain(given.loss, ...layers);
      return isTaped(model, input) ? [{ ...given, input, model }] : [];
    });

    it('takes every case by example but the recurrent one', () => {
      expect(perExample.map(({ id }) => id)).toEqual([
        'dense2.B8',
        'dense2.softmax.B8',
        'dense2.zeroGradient.B8',
        'conv.B4',
        'conv1d.B4',
        'embedding.B4',
      ]);
    });

    it.each(perExample)(
      'gives the gradients of $id by example, and their clipped sums',
      (given) => {
        const rows = given.inputs[0]!.shape[0]!;
        const batch = {
          ...alone(rows),
          x: numbersOf(given.inputs[0]!),
          y: numbersOf(given.labels),
        };
        const weights = tensorsOf(given.model, given.input, given.weights.map(numbersOf));
        const gradients = gradientsOf(given.model, given.input, weights);
        each(gradients, batch, 1e30).forEach((gradient, patient) => {
          expectTensors(gradient, given.perExampleGrad[patient]!);
        });
        for (const { C, sum } of given.clipped) {
          expectTensors(gradients.clippedSum(batch, C), sum);
          expectTensors(summed(each(gradients, batch, C)), sum);
        }
      },
    );
  },
);

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
