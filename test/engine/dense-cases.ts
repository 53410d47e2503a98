/** Vector cases and small models that the dense engine takes. */
import type { Activation, LayerSpec, Loss, ModelSpec } from '@plexus/core';
import { engineVectors, type VectorTensor } from './vectors.ts';

interface KerasLike {
  readonly className: string;
  readonly config: object;
}

export interface PatientCase {
  readonly id: string;
  readonly layers?: readonly KerasLike[];
  readonly loss: Loss;
  readonly inputs: readonly VectorTensor[];
  readonly labels: VectorTensor;
  readonly weights: readonly VectorTensor[];
  readonly perExampleLoss: readonly number[];
  readonly perExampleGrad: readonly (readonly (readonly number[])[])[];
  readonly squaredNorms: readonly number[];
  readonly clipped: readonly {
    readonly C: number;
    readonly factors: readonly number[];
    readonly sum: readonly (readonly number[])[];
  }[];
}

export function patientCases(): readonly PatientCase[] {
  return (
    (engineVectors() as { readonly perExample?: readonly PatientCase[] } | undefined)?.perExample ??
    []
  );
}

export function dense(units: number, activation: Activation = 'linear', useBias = true): LayerSpec {
  return { type: 'dense', units, activation, useBias, kernelInitializer: 'zeros' };
}

export function chain(loss: Loss, ...layers: readonly LayerSpec[]): ModelSpec {
  return { name: 'chain', loss, layers };
}

/** The layers of a vector case in our words, if each has words here. */
export function chainOf(
  layers: readonly KerasLike[] | undefined,
  loss: Loss,
): ModelSpec | undefined {
  const specs = layers?.map(({ className, config }): LayerSpec | undefined => {
    const options: Readonly<Record<string, unknown>> = { ...config };
    switch (className) {
      case 'Dense':
        return dense(
          Number(options['units']),
          options['activation'] as Activation,
          options['useBias'] === true,
        );
      case 'Activation':
        return { type: 'activation', activation: options['activation'] as Activation };
      case 'LeakyReLU':
        return { type: 'leakyReLU', alpha: String(options['alpha']) };
      case 'ELU':
        return { type: 'elu', alpha: String(options['alpha']) };
      case 'ReLU':
        return { type: 'reLU', maxValue: String(options['maxValue']) };
      case 'Softmax':
        return { type: 'softmax' };
      case 'Dropout':
        return { type: 'dropout', rate: String(options['rate']) };
      default:
        return undefined;
    }
  });
  const known = specs?.filter((spec) => spec !== undefined);
  if (known === undefined || known.length !== specs?.length) return undefined;
  return chain(loss, ...known);
}

/** Numbers of [−1, 1) from a seed. Source: the multiplier and increment of Numerical Recipes' generator. */
export function numbers(seed: number, count: number, scale = 1): Float32Array {
  let state = seed >>> 0;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return scale * ((state / 2 ** 32) * 2 - 1);
  });
}
