/**
 * Losses of core's catalogue: one number for each example; the loss of a batch is their mean.
 *
 * An example's loss is the mean over its outputs, but for the categorical one, which sums. Source: Keras, as the reference values have it;
 * Cox 1972 with Breslow's ties. Leaves to others: the model that predicts (tfjs-model.ts).
 */
import { PlexusError, type Loss } from '@plexus/core';
import * as tf from '@tensorflow/tfjs-core';

/** Shapes: labels: rows × labelWidth. predictions: rows × outputs. Result: rows. */
type ExampleLoss = (labels: tf.Tensor, predictions: tf.Tensor) => tf.Tensor;

/** Where probabilities are cut off: 0 has no logarithm. */
const CLIP = 1e-7;
const POISSON_OFFSET = 1e-7;
/** The log-hazard of who is no longer at risk; its exponential is 0, and unlike −∞ it can be subtracted. */
const LEAST = -1e38;

const EXAMPLE_LOSSES: Readonly<Record<Loss, ExampleLoss>> = {
  binaryCrossentropy(labels, predictions) {
    const p = clipped(predictions);
    const ill = tf.mul(labels, tf.log(p));
    const well = tf.mul(tf.sub(1, labels), tf.log(tf.sub(1, p)));
    return tf.neg(tf.mean(tf.add(ill, well), -1));
  },
  categoricalCrossentropy(labels, predictions) {
    const p = clipped(tf.div(predictions, tf.sum(predictions, -1, true)));
    return tf.neg(tf.sum(tf.mul(labels, tf.log(p)), -1));
  },
  meanSquaredError: (labels, predictions) => tf.mean(tf.square(tf.sub(predictions, labels)), -1),
  meanAbsoluteError: (labels, predictions) => tf.mean(absolute(tf.sub(predictions, labels)), -1),
  huber(labels, predictions) {
    const error = tf.abs(tf.sub(predictions, labels));
    const near = tf.minimum(error, 1);
    return tf.mean(tf.add(tf.mul(0.5, tf.square(near)), tf.sub(error, near)), -1);
  },
  poisson(labels, predictions) {
    const logarithm = tf.log(tf.add(predictions, POISSON_OFFSET));
    return tf.mean(tf.sub(predictions, tf.mul(labels, logarithm)), -1);
  },
  coxPartialLikelihood,
};

/** Numbers of an example's label. */
export function labelWidth(loss: Loss, outputs: number): number {
  return loss === 'coxPartialLikelihood' ? 2 : outputs;
}

/** Shapes: as labelWidth says; result: rows. */
export function exampleLosses(loss: Loss, labels: tf.Tensor, predictions: tf.Tensor): tf.Tensor {
  return EXAMPLE_LOSSES[loss](labels, predictions);
}

/** Mean over the batch. */
export function meanLoss(loss: Loss, labels: tf.Tensor, predictions: tf.Tensor): tf.Scalar {
  return tf.mean(exampleLosses(loss, labels, predictions));
}

/** A clipped probability has no slope. */
function clipped(probabilities: tf.Tensor): tf.Tensor {
  return tf.clipByValue(probabilities, CLIP, 1 - CLIP);
}

/** |x| with slope 0 at 0, where tf.abs has −1. */
function absolute(x: tf.Tensor): tf.Tensor {
  return tf.mul(x, tf.sign(x));
}

/**
 * event_i · (ln Σ e^h over rows j with time_j ≥ time_i, minus h_i), so that the mean over rows is the batch's loss.
 *
 * The gradient is written out: that of a maximum would go to one of several equal ones.
 */
function coxPartialLikelihood(labels: tf.Tensor, predictions: tf.Tensor): tf.Tensor {
  const rows = predictions.size;
  const [time, event] = tf.split(labels, 2, 1);
  if (time === undefined || event === undefined)
    throw new PlexusError('STATE_UNEXPECTED', 'loss: expected labels of time and event');
  const likelihood = tf.customGrad((...given) => {
    const [hazards, save] = given;
    if (!(hazards instanceof tf.Tensor) || typeof save !== 'function')
      throw new PlexusError('STATE_UNEXPECTED', 'loss: expected log-hazards');
    const everybody = tf.broadcastTo(tf.reshape(hazards, [1, rows]), [rows, rows]);
    const isAtRisk = tf.greaterEqual(tf.reshape(time, [1, rows]), time);
    const atRisk = tf.where(isAtRisk, everybody, tf.fill([rows, rows], LEAST));
    const largest = tf.max(atRisk, 1, true);
    const parts = tf.exp(tf.sub(atRisk, largest));
    const total = tf.sum(parts, 1, true);
    const logTotal = tf.add(largest, tf.log(total));
    save([tf.div(parts, total), event]); // nothing else outlives the forward pass
    return {
      value: tf.reshape(tf.mul(event, tf.sub(logTotal, hazards)), [rows]),
      gradFunc(slope: tf.Tensor, [shares, weights]: tf.Tensor[]) {
        if (shares === undefined || weights === undefined)
          throw new PlexusError('STATE_UNEXPECTED', 'loss: expected what was saved');
        const events = tf.mul(weights, tf.reshape(slope, [rows, 1]));
        return tf.sub(tf.matMul(shares, events, true), events);
      },
    };
  });
  return likelihood(predictions);
}
