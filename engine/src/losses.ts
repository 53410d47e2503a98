/**
 * Losses of core's catalogue on tensors: the dense engine's rules, as one operation with a gradient of its own.
 *
 * Leaves to others: the rules (dense/loss.ts), the model that predicts (tfjs-model.ts).
 */
import { PlexusError, type Loss } from '@plexus/core';
import * as tf from '@tensorflow/tfjs-core';
import { lossRule } from './dense/loss.js';

/** Numbers of an example's label. */
export function labelWidth(loss: Loss, outputs: number): number {
  return lossRule(loss, outputs).labelWidth;
}

/** Mean over the batch. Shapes: labels: rows × labelWidth. predictions: rows × outputs. */
export function meanLoss(loss: Loss, labels: tf.Tensor, predictions: tf.Tensor): tf.Scalar {
  const [rows = 0] = predictions.shape;
  const rule = lossRule(loss, predictions.size / rows);
  const wanted = Float32Array.from(labels.dataSync());
  const operation = tf.customGrad((given) => {
    if (!(given instanceof tf.Tensor))
      throw new PlexusError('STATE_UNEXPECTED', 'loss: expected predictions');
    const slopes = new Float64Array(given.size);
    const sum = rule.sum(rows, wanted, Float64Array.from(given.dataSync()), slopes);
    const gradFunc = (slope: tf.Tensor): tf.Tensor => {
      const means = Float32Array.from(slopes, (value) => value / rows);
      return tf.mul(slope, tf.tensor(means, given.shape));
    };
    return { value: tf.scalar(sum / rows), gradFunc };
  });
  return operation(predictions);
}
