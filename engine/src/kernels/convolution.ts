/**
 * Convolutions: their two gradients as one matrix product each, and a forward pass that is right where the stride jumps over pixels.
 *
 *     filter gradient = patchesᵀ · dy        input gradient = scatter(dy · filterᵀ)
 *
 * where the stride is above 1; below, the input gradient is a convolution
 *
 * Source: Chellapilla et al. 2006 (unrolled convolution). Leaves to others: the forward product, which is the backend's own.
 */
import { backend_util, type TensorInfo } from '@tensorflow/tfjs-core';
import { add, inputOf, numbersOf, product, replace, run, shaped, type Call } from './heap.js';
import {
  gatherPatches,
  patchSize,
  positions,
  scatterPatches,
  windowOf,
  type Window,
} from './windows.js';

type Shape4 = [number, number, number, number];
interface ConvolutionAttrs {
  readonly strides: [number, number] | number;
  readonly pad: 'valid' | 'same' | number;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

export function registerConvolutions(): void {
  for (const name of ['Conv2D', 'FusedConv2D', 'DepthwiseConv2dNative', 'FusedDepthwiseConv2D'])
    replace(name, withoutSkippedPixels);
  add('Conv2DBackpropFilter', filterGradient);
  add('Conv2DBackpropInput', inputGradient);
}

/** With `same` padding the backend shifts the window where pixels at the end are never reached: they are cut off first. */
function withoutSkippedPixels(call: Call, stock: (call: Call) => TensorInfo): TensorInfo {
  const x = inputOf(call, 'x');
  const filter = inputOf(call, 'filter');
  if (attrsOf(call).pad !== 'same') return stock(call);
  const [height = 1, width = 1] = filter.shape;
  const w = convolutionWindow(call, x.shape as Shape4, [height, width, x.shape[3] ?? 1, 1]);
  const rows = Math.min(w.rows, (w.outRows - 1) * w.strideRows + w.height);
  const columns = Math.min(w.columns, (w.outColumns - 1) * w.strideColumns + w.width);
  if (rows === w.rows && columns === w.columns) return stock(call);
  const size = [w.images, rows, columns, w.channels];
  const cut = run('Slice', call.backend, { x }, { begin: [0, 0, 0, 0], size });
  const out = stock({ ...call, inputs: { ...call.inputs, x: cut } });
  call.backend.disposeData(cut.dataId);
  return out;
}

function filterGradient(call: Call): TensorInfo {
  const { backend } = call;
  const x = inputOf(call, 'x');
  const dy = inputOf(call, 'dy');
  const filterShape = call.attrs['filterShape'] as Shape4;
  const w = convolutionWindow(call, x.shape as Shape4, filterShape);
  const count = positions(w);
  const patches = backend.makeOutput([patchSize(w), count], 'float32');
  gatherPatches(w, numbersOf(backend, x), numbersOf(backend, patches));
  const gradient = product(backend, patches, shaped(dy, [count, filterShape[3]]));
  backend.disposeData(patches.dataId);
  return shaped(gradient, filterShape);
}

function inputGradient(call: Call): TensorInfo {
  const filter = inputOf(call, 'filter');
  const inputShape = call.attrs['inputShape'] as Shape4;
  const w = convolutionWindow(call, inputShape, filter.shape as Shape4);
  const isSliding = w.strideRows === 1 && w.strideColumns === 1;
  return isSliding ? slidingGradient(call, w, inputShape) : stridedGradient(call, w, inputShape);
}

/** Where the window moves by one, the gradient is itself a convolution: of dy, padded, with the filter turned around. */
function slidingGradient(call: Call, w: Window, inputShape: Shape4): TensorInfo {
  const { backend } = call;
  const filter = inputOf(call, 'filter');
  const filters = filter.shape[3] ?? 1;
  const turned = backend.makeOutput([w.height, w.width, filters, w.channels], 'float32');
  const to = numbersOf(backend, turned);
  const from = numbersOf(backend, filter);
  const last = w.height * w.width - 1;
  for (let tap = 0; tap <= last; tap++)
    transpose(
      ...([from.subarray(tap * w.channels * filters), w.channels, filters] as const),
      to.subarray((last - tap) * w.channels * filters),
    );
  const top = w.height - 1 - w.top;
  const left = w.width - 1 - w.left;
  const gradient = run(
    'Conv2D',
    backend,
    { x: inputOf(call, 'dy'), filter: turned },
    {
      strides: [1, 1],
      pad: [
        [0, 0],
        [top, w.rows - w.outRows + w.height - 1 - top],
        [left, w.columns - w.outColumns + w.width - 1 - left],
        [0, 0],
      ],
      dataFormat: 'NHWC',
      dilations: [1, 1],
    },
  );
  backend.disposeData(turned.dataId);
  return shaped(gradient, inputShape);
}

function stridedGradient(call: Call, w: Window, inputShape: Shape4): TensorInfo {
  const { backend } = call;
  const filter = inputOf(call, 'filter');
  const filters = filter.shape[3] ?? 1;
  const size = patchSize(w);
  const turned = backend.makeOutput([filters, size], 'float32');
  transpose(numbersOf(backend, filter), size, filters, numbersOf(backend, turned));
  const patches = product(backend, shaped(inputOf(call, 'dy'), [positions(w), filters]), turned);
  const gradient = backend.makeOutput(inputShape, 'float32');
  const out = numbersOf(backend, gradient).fill(0);
  scatterPatches(w, numbersOf(backend, patches), out);
  backend.disposeData(turned.dataId);
  backend.disposeData(patches.dataId);
  return gradient;
}

function convolutionWindow(call: Call, input: Shape4, filter: Shape4): Window {
  const { strides, pad, dimRoundingMode } = attrsOf(call);
  return windowOf(backend_util.computeConv2DInfo(input, filter, strides, 1, pad, dimRoundingMode));
}

export function attrsOf({ attrs }: Call): ConvolutionAttrs {
  // what tfjs's own callers put there
  return attrs as unknown as ConvolutionAttrs;
}

function transpose(from: Float32Array, rows: number, columns: number, to: Float32Array): void {
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      to[column * rows + row] = from[row * columns + column]!;
}
