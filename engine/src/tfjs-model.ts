/**
 * A declarative model as a tfjs model, and its optimizer. The only place that maps our layer names to theirs.
 *
 * First values come from core's catalogue, so kernels start at zero here: tfjs draws no random number.
 * Source: engine.md. Leaves to others: running it (tfjs-engine.ts).
 */
import type { LayerSpec, ModelSpec, OptimizerSpec } from '@plexus/core';
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';

type Loss = (labels: tf.Tensor, predictions: tf.Tensor) => tf.Tensor;

/** One value per example. Keras clips probabilities to [1e-7, 1 − 1e-7]. */
const LOSSES: Readonly<Record<ModelSpec['loss'], Loss>> = {
  binaryCrossentropy: (labels, predictions) =>
    layers.metrics.binaryCrossentropy(labels, predictions),
};

export function buildModel(model: ModelSpec, inputWidth: number): layers.Sequential {
  return layers.sequential({
    layers: model.layers.map((layer, i) => buildLayer(layer, i === 0 ? inputWidth : undefined)),
  });
}

export function buildOptimizer(spec: OptimizerSpec): tf.Optimizer {
  const rate = Number(spec.learningRate);
  switch (spec.kind) {
    case 'sgd':
      return tf.train.sgd(rate);
    case 'adam':
      return tf.train.adam(rate, Number(spec.beta1), Number(spec.beta2), Number(spec.epsilon));
  }
}

/** Mean over the batch. */
export function meanLoss(model: ModelSpec, labels: tf.Tensor, predictions: tf.Tensor): tf.Scalar {
  return tf.mean(LOSSES[model.loss](labels, predictions));
}

function buildLayer(layer: LayerSpec, inputWidth: number | undefined): layers.layers.Layer {
  const { units, activation, useBias } = layer;
  const input = inputWidth === undefined ? {} : { inputShape: [inputWidth] };
  return layers.layers.dense({ units, activation, useBias, kernelInitializer: 'zeros', ...input });
}
