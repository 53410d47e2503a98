/**
 * Dropout of a tensor by a step's seed: tfjs would repeat one mask in every step, or take no seed at all.
 *
 * Source: engine.md "Determinism". Leaves to others: the mask, which every engine draws alike (dense/dropout.ts).
 */
import * as tf from '@tensorflow/tfjs-core';
import { drawMask } from './dense/dropout.js';

/**
 * Sets a share of the numbers to 0 and scales up what stays, so that the expectation does not change.
 *
 * Units   rate in [0, 1). seed: 32 bits. layer: its place in the model, so that two layers drop other places.
 */
export function dropout(x: tf.Tensor, rate: number, seed: number, layer: number): tf.Tensor {
  const mask = new Float32Array(x.size);
  drawMask(mask, x.size, rate, seed, layer);
  return tf.mul(x, tf.tensor(mask, x.shape));
}
