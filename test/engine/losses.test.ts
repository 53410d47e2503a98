import { createEngine, type EngineName } from '@plexus/engine';
import type { Loss } from '@plexus/core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeEach, describe, expect, it } from 'vitest';
import { labelWidth, meanLoss } from '../../engine/src/losses.ts';
import { someNumbers } from './models.ts';

interface Result {
  readonly value: number;
  readonly gradient: Float32Array;
}

function computed(loss: Loss, labels: number[][], predictions: number[][]): Result {
  return tf.tidy(() => {
    const y = tf.tensor2d(labels);
    const p = tf.tensor2d(predictions);
    const value = meanLoss(loss, y, p).dataSync()[0]!;
    const gradient = tf.grad((x) => meanLoss(loss, y, x))(p);
    expect(gradient.shape).toEqual(p.shape);
    return { value, gradient: Float32Array.from(gradient.dataSync()) };
  });
}

/** As the formula reads: float64, every pair of patients. */
function cox(labels: number[][], hazards: number[]): number {
  let sum = 0;
  labels.forEach(([time, event], i) => {
    if (event !== 1) return;
    const atRisk = hazards.filter((_, j) => labels[j]![0]! >= time!);
    const largest = Math.max(...atRisk);
    const total = atRisk.reduce((all, h) => all + Math.exp(h - largest), 0);
    sum += largest + Math.log(total) - hazards[i]!;
  });
  return sum / hazards.length;
}

function coxSlope(labels: number[][], hazards: number[], at: number): number {
  const step = 1e-6;
  const moved = (by: number): number =>
    cox(
      labels,
      hazards.map((h, i) => (i === at ? h + by : h)),
    );
  return (moved(step) - moved(-step)) / (2 * step);
}

describe.each(['wasm', 'cpu'] as const)('losses on %s', (name: EngineName) => {
  beforeEach(async () => {
    await createEngine(name);
    await tf.setBackend(name);
  });

  it.each([
    ['distinct times', (i: number) => ((i * 7) % 23) + 0.5, (i: number) => i % 3],
    ['ties, as Breslow counts them', (i: number) => i % 4, (i: number) => i % 2],
    ['everybody at one time', () => 3, (i: number) => i % 2],
    ['events only', (i: number) => i % 5, () => 0],
  ] as const)('coxPartialLikelihood with %s', (_, timeOf, censored) => {
    const hazards = [...someNumbers(23, 5)].map((h) => 3 * h);
    const labels = hazards.map((__, i) => [timeOf(i), censored(i) === 0 ? 1 : 0]);
    const { value, gradient } = computed(
      'coxPartialLikelihood',
      labels,
      hazards.map((h) => [h]),
    );
    expect(value).toBeCloseTo(cox(labels, hazards), 5);
    hazards.forEach((__, i) => {
      expect(gradient[i]).toBeCloseTo(coxSlope(labels, hazards, i), 5);
    });
  });

  it('coxPartialLikelihood without an event is 0, with no slope', () => {
    const labels = [
      [1, 0],
      [2, 0],
    ];
    const { value, gradient } = computed('coxPartialLikelihood', labels, [[5], [-5]]);
    expect(value).toBe(0);
    expect(gradient.every((slope) => slope === 0)).toBe(true);
  });

  it('coxPartialLikelihood overflows for no log-hazard', () => {
    const labels = [
      [1, 1],
      [2, 1],
      [3, 1],
    ];
    const { value, gradient } = computed('coxPartialLikelihood', labels, [[-900], [900], [0]]);
    expect(value).toBe(600); // 1800 for the first, whom the second outweighs; nothing for the others
    expect([...gradient]).toEqual([-1 / 3, 1 / 3, 0].map(Math.fround));
  });

  it('huber is a square up to 1 and a line beyond', () => {
    const { value, gradient } = computed('huber', [[0], [0], [1], [2]], [[0.5], [-3], [1], [3]]);
    expect(value).toBeCloseTo((0.125 + 2.5 + 0 + 0.5) / 4, 6);
    expect([...gradient].map((slope) => slope + 0)).toEqual([0.125, -0.25, 0, 0.25]); // −0 is 0
  });

  it('meanAbsoluteError has no slope where it is 0', () => {
    const { value, gradient } = computed('meanAbsoluteError', [[1], [1], [1]], [[3], [1], [0]]);
    expect(value).toBeCloseTo(1, 6);
    expect([...gradient]).toEqual([1 / 3, 0, -1 / 3].map(Math.fround));
  });

  it('cross-entropies of saturated probabilities are finite', () => {
    expect(computed('binaryCrossentropy', [[1], [0]], [[0], [1]]).value).toBeCloseTo(16, 0);
    const labels = [[1, 0]];
    expect(computed('categoricalCrossentropy', labels, [[0, 1]]).value).toBeCloseTo(16.118, 2);
  });
});

it('a label has as many numbers as the output, but for time and event', () => {
  expect(labelWidth('coxPartialLikelihood', 1)).toBe(2);
  expect(labelWidth('categoricalCrossentropy', 5)).toBe(5);
});
