/**
 * Layers with weights as functions of tensors, before their activations, and the record that each leaves of a pass.
 *
 * Source: tfjs-layers 4.22; Wu and He 2018 for groups. Leaves to others: float64 sums (patient-records.ts), layers without weights and
 * which layers are taken (patient-layers.ts).
 */
import { sizeOfShape, type LayerOf, type Shape } from '@plexus/core';
import * as tf from '@tensorflow/tfjs-core';
import {
  convolutionRecord,
  denseRecord,
  depthwiseRecord,
  scaleRecord,
  slideOver,
  tableRecord,
  type LayerRecord,
  type Places,
  type Slide,
} from './patient-records.js';

/** y and what the weights' gradient reads besides the slope at y, before any activation. */
export interface WeightedLayer {
  readonly apply: (x: tf.Tensor, weights: readonly tf.Tensor[]) => Applied;
  readonly record: LayerRecord;
}

type TensorFunction = (x: tf.Tensor) => tf.Tensor;

interface Applied {
  readonly y: tf.Tensor;
  readonly read: tf.Tensor;
}

const ONE: Slide = { extent: 1, taps: 1, stride: 1, before: 0, outputs: 1 };

/** `at`, here and below: the place of a layer's first weight in the array of all. */
export function dense(layer: LayerOf<'dense'>, input: Shape, at: number): WeightedLayer {
  const { units } = layer;
  const channels = input.at(-1)!;
  const steps = sizeOfShape(input) / channels;
  const places = placesOf(at, channels * units, layer.useBias);
  const down = { ...ONE, extent: steps, outputs: steps };
  return {
    apply: (x, [kernel, bias]) => {
      const y = tf.matMul(tf.reshape(x, [-1, channels]), kernel!);
      return { y: shifted(tf.reshape(y, [...x.shape.slice(0, -1), units]), bias), read: x };
    },
    record:
      input.length === 1
        ? denseRecord(channels, units, places)
        : convolutionRecord({ down, across: ONE, channels }, units, places),
  };
}

export function conv1d(layer: LayerOf<'conv1d'>, input: Shape, at: number): WeightedLayer {
  const { kernelSize, strides, padding, filters } = layer;
  const [steps = 0, channels = 0] = input;
  const down = slideOver(steps, kernelSize, strides, padding);
  const places = placesOf(at, kernelSize * channels * filters, layer.useBias);
  return {
    apply: (x, [kernel, bias]) => {
      const y = tf.conv1d(rank3(x), rank3(kernel!), strides, padding);
      return { y: shifted(y, bias), read: x };
    },
    record: convolutionRecord({ down, across: ONE, channels }, filters, places),
  };
}

export function conv2d(
  layer: LayerOf<'conv2d'> | LayerOf<'depthwiseConv2d'>,
  input: Shape,
  at: number,
): WeightedLayer {
  const [rows = 0, columns = 0, channels = 0] = input;
  const { kernelSize, strides, padding } = layer;
  const windows = {
    down: slideOver(rows, kernelSize[0], strides[0], padding),
    across: slideOver(columns, kernelSize[1], strides[1], padding),
    channels,
  };
  const isDepthwise = layer.type === 'depthwiseConv2d';
  const outputs = isDepthwise ? layer.depthMultiplier : layer.filters;
  const size = kernelSize[0] * kernelSize[1] * channels * outputs;
  const places = placesOf(at, size, layer.useBias);
  const convolve = isDepthwise ? tf.depthwiseConv2d : tf.conv2d;
  return {
    apply: (x, [kernel, bias]) => {
      const y = convolve(rank4(x), rank4(kernel!), [...strides], padding);
      return { y: shifted(y, bias), read: x };
    },
    record: isDepthwise
      ? depthwiseRecord(windows, outputs, places)
      : convolutionRecord(windows, outputs, places),
  };
}

export function layerNormalization(
  layer: LayerOf<'layerNormalization'>,
  input: Shape,
  at: number,
): WeightedLayer {
  const axes = layer.axis.map((axis) => (axis === -1 ? input.length : axis));
  const kept = input.map((extent, i) => (axes.includes(i + 1) ? extent : 1));
  return scaled((x) => standardised(x, axes, layer.epsilon), kept, input, at);
}

