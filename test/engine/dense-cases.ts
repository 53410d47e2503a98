/** Reference values, small models and comparisons for the tests of the dense engine and of gradients by patient. */
import { readFileSync } from 'node:fs';
import type { Activation, LayerSpec, Loss, ModelSpec } from '@plexus/core';
import { expect } from 'vitest';
import {
  readVectors,
  type CaseModel,
  type EngineVectors,
  type Tolerance,
} from '../../engine/src/conformance/cases.ts';
import { translateModel } from '../../engine/src/conformance/translate.ts';
import { sharedFile } from '../data.ts';

export function engineVectors(): EngineVectors | undefined {
  const file = sharedFile('vectors/engine.json');
  return file === undefined ? undefined : readVectors(readFileSync(file, 'utf8'), file);
}

/** A case's model, if a study can name it, and the loss behind it. */
export function modelOfCase(given: CaseModel, loss?: Loss): ModelSpec | undefined {
  const translated = translateModel(given, loss);
  return translated.kind === 'parsed' ? translated.model : undefined;
}

/** max|got − want| ≤ absolute + relative · max|want| */
export function expectClose(
  what: string,
  got: ArrayLike<number>,
  want: ArrayLike<number>,
  { relative = 2e-5, absolute = 1e-6 }: Tolerance = {},
): void {
  expect(got.length, what).toBe(want.length);
  let largest = 0;
  let error = 0;
  for (let i = 0; i < want.length; i++) {
    largest = Math.max(largest, Math.abs(want[i]!));
    error = Math.max(error, Math.abs(got[i]! - want[i]!)); // NaN stays NaN
  }
  expect(error, what).toBeLessThanOrEqual(absolute + relative * largest);
}

/** Slices of one array of weights, as long as the wanted ones. */
export function expectTensors(
  got: ArrayLike<number>,
  want: readonly (readonly number[] | null)[],
  tolerance?: Tolerance,
): void {
  let at = 0;
  want.forEach((values, i) => {
    const part = Array.from({ length: values?.length ?? 0 }, (_, k) => got[at + k]!);
    expectClose(`weight ${String(i)}`, part, values ?? [], tolerance);
    at += part.length;
  });
  expect(got.length).toBe(at);
}

export function dense(units: number, activation: Activation = 'linear', useBias = true): LayerSpec {
  return { type: 'dense', units, activation, useBias, kernelInitializer: 'zeros' };
}

export function chain(loss: Loss, ...layers: readonly LayerSpec[]): ModelSpec {
  return { name: 'chain', loss, layers };
}

/** Numbers of [−1, 1) from a seed. Source: the multiplier and increment of Numerical Recipes' generator. */
export function numbers(seed: number, count: number, scale = 1): Float32Array {
  let state = seed >>> 0;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return scale * ((state / 2 ** 32) * 2 - 1);
  });
}
