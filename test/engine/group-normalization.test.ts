import { createEngine, type EngineName } from '@plexus/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeEach, describe, expect, it } from 'vitest';
import { TfjsModel } from '../../engine/src/tfjs-model.ts';
import { modelOf, someNumbers } from './models.ts';

const ROWS = 2;
const EPSILON = 0.01;

/** Float64 loops over [rows, places, channels]. */
function reference(
  x: Float64Array,
  gamma: Float64Array,
  beta: Float64Array,
  places: number,
  groups: number,
): Float64Array {
  const channels = gamma.length;
  const width = channels / groups;
  const out = new Float64Array(x.length);
  for (let row = 0; row < ROWS; row++)
    for (let group = 0; group < groups; group++) {
      const members: number[] = [];
      for (let place = 0; place < places; place++)
        for (let k = 0; k < width; k++)
          members.push((row * places + place) * channels + group * width + k);
      const mean = members.reduce((sum, i) => sum + x[i]!, 0) / members.length;
      const variance = members.reduce((sum, i) => sum + (x[i]! - mean) ** 2, 0) / members.length;
      for (const i of members)
        out[i] =
          (gamma[i % channels]! * (x[i]! - mean)) / Math.sqrt(variance + EPSILON) +
          beta[i % channels]!;
    }
  return out;
}

/** dL/dvalues by central differences. */
function slopes(values: Float64Array, loss: () => number): Float64Array {
  const step = 1e-6;
  return values.map((value, i) => {
    values[i] = value + step;
    const above = loss();
    values[i] = value - step;
    const below = loss();
    values[i] = value;
    return (above - below) / (2 * step);
  });
}

function expectNear(got: ArrayLike<number>, want: Float64Array): void {
  expect(got.length).toBe(want.length);
  want.forEach((value, i) => {
    expect(Math.abs(value - got[i]!)).toBeLessThan(2e-5);
  });
}

describe.each(['wasm', 'cpu'] as const)('group normalization on %s', (name: EngineName) => {
  beforeEach(async () => {
    await createEngine(name);
    await tf.setBackend(name);
  });

  it.each([
    { shape: [6], groups: 3 },
    { shape: [6], groups: 1 },
    { shape: [5, 4], groups: 2 },
    { shape: [2, 3, 6], groups: 3 },
  ])('of $shape in $groups groups agrees with loops, forward and backward', ({ shape, groups }) => {
    const channels = shape.at(-1)!;
    const size = shape.reduce((product, extent) => product * extent, 1);
    const x = Float64Array.from(someNumbers(ROWS * size, 3));
    const gamma = Float64Array.from(someNumbers(channels, 4), (value) => 1 + value / 2);
    const beta = Float64Array.from(someNumbers(channels, 5));
    const upstream = Float64Array.from(someNumbers(ROWS * size, 6));
    const forward = (): Float64Array => reference(x, gamma, beta, size / channels, groups);
    const loss = (): number => forward().reduce((sum, y, i) => sum + y * upstream[i]!, 0);

    const layer = { type: 'groupNormalization', groups, epsilon: EPSILON };
    const parsed = modelOf([layer, { type: 'flatten' }, { type: 'dense', units: 1 }], shape);
    const model = { ...parsed, layers: parsed.layers.slice(0, 1) };
    const live = new TfjsModel(model, [{ name: 'input', shape }]);
    expect(live.weights.map(({ parameter }) => parameter.name)).toEqual([
      'layer0/gamma',
      'layer0/beta',
    ]);
    const input = tf.variable(tf.tensor([...x], [ROWS, ...shape]));
    const [scale, shift] = live.trainable;
    if (scale === undefined || shift === undefined) throw new Error('expected two weights');
    scale.assign(tf.tensor1d([...gamma]));
    shift.assign(tf.tensor1d([...beta]));
    let output: Float32Array = new Float32Array(0);
    const { grads } = tf.variableGrads(() => {
      const out = live.forward([input], 0);
      output = Float32Array.from(out.dataSync());
      return tf.sum(tf.mul(out, tf.tensor([...upstream], out.shape)));
    }, [input, scale, shift]);
    expectNear(output, forward());
    expectNear(grads[input.name]!.dataSync(), slopes(x, loss));
    expectNear(grads[scale.name]!.dataSync(), slopes(gamma, loss));
    expectNear(grads[shift.name]!.dataSync(), slopes(beta, loss));
    live.dispose();
  });
});
