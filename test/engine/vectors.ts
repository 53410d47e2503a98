/** The reference values of `vectors/engine.json`, as far as they concern what the model schema allows. */
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { LayerSpec, ModelSpec } from '@plexus/core';
import { sharedFile } from '../data.ts';

export interface VectorTensor {
  readonly shape: readonly number[];
  readonly values?: readonly number[];
  readonly c?: number;
  readonly scale?: number;
  readonly shift?: number;
}

interface VectorLayer {
  readonly className: string;
  readonly config: {
    readonly units: number;
    readonly activation: string;
    readonly useBias: boolean;
  };
}

interface Tolerance {
  readonly relative?: number;
  readonly absolute?: number;
}

export interface LayerCase {
  readonly id: string;
  readonly layers?: readonly VectorLayer[];
  readonly inputs: readonly VectorTensor[];
  readonly weights: readonly VectorTensor[];
  readonly upstream: VectorTensor;
  readonly output: readonly number[];
  readonly gradInputs: readonly (readonly number[])[];
  readonly gradWeights: readonly (readonly number[])[];
  readonly tolerance?: Tolerance;
}

export interface LossCase {
  readonly id: string;
  readonly api: string;
  readonly name: string;
  readonly labels: VectorTensor;
  readonly predictions: VectorTensor;
  readonly value: number;
  readonly grad: readonly number[];
  readonly tolerance?: Tolerance;
}

interface OptimizerCase {
  readonly id: string;
  readonly optimizer: {
    readonly className: string;
    readonly config: Readonly<Record<string, number>>;
  };
  readonly steps: readonly {
    readonly loss: number;
    readonly weightsAfter: readonly (readonly number[])[];
  }[];
  readonly tolerance?: Tolerance;
}

interface EngineVectors {
  readonly layers: readonly LayerCase[];
  readonly losses: readonly LossCase[];
  readonly optimizers: {
    readonly problem: {
      readonly layers: readonly VectorLayer[];
      readonly inputs: readonly VectorTensor[];
      readonly labels: VectorTensor;
      readonly weights: readonly VectorTensor[];
    };
    readonly cases: readonly OptimizerCase[];
  };
}

export function engineVectors(): EngineVectors | undefined {
  const path = sharedFile('vectors/engine.json');
  return path === undefined ? undefined : (JSON.parse(readFileSync(path, 'utf8')) as EngineVectors);
}

/** The numbers of a tensor: listed, or by the formula of the vectors' README. */
export function numbersOf({
  shape,
  values,
  c = 0,
  scale = 1,
  shift = 0,
}: VectorTensor): Float32Array {
  if (values !== undefined) return Float32Array.from(values);
  const size = shape.reduce((product, extent) => product * extent, 1);
  return Float32Array.from({ length: size }, (_, i) => {
    const turn = (((37 + 2 * c) * i * i + 101 * i + 211 * c) % 1021) - 510;
    return shift + (scale * turn) / 512;
  });
}

/** The model, if the schema can say it. */
export function modelOf(layers: readonly VectorLayer[] | undefined): ModelSpec | undefined {
  const specs = layers?.map(({ className, config }): LayerSpec | undefined => {
    const activation = (['linear', 'relu', 'tanh', 'sigmoid'] as const).find(
      (known) => known === config.activation,
    );
    if (className !== 'Dense' || activation === undefined) return undefined;
    const { units, useBias } = config;
    return { type: 'dense', units, useBias, activation, kernelInitializer: 'zeros' };
  });
  const known = specs?.filter((spec) => spec !== undefined);
  if (known === undefined || known.length !== specs?.length) return undefined;
  return { name: 'vector', loss: 'binaryCrossentropy', layers: known };
}

/** max|got − want| ≤ absolute + relative · max|want| */
export function expectClose(
  what: string,
  got: ArrayLike<number>,
  want: readonly number[],
  { relative = 2e-5, absolute = 1e-6 }: Tolerance = {},
): void {
  expect(got.length, what).toBe(want.length);
  const largest = Math.max(...want.map(Math.abs));
  const error = Math.max(...want.map((value, i) => Math.abs(value - (got[i] ?? NaN))));
  expect(error, what).toBeLessThanOrEqual(absolute + relative * largest);
}
