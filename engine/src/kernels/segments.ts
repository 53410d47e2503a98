/** Sums of rows that share an index: the gradient of an embedding. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { add, inputOf, numbersOf, type Call } from './heap.js';

export function registerSegments(): void {
  add('UnsortedSegmentSum', segmentSum);
}

/** Shapes: x [rows, …], segmentIds [rows]; result [numSegments, …]. Ids outside 0..numSegments−1 count nowhere. */
function segmentSum(call: Call): TensorInfo {
  const { backend } = call;
  const x = inputOf(call, 'x');
  const segments = call.attrs['numSegments'] as number;
  const made = backend.makeOutput([segments, ...x.shape.slice(1)], 'float32');
  const out = numbersOf(backend, made).fill(0);
  const rows = numbersOf(backend, x);
  const ids = backend.typedArrayFromHeap(inputOf(call, 'segmentIds'));
  const width = ids.length === 0 ? 0 : rows.length / ids.length;
  ids.forEach((id, row) => {
    if (id < 0 || id >= segments) return;
    for (let i = 0; i < width; i++)
      out[id * width + i] = out[id * width + i]! + rows[row * width + i]!;
  });
  return made;
}
