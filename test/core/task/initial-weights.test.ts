import type { ModelSpec } from '@plexus/core';
import { nodeSuite } from '@plexus/suite';
import { describe, expect, it } from 'vitest';
import { oneInput } from '../../../core/src/model/nodes.ts';
import { initialWeights } from '../../../core/src/task/initial-weights.ts';

const dense = { type: 'dense', activation: 'relu', kernelInitializer: 'glorotUniform' } as const;
const model: ModelSpec = {
  name: 'small',
  loss: 'binaryCrossentropy',
  layers: [
    { ...dense, units: 3, useBias: false },
    { ...dense, units: 1, useBias: true },
  ],
};
const inputs = oneInput([4]);
const seed = new Uint8Array(32);

describe('the weights of round 1', () => {
  it('starts kernels within ±√(6 ÷ (fanIn + fanOut)) and biases at 0, from the seed alone', () => {
    const [first, second, bias] = initialWeights(nodeSuite, seed, model, inputs);
    expect(initialWeights(nodeSuite, seed, model, inputs)[0]).toEqual(first);
    expect(first?.data.every((w) => Math.abs(w) <= Math.sqrt(6 / 7))).toBe(true);
    expect(new Set(first?.data).size).toBe(12);
    expect(second?.data).not.toEqual(first?.data.subarray(0, 3));
    expect(bias?.data).toEqual(Float32Array.of(0));
    const other = initialWeights(nodeSuite, new Uint8Array(32).fill(1), model, inputs);
    expect(other[0]?.data).not.toEqual(first?.data);
  });

  it('never changes the first weights of a seed: old studies would no longer recompute', () => {
    const first = initialWeights(nodeSuite, seed, model, inputs)[0];
    expect([...(first?.data.subarray(0, 3) ?? [])]).toMatchInlineSnapshot(`
      [
        -0.4835781455039978,
        0.6613879799842834,
        0.017581092193722725,
      ]
    `);
  });

  it('starts scales at 1, shifts at 0, and the forget gate of an LSTM at 1', () => {
    const recurrent = {
      useBias: true,
      activation: 'tanh',
      returnSequences: false,
      goBackwards: false,
      kernelInitializer: 'lecunUniform',
      recurrentInitializer: 'heUniform',
    } as const;
    const other: ModelSpec = {
      ...model,
      layers: [
        { type: 'batchNormalization', momentum: '0.9', epsilon: '0.001' },
        { type: 'lstm', units: 2, recurrentActivation: 'sigmoid', ...recurrent },
      ],
    };
    const made = initialWeights(nodeSuite, seed, other, oneInput([3, 4]));
    const byName = new Map(made.map(({ name, data }) => [name, [...data]]));
    expect(byName.get('layer0/gamma')).toEqual([1, 1, 1, 1]);
    expect(byName.get('layer0/movingmean')).toEqual([0, 0, 0, 0]);
    expect(byName.get('layer0/movingvariance')).toEqual([1, 1, 1, 1]);
    expect(byName.get('layer1/bias')).toEqual([0, 0, 1, 1, 0, 0, 0, 0]);
    const largest = (name: string): number => Math.max(...(byName.get(name) ?? []).map(Math.abs));
    expect(largest('layer1/kernel')).toBeLessThanOrEqual(Math.sqrt(3 / 4));
    expect(largest('layer1/recurrentkernel')).toBeLessThanOrEqual(Math.sqrt(6 / 2));
  });
});
