/**
 * Update rules on all weights at once, their memory in float64. Source: engine.README.md "optimizers", which are those of tfjs 4.22.
 */
import type { OptimizerSpec } from '@plexus/core';

/** One step in place. Shapes: both as many as the rule was made for. */
export type UpdateRule = (weights: Float64Array, gradient: Float64Array) => void;

/** tfjs adds it under Adagrad's root and takes no other. */
const ADAGRAD_EPSILON = 1e-7;

export function updateRule(spec: OptimizerSpec, size: number): UpdateRule {
  const rate = Number(spec.learningRate);
  switch (spec.kind) {
    case 'sgd':
      return (w, g) => {
        for (let i = 0; i < size; i++) w[i] = w[i]! - rate * g[i]!;
      };
    case 'momentum':
      return momentum(rate, Number(spec.momentum), spec.nesterov, size);
    case 'adam':
      return adam(rate, Number(spec.beta1), Number(spec.beta2), Number(spec.epsilon), size);
    case 'adagrad':
      return adagrad(rate, Number(spec.initialAccumulator), size);
    case 'rmsprop':
      return rmsprop(rate, Number(spec.decay), Number(spec.momentum), Number(spec.epsilon), size);
  }
}

/** a = m·a + g; w −= lr·a, with Nesterov lr·(g + m·a) */
function momentum(rate: number, m: number, isNesterov: boolean, size: number): UpdateRule {
  const a = new Float64Array(size);
  return (w, g) => {
    for (let i = 0; i < size; i++) {
      const moved = m * a[i]! + g[i]!;
      a[i] = moved;
      w[i] = w[i]! - rate * (isNesterov ? g[i]! + m * moved : moved);
    }
  };
}

/** w −= lr·m̂ ÷ (√v̂ + ε) */
function adam(rate: number, b1: number, b2: number, epsilon: number, size: number): UpdateRule {
  const m = new Float64Array(size);
  const v = new Float64Array(size);
  let power1 = 1;
  let power2 = 1;
  return (w, g) => {
    power1 *= b1;
    power2 *= b2;
    const firstScale = rate / (1 - power1);
    const secondScale = 1 / (1 - power2);
    for (let i = 0; i < size; i++) {
      const gradient = g[i]!;
      const first = b1 * m[i]! + (1 - b1) * gradient;
      const second = b2 * v[i]! + (1 - b2) * gradient * gradient;
      m[i] = first;
      v[i] = second;
      w[i] = w[i]! - (firstScale * first) / (Math.sqrt(second * secondScale) + epsilon);
    }
  };
}

/** a += g²; w −= lr·g ÷ √(a + ε) */
function adagrad(rate: number, initial: number, size: number): UpdateRule {
  const a = new Float64Array(size).fill(initial);
  return (w, g) => {
    for (let i = 0; i < size; i++) {
      const sum = a[i]! + g[i]! * g[i]!;
      a[i] = sum;
      w[i] = w[i]! - (rate * g[i]!) / Math.sqrt(sum + ADAGRAD_EPSILON);
    }
  };
}

/** v = d·v + (1 − d)·g²; q = m·q + lr·g ÷ √(v + ε); w −= q */
function rmsprop(
  rate: number,
  decay: number,
  m: number,
  epsilon: number,
  size: number,
): UpdateRule {
  const v = new Float64Array(size);
  const q = new Float64Array(size);
  return (w, g) => {
    for (let i = 0; i < size; i++) {
      const mean = decay * v[i]! + (1 - decay) * g[i]! * g[i]!;
      const moved = m * q[i]! + (rate * g[i]!) / Math.sqrt(mean + epsilon);
      v[i] = mean;
      q[i] = moved;
      w[i] = w[i]! - moved;
    }
  };
}
