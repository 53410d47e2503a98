/** The LSTM in one operation against tfjs's own layer, forward and back. */
import * as tf from '@tensorflow/tfjs-core';
import { createEngine } from '@plexus/engine';
import { beforeAll, describe, expect, it } from 'vitest';
import { isFusedLstm, lstm, type FusedLstm } from '../../engine/src/lstm.ts';
import { buildLayer } from '../../engine/src/tfjs-layer.ts';

const [rows, steps, features, units] = [3, 5, 4, 6];

function layerOf(change: Partial<FusedLstm>): FusedLstm {
  return {
    type: 'lstm',
    units,
    activation: 'tanh',
    recurrentActivation: 'sigmoid',
    useBias: true,
    kernelInitializer: 'zeros',
    recurrentInitializer: 'zeros',
    returnSequences: false,
    goBackwards: false,
    ...change,
  };
}

function seeded(shape: number[], from: number): tf.Tensor {
  const size = shape.reduce((product, extent) => product * extent, 1);
  return tf.tensor(
    Float32Array.from({ length: size }, (_, i) => Math.sin(1.7 * i + from)),
    shape,
  );
}

describe('an LSTM in one operation', () => {
  beforeAll(async () => {
    await createEngine('wasm');
  });

  it.each([
    {},
    { returnSequences: true },
    { goBackwards: true },
    { goBackwards: true, returnSequences: true },
    { useBias: false },
  ])('computes what tfjs computes: %j', (change) => {
    const spec = layerOf(change);
    const x = seeded([rows, steps, features], 0);
    const weights = [
      seeded([features, 4 * units], 1),
      seeded([units, 4 * units], 2),
      ...(spec.useBias ? [seeded([4 * units], 3)] : []),
    ];
    const layer = buildLayer(spec, 'stock', [steps, features]);
    const call = (input: tf.Tensor): tf.Tensor => {
      const output = layer.apply(input);
      if (output instanceof tf.Tensor) return output;
      throw new Error('expected one output');
    };
    call(x);
    layer.setWeights(weights);
    const variables = layer.weights.map(variableOf);
    const upstream = seeded(call(x).shape, 4);
    const ours = tf.grads((...[input, ...own]) =>
      tf.sum(tf.mul(lstm(input as tf.Tensor, spec, own), upstream)),
    )([x, ...weights]);
    const theirs = [
      tf.grad((input: tf.Tensor) => tf.sum(tf.mul(call(input), upstream)))(x),
      ...Object.values(tf.variableGrads(() => tf.sum(tf.mul(call(x), upstream)), variables).grads),
    ];
    expectClose(lstm(x, spec, weights), call(x));
    expect(ours).toHaveLength(theirs.length);
    ours.forEach((gradient, i) => {
      expectClose(gradient, theirs[i] as tf.Tensor);
    });
    layer.dispose();
  });

  it('leaves other activations and large layers to tfjs', () => {
    expect(isFusedLstm(layerOf({}))).toBe(true);
    expect(isFusedLstm(layerOf({ units: 65 }))).toBe(false);
    expect(isFusedLstm(layerOf({ activation: 'relu' }))).toBe(false);
    expect(isFusedLstm(layerOf({ recurrentActivation: 'hardSigmoid' }))).toBe(false);
    expect(isFusedLstm(layerOf({ type: 'gru' }))).toBe(false);
  });
});

function variableOf(weight: { read(): tf.Tensor }): tf.Variable {
  const value = weight.read();
  if (isVariable(value)) return value;
  throw new Error('expected a variable');
}

function isVariable(value: tf.Tensor): value is tf.Variable {
  return value instanceof tf.Variable;
}

function expectClose(got: tf.Tensor, want: tf.Tensor): void {
  expect(got.shape).toEqual(want.shape);
  const wanted = Float32Array.from(want.dataSync());
  const largest = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  got.dataSync().forEach((value, i) => {
    expect(Math.abs(value - (wanted[i] ?? NaN))).toBeLessThan(1e-6 + 2e-5 * largest);
  });
}