export function groupNormalization(
  layer: LayerOf<'groupNormalization'>,
  input: Shape,
  at: number,
): WeightedLayer {
  const { groups } = layer;
  const channels = input.at(-1)!;
  const grouped = [-1, sizeOfShape(input) / channels, groups, channels / groups];
  const kept = input.map((extent, i) => (i + 1 === input.length ? extent : 1));
  const normalise: TensorFunction = (x) =>
    tf.reshape(standardised(tf.reshape(x, grouped), [1, 3], layer.epsilon), x.shape);
  return scaled(normalise, kept, input, at);
}

/** x where it is positive, alpha·x elsewhere. */
export function prelu(layer: LayerOf<'prelu'>, input: Shape, at: number): WeightedLayer {
  const kept = input.map((extent, i) => (layer.sharedAxes.includes(i + 1) ? 1 : extent));
  return {
    apply: (x, [alpha]) => {
      const read = tf.minimum(x, 0);
      return { y: tf.add(tf.relu(x), tf.mul(read, tf.reshape(alpha!, [1, ...kept]))), read };
    },
    record: scaleRecord(scaleOf(kept, input), sizeOfShape(kept), at, -1),
  };
}

export function embedding(layer: LayerOf<'embedding'>, at: number): WeightedLayer {
  return {
    apply: (x, [table]) => {
      const read = tf.clipByValue(tf.round(x), 0, layer.inputDim - 1); // beyond the table wasm would read other memory
      return { y: tf.gather(table!, tf.cast(read, 'int32')), read };
    },
    record: tableRecord(layer.inputDim, layer.outputDim, at),
  };
}

/** x less its mean, divided by √(variance + epsilon), over these axes. */
function standardised(x: tf.Tensor, axes: readonly number[], epsilon: string): tf.Tensor {
  const { mean, variance } = tf.moments(x, [...axes], true);
  return tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, Number(epsilon))));
}

/** x̂ times a scale plus a shift. Shapes: scale, shift: of `kept`, whose extent is 1 where they are shared. */
function scaled(normalise: TensorFunction, kept: Shape, input: Shape, at: number): WeightedLayer {
  const scales = sizeOfShape(kept);
  const shape = [1, ...kept];
  return {
    apply: (x, [scale, shift]) => {
      const read = normalise(x);
      const y = tf.mul(read, tf.reshape(scale!, shape));
      return { y: tf.add(y, tf.reshape(shift!, shape)), read };
    },
    record: scaleRecord(scaleOf(kept, input), scales, at, at + scales),
  };
}

/** Which number of `kept` each number of an input belongs to. */
function scaleOf(kept: Shape, input: Shape): Uint32Array {
  return Uint32Array.from({ length: sizeOfShape(input) }, (_, k) => {
    let rest = k;
    let index = 0;
    let stride = 1;
    for (let axis = input.length - 1; axis >= 0; axis--) {
      const place = rest % input[axis]!;
      rest = Math.floor(rest / input[axis]!);
      if (kept[axis] !== 1) index += place * stride;
      stride *= kept[axis]!;
    }
    return index;
  });
}

function placesOf(kernelAt: number, kernel: number, useBias: boolean): Places {
  return { kernelAt, biasAt: useBias ? kernelAt + kernel : -1 };
}

function shifted(y: tf.Tensor, bias: tf.Tensor | undefined): tf.Tensor {
  return bias === undefined ? y : tf.add(y, bias);
}

/** The same tensor in a type that says its rank. */
function rank3(x: tf.Tensor): tf.Tensor3D {
  const [a = 1, b = 1, c = 1] = x.shape;
  return tf.reshape<tf.Rank.R3>(x, [a, b, c]);
}

function rank4(x: tf.Tensor): tf.Tensor4D {
  const [a = 1, b = 1, c = 1, d = 1] = x.shape;
  return tf.reshape<tf.Rank.R4>(x, [a, b, c, d]);
}
