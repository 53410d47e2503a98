/**
 * Dropout masks from a step's seed: 32 bits for each (seed, layer, place), with no state between them.
 *
 * tfjs would repeat one mask in every step, or take no seed at all. Not for secrets: the seed is public. Source: engine.md
 * "Determinism"; the finaliser of MurmurHash3 (Appleby, public domain) as the mixer.
 */
import * as tf from '@tensorflow/tfjs-core';

/**
 * Sets a share of the numbers to 0 and scales up what stays, so that the expectation does not change.
 *
 * Units   rate in [0, 1). seed: 32 bits. layer: its place in the model, so that two layers drop other places.
 */
export function dropout(x: tf.Tensor, rate: number, seed: number, layer: number): tf.Tensor {
  const mask = new Float32Array(x.size);
  const kept = 1 / (1 - rate);
  const threshold = Math.floor(rate * 2 ** 32);
  const start = mixed(mixed(seed) ^ layer);
  for (let i = 0; i < mask.length; i++) mask[i] = mixed(start ^ mixed(i)) >= threshold ? kept : 0;
  return tf.mul(x, tf.tensor(mask, x.shape));
}

/** 32 bits to 32 bits, one to one. */
function mixed(word: number): number {
  let h = word ^ 0x9e3779b9; // 0 would stay 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
