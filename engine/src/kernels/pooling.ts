/**
 * Gradients of pooling. A maximum sends its gradient to the first place that holds it, row by row; an average spreads it over the
 * pixels of its window that lie inside the image.
 *
 * Source: the conventions of TensorFlow 2. Leaves to others: the forward passes, which are the backend's own.
 */
import { backend_util, type TensorInfo } from '@tensorflow/tfjs-core';
import { attrsOf } from './convolution.js';
import { add, inputOf, numbersOf, type Call } from './heap.js';
import { windowOf, type Window } from './windows.js';

type Shape4 = [number, number, number, number];

export function registerPooling(): void {
  add('MaxPoolGrad', (call) =>
    gradient(call, (w, dy, out) => {
      const x = numbersOf(call.backend, inputOf(call, 'input'));
      const y = numbersOf(call.backend, inputOf(call, 'output'));
      spreadMaximum(w, x, y, dy, out);
    }),
  );
  add('AvgPoolGrad', (call) => gradient(call, spreadAverage));
}

function gradient(
  call: Call,
  fill: (window: Window, dy: Float32Array, out: Float32Array) => void,
): TensorInfo {
  const { backend } = call;
  const shape = inputOf(call, 'input').shape as Shape4;
  const { strides, pad, dimRoundingMode } = attrsOf(call);
  const size = call.attrs['filterSize'] as [number, number];
  const info = backend_util.computePool2DInfo(shape, size, strides, 1, pad, dimRoundingMode);
  const made = backend.makeOutput(shape, 'float32');
  const out = numbersOf(backend, made).fill(0);
  fill(windowOf(info), numbersOf(backend, inputOf(call, 'dy')), out);
  return made;
}

/**
 * The first place under a window that holds its maximum gets its gradient. Numbers are compared and, where no two windows share a
 * pixel, moved by their bits: a script converts every float32 that it computes with.
 */
function spreadMaximum(
  w: Window,
  x: Float32Array,
  y: Float32Array,
  dy: Float32Array,
  out: Float32Array,
): void {
  const { channels, columns } = w;
  const isShared = w.strideRows < w.height || w.strideColumns < w.width;
  const inputs = bitsOf(x);
  const maxima = bitsOf(y);
  const gradients = bitsOf(dy);
  const sums = bitsOf(out);
  let at = 0;
  eachWindow(w, (from, to, first, last) => {
    for (let c = 0; c < channels; c++, at++) {
      const place = placeOf(inputs, maxima[at]!, from, to, first, last, columns, channels, c);
      if (place < 0) continue; // not a number
      if (isShared) out[place] = out[place]! + dy[at]!;
      else sums[place] = gradients[at]!;
    }
  });
}

function placeOf(
  inputs: Int32Array,
  maximum: number,
  from: number,
  to: number,
  first: number,
  last: number,
  columns: number,
  channels: number,
  channel: number,
): number {
  for (let row = from; row < to; row++) {
    const end = (row * columns + last) * channels;
    for (let i = (row * columns + first) * channels + channel; i < end; i += channels)
      if (inputs[i] === maximum) return i;
  }
  return -1;
}

function bitsOf({ buffer, byteOffset, length }: Float32Array): Int32Array {
  return new Int32Array(buffer, byteOffset, length);
}

function spreadAverage(w: Window, dy: Float32Array, out: Float32Array): void {
  const { channels, columns } = w;
  let at = 0;
  eachWindow(w, (from, to, first, last) => {
    const share = 1 / ((to - from) * (last - first));
    for (let row = from; row < to; row++) {
      const end = (row * columns + last) * channels;
      for (let pixel = (row * columns + first) * channels; pixel < end; pixel += channels)
        for (let c = 0; c < channels; c++) out[pixel + c] = out[pixel + c]! + share * dy[at + c]!;
    }
    at += channels;
  });
}

/** The rows and columns of the image under each window, none of them outside. Rows are counted over the whole batch. */
function eachWindow(
  w: Window,
  visit: (fromRow: number, toRow: number, fromColumn: number, toColumn: number) => void,
): void {
  for (let image = 0; image < w.images; image++)
    for (let oy = 0; oy < w.outRows; oy++) {
      const y = oy * w.strideRows - w.top;
      const from = image * w.rows + Math.max(0, y);
      const to = image * w.rows + Math.min(w.rows, y + w.height);
      for (let ox = 0; ox < w.outColumns; ox++) {
        const x = ox * w.strideColumns - w.left;
        visit(from, to, Math.max(0, x), Math.min(w.columns, x + w.width));
      }
    }
}
