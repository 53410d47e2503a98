/**
 * Activations of one number: value and slope. Source: tfjs-core 4.22 and Keras, as engine.README.md states them.
 *
 * Leaves to others: softmax and logSoftmax, which read a whole row (network.ts).
 */
import type { Activation } from '@plexus/core';
import { erf, exp, expm1, normalDensity, sigmoid, softplus, tanh } from './elementary.js';

export interface Elementwise {
  readonly value: (z: number) => number;
  /** At z, where the value is a. */
  readonly slope: (z: number, a: number) => number;
}

const SELU_SCALE = 1.0507009873554805;
const SELU_ALPHA = 1.6732632423543772;
const SQRT_HALF = 0.7071067811865476;
const SQRT_2_OVER_PI = 0.7978845608028654;
const CUBE = 0.044715;

export const ACTIVATIONS: Readonly<
  Record<Exclude<Activation, 'linear' | 'softmax' | 'logSoftmax'>, Elementwise>
> = {
  relu: clipped(Infinity),
  relu6: clipped(6),
  elu: elu(1),
  selu: {
    value: (z) => SELU_SCALE * (z > 0 ? z : SELU_ALPHA * expm1(z)),
    slope: (z) => SELU_SCALE * (z > 0 ? 1 : SELU_ALPHA * exp(z)),
  },
  sigmoid: { value: sigmoid, slope: (_, a) => a * (1 - a) },
  hardSigmoid: {
    value: (z) => Math.min(1, Math.max(0, 0.2 * z + 0.5)),
    slope: (z) => (z > -2.5 && z < 2.5 ? 0.2 : 0),
  },
  softplus: { value: softplus, slope: sigmoid },
  softsign: {
    value: (z) => z / (1 + Math.abs(z)),
    slope: (z) => 1 / (1 + Math.abs(z)) / (1 + Math.abs(z)),
  },
  tanh: { value: tanh, slope: (_, a) => 1 - a * a },
  swish: {
    value: (z) => z * sigmoid(z),
    slope: (z, a) => {
      const s = sigmoid(z);
      return s + a * (1 - s);
    },
  },
  mish: {
    value: (z) => z * tanh(softplus(z)),
    slope: (z) => {
      const t = tanh(softplus(z));
      return t + z * sigmoid(z) * (1 - t * t);
    },
  },
  gelu: {
    value: (z) => 0.5 * z * (1 + erf(z * SQRT_HALF)),
    slope: (z) => 0.5 * (1 + erf(z * SQRT_HALF)) + z * normalDensity(z),
  },
  gelu_new: {
    value: (z) => 0.5 * z * (1 + tanh(cubic(z))),
    slope: (z) => {
      const t = tanh(cubic(z));
      // beyond, 1 − t² is 0 and the square below may be infinite
      if (Math.abs(t) === 1) return 0.5 * (1 + t);
      const steepness = SQRT_2_OVER_PI * (1 + 3 * CUBE * z * z);
      return 0.5 * (1 + t) + 0.5 * z * (1 - t * t) * steepness;
    },
  },
};

/** min(max(z, 0), most): flat at both ends, the ends among them. */
export function clipped(most: number): Elementwise {
  return {
    // NaN stays NaN
    value: (z) => (z <= 0 ? 0 : z >= most ? most : z),
    slope: (z) => (z > 0 && z < most ? 1 : 0),
  };
}

export function elu(alpha: number): Elementwise {
  return {
    value: (z) => (z > 0 ? z : alpha * expm1(z)),
    slope: (z) => (z > 0 ? 1 : alpha * exp(z)),
  };
}

export function leaky(alpha: number): Elementwise {
  return {
    value: (z) => (z > 0 ? z : alpha * z),
    slope: (z) => (z > 0 ? 1 : alpha),
  };
}

function cubic(z: number): number {
  return SQRT_2_OVER_PI * (z + CUBE * z * z * z);
}
