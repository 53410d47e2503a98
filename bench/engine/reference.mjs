/** What an epoch is measured against: float32 matrix products on tfjs's wasm backend, of the same number of operations. */
import { createRequire } from 'node:module';
import { dirname, join, sep } from 'node:path';
import { setThreadsCount, setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';

const SIDE = 256;
const OPERATIONS = 2 * SIDE ** 3;

/** A function that multiplies as often as the operations ask for, at least once, and scales nothing. */
export async function matrixProducts(operations) {
  const before = tf.getBackend();
  const manifest = createRequire(import.meta.url).resolve(
    '@tensorflow/tfjs-backend-wasm/package.json',
  );
  setWasmPaths(join(dirname(manifest), 'dist') + sep);
  setThreadsCount(1);
  await tf.setBackend('wasm');
  const numbers = Float32Array.from({ length: SIDE * SIDE }, (_, i) => Math.sin(i));
  const a = tf.tensor2d(numbers, [SIDE, SIDE]);
  const times = Math.max(1, Math.round(operations / OPERATIONS));
  if (before) await tf.setBackend(before);
  return () => {
    const current = tf.getBackend();
    if (current !== 'wasm') void tf.setBackend('wasm');
    for (let i = 0; i < times; i++) tf.tidy(() => tf.matMul(a, a).dataSync()[0]);
    if (current && current !== 'wasm') void tf.setBackend(current);
  };
}
