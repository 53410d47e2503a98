/**
 * One optimizer step on the variables of a tfjs model, by the update rules of the dense engine.
 *
 * tfjs's own optimizers run a dozen small kernels for each variable; here the numbers are read once, changed in one loop and written
 * back. Memory and arithmetic are float64, weights float32 between the steps. Leaves to others: the rules (dense/optimizer.ts).
 */
import type { OptimizerSpec } from '@plexus/core';
import * as tf from '@tensorflow/tfjs-core';
import { updateRule, type UpdateRule } from './dense/optimizer.js';

export class VariableOptimizer {
  readonly #variables: readonly tf.Variable[];
  readonly #rules: readonly UpdateRule[];

  constructor(spec: OptimizerSpec, variables: readonly tf.Variable[]) {
    this.#variables = variables;
    this.#rules = variables.map(({ size }) => updateRule(spec, size));
  }

  /** One step down the gradients of a loss; the loss before it. Call it inside tf.tidy. */
  minimize(loss: () => tf.Scalar): number {
    if (this.#variables.length === 0) return loss().dataSync()[0] ?? NaN; // tfjs refuses to differentiate by nothing
    const { value, grads } = tf.variableGrads(loss, [...this.#variables]);
    this.#variables.forEach((variable, i) => {
      const gradient = grads[variable.name];
      if (gradient === undefined) return;
      const weights = Float64Array.from(variable.dataSync());
      this.#rules[i]?.(weights, Float64Array.from(gradient.dataSync()));
      variable.assign(tf.tensor(Float32Array.from(weights), variable.shape));
    });
    return value.dataSync()[0] ?? NaN;
  }
}
