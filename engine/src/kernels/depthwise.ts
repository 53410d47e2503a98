/**
 * The two gradients of a depthwise convolution, as loops: each channel has filters of its own, so there is no matrix in it.
 *
 * Shapes   x, dx: [batch, rows, columns, channels]; filter: [height, width, channels, multiplier];
 *          dy: [batch, outRows, outColumns, channels × multiplier].
 */
import { backend_util, type TensorInfo } from '@tensorflow/tfjs-core';
import { attrsOf } from './convolution.js';
import { add, inputOf, numbersOf, type Call } from './heap.js';
import { windowOf, type Window } from './windows.js';

type Shape4 = [number, number, number, number];

export function registerDepthwise(): void {
  add('DepthwiseConv2dNativeBackpropFilter', (call) => {
    const x = inputOf(call, 'x');
    const shape = call.attrs['filterShape'] as Shape4;
    return gradient(call, shape, x.shape as Shape4, shape, (at, filter, dy, out) => {
      const image = numbersOf(call.backend, x);
      walk(at, filter, (input, weight, output) => {
        out[weight] = out[weight]! + image[input]! * dy[output]!;
      });
    });
  });
  add('DepthwiseConv2dNativeBackpropInput', (call) => {
    const given = inputOf(call, 'filter');
    const shape = call.attrs['inputShape'] as Shape4;
    return gradient(call, shape, shape, given.shape as Shape4, (at, filter, dy, out) => {
      const weights = numbersOf(call.backend, given);
      walk(at, filter, (input, weight, output) => {
        out[input] = out[input]! + weights[weight]! * dy[output]!;
      });
    });
  });
}

function gradient(
  call: Call,
  outShape: Shape4,
  inputShape: Shape4,
  filterShape: Shape4,
  fill: (window: Window, filter: Shape4, dy: Float32Array, out: Float32Array) => void,
): TensorInfo {
  const { backend } = call;
  const { strides, pad, dimRoundingMode } = attrsOf(call);
  const info = backend_util.computeConv2DInfo(
    ...([inputShape, filterShape, strides, 1, pad, dimRoundingMode, true] as const),
  );
  const made = backend.makeOutput(outShape, 'float32');
  const out = numbersOf(backend, made).fill(0);
  fill(windowOf(info), filterShape, numbersOf(backend, inputOf(call, 'dy')), out);
  return made;
}

/** Every (input, weight, output) that meet, in one fixed order. */
function walk(
  w: Window,
  [, , channels, multiplier]: Shape4,
  visit: (input: number, weight: number, output: number) => void,
): void {
  const filters = channels * multiplier;
  let output = 0;
  for (let image = 0; image < w.images; image++)
    for (let oy = 0; oy < w.outRows; oy++)
      for (let ox = 0; ox < w.outColumns; ox++, output += filters)
        for (let ky = 0; ky < w.height; ky++) {
          const y = oy * w.strideRows - w.top + ky;
          if (y < 0 || y >= w.rows) continue;
          for (let kx = 0; kx < w.width; kx++) {
            const x = ox * w.strideColumns - w.left + kx;
            if (x < 0 || x >= w.columns) continue;
            const input = ((image * w.rows + y) * w.columns + x) * channels;
            const weight = (ky * w.width + kx) * filters;
            for (let c = 0; c < channels; c++)
              for (let m = 0; m < multiplier; m++) {
                const f = c * multiplier + m;
                visit(input + c, weight + f, output + f);
              }
          }
        }
}
