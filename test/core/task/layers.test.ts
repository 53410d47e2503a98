import type { ModelSpec } from '@plexus/core';
import { nodeSuite } from '@plexus/suite';
import { describe, expect, it } from 'vitest';
import { initialWeights, modelParameters } from '../../../core/src/task/layers.ts';

const dense = { type: 'dense', activation: 'relu', kernelInitializer: 'glorotUniform' } as const;
const model: ModelSpec = {
  name: 'small',
  loss: 'binaryCrossentropy',
  layers: [
    { ...dense, units: 3, useBias: false },
    { ...dense, units: 1, useBias: true },
  ],
};
const seed = new Uint8Array(32);

describe('the layer catalogue', () => {
  it('lists kernels and biases in the order of every engine', () => {
    expect(modelParameters(model, 4)).toEqual([
      { name: 'layer0/kernel', shape: [4, 3], size: 12 },
      { name: 'layer1/kernel', shape: [3, 1], size: 3 },
      { name: 'layer1/bias', shape: [1], size: 1 },
    ]);
  });

  it('starts kernels within ±√(6 ÷ (fanIn + fanOut)) and biases at 0, from the seed alone', () => {
    const [first, second, bias] = initialWeights(nodeSuite, seed, model, 4);
    expect(initialWeights(nodeSuite, seed, model, 4)[0]).toEqual(first);
    expect(first?.data.every((w) => Math.abs(w) <= Math.sqrt(6 / 7))).toBe(true);
    expect(new Set(first?.data).size).toBe(12);
    expect(second?.data).not.toEqual(first?.data.subarray(0, 3));
    expect(bias?.data).toEqual(Float32Array.of(0));
    const other = initialWeights(nodeSuite, new Uint8Array(32).fill(1), model, 4);
    expect(other[0]?.data).not.toEqual(first?.data);
  });

  it('never changes the first weights of a seed: old studies would no longer recompute', () => {
    const first = initialWeights(nodeSuite, seed, model, 4)[0];
    expect([...(first?.data.subarray(0, 3) ?? [])]).toMatchInlineSnapshot(`
      [
        -0.4835781455039978,
        0.6613879799842834,
        0.017581092193722725,
      ]
    `);
  });
});
