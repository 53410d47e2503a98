/**
 * Optimizers of core's catalogue as tfjs runs them. Their memory outlives a model: whoever builds one disposes of it.
 *
 * Source: the update rules of tfjs 4.22. Leaves to others: gradients (tfjs-engine.ts).
 */
import type { OptimizerSpec } from '@plexus/core';
import * as tf from '@tensorflow/tfjs-core';

export function buildOptimizer(spec: OptimizerSpec): tf.Optimizer {
  const rate = Number(spec.learningRate);
  switch (spec.kind) {
    case 'sgd':
      return tf.train.sgd(rate);
    case 'momentum':
      return tf.train.momentum(rate, Number(spec.momentum), spec.nesterov);
    case 'adam':
      return tf.train.adam(rate, Number(spec.beta1), Number(spec.beta2), Number(spec.epsilon));
    case 'adagrad':
      return tf.train.adagrad(rate, Number(spec.initialAccumulator));
    case 'rmsprop':
      return tf.train.rmsprop(
        rate,
        Number(spec.decay),
        Number(spec.momentum),
        Number(spec.epsilon),
      );
  }
}
