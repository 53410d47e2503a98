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
      eachWindow(w, (at, from, to, first, last, channel) => {
        let best = -Infinity;
        let place = -1;
        for (let row = from; row < to; row++)
          for (let column = first; column < last; column++) {
            const i = (row * w.columns + column) * w.channels + channel;
            if (x[i]! > best || place < 0) {
              best = x[i]!;
              place = i;
            }
          }
        out[place] = out[place]! + dy[at]!;
      });
    }),
  );
  add('AvgPoolGrad', (call) =>
    gradient(call, (w, dy, out) => {
      eachWindow(w, (at, from, to, first, last, channel) => {
        const share = dy[at]! / ((to - from) * (last - first));
        for (let row = from; row < to; row++)
          for (let column = first; column < last; column++) {
            const i = (row * w.columns + column) * w.channels + channel;
            out[i] = out[i]! + share;
          }
      });
    }),
  );
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
 * Every window of every channel: where its output lies, and the rows and columns of the image under it. Rows are counted over the
 * whole batch.
 */
function eachWindow(
  w: Window,
  visit: (
    at: number,
    fromRow: number,
    toRow: number,
    fromColumn: number,
    toColumn: number,
    channel: number,
  ) => void,
): void {
  let at = 0;
  for (let image = 0; image < w.images; image++)
    for (let oy = 0; oy < w.outRows; oy++) {
      const y = oy * w.strideRows - w.top;
      const from = image * w.rows + Math.max(0, y);
      const to = image * w.rows + Math.min(w.rows, y + w.height);
      for (let ox = 0; ox < w.outColumns; ox++) {
        const x = ox * w.strideColumns - w.left;
        const first = Math.max(0, x);
        const last = Math.min(w.columns, x + w.width);
        for (let channel = 0; channel < w.channels; channel++, at++)
          visit(at, from, to, first, last, channel);
      }
    }
}
