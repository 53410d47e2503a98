/**
 * The shape that each layer makes of its inputs, without the batch, channels last.
 *
 * Source: the shape rules of tfjs-layers 4.22. Leaves to others: weights (parameters.ts), what a layer computes (engine/).
 */
import { PlexusError } from '../base/error.js';
import { layerInputs, layerName, type ModelInput } from './nodes.js';
import type { LayerSpec, ModelSpec, Padding, Pair, Shape } from './spec.js';

export type Shaped =
  | { readonly kind: 'shaped'; readonly shape: Shape }
  /** `text` says what was expected. */
  | { readonly kind: 'misfit'; readonly text: string };

/** A layer in its model: how it is called, what it reads and what it makes. */
export interface ShapedLayer {
  readonly layer: LayerSpec;
  readonly name: string;
  readonly inputs: readonly Shape[];
  readonly output: Shape;
}

/** Layer by layer. Errors: bug/STATE_UNEXPECTED for a model that parseModel would have refused. */
export function shapedLayers(
  model: ModelSpec,
  inputs: readonly ModelInput[],
): readonly ShapedLayer[] {
  const known = new Map(inputs.map(({ name, shape }) => [name, shape]));
  return model.layers.map((layer, i) => {
    const name = layerName(layer, i);
    const read = layerInputs(model, i).map((input) => {
      const shape = known.get(input);
      if (shape === undefined) throw new PlexusError('STATE_UNEXPECTED', `${input}: no such layer`);
      return shape;
    });
    const shaped = outputShape(layer, read);
    if (shaped.kind === 'misfit')
      throw new PlexusError('STATE_UNEXPECTED', `${name}: ${shaped.text}`);
    known.set(name, shaped.shape);
    return { layer, name, inputs: read, output: shaped.shape };
  });
}

/** What each layer makes. Errors: as shapedLayers. */
export function modelShapes(model: ModelSpec, inputs: readonly ModelInput[]): readonly Shape[] {
  return shapedLayers(model, inputs).map(({ output }) => output);
}

/** Errors: none thrown. */
export function outputShape(layer: LayerSpec, inputs: readonly Shape[]): Shaped {
  const isMerge = MERGES.some((type) => type === layer.type);
  if (!isMerge && inputs.length !== 1) return misfit('one input');
  if (isMerge && inputs.length < 2) return misfit('two or more inputs');
  const shape = isMerge ? mergedShape(layer, inputs) : singleShape(layer, inputs[0] ?? []);
  if (typeof shape === 'string') return misfit(shape);
  if (shape.some((extent) => extent < 1))
    return misfit('a larger input: nothing would be left of it');
  return { kind: 'shaped', shape };
}

const MERGES: readonly LayerSpec['type'][] = [
  'add',
  'multiply',
  'average',
  'maximum',
  'minimum',
  'concatenate',
  'dot',
];

/** A shape, or what was expected instead. */
function singleShape(layer: LayerSpec, input: Shape): Shape | string {
  const [first = 0, second = 0, third = 0] = input;
  const last = input.at(-1) ?? 0;
  switch (layer.type) {
    case 'dense':
      return [...input.slice(0, -1), layer.units];
    case 'conv1d':
      if (input.length !== 2) return 'an input of [steps, channels]';
      return [slid(first, layer.kernelSize, layer.strides, layer.padding), layer.filters];
    case 'conv2d':
    case 'separableConv2d':
      if (input.length !== 3) return IMAGE;
      return [...slid2(input, layer.kernelSize, layer.strides, layer.padding), layer.filters];
    case 'depthwiseConv2d':
      if (input.length !== 3) return IMAGE;
      return [
        ...slid2(input, layer.kernelSize, layer.strides, layer.padding),
        third * layer.depthMultiplier,
      ];
    case 'conv2dTranspose':
      if (input.length !== 3) return IMAGE;
      return [
        spread(first, layer.kernelSize[0], layer.strides[0], layer.padding),
        spread(second, layer.kernelSize[1], layer.strides[1], layer.padding),
        layer.filters,
      ];
    case 'maxPooling1d':
    case 'averagePooling1d':
      if (input.length !== 2) return 'an input of [steps, channels]';
      return [slid(first, layer.poolSize, layer.strides, layer.padding), second];
    case 'maxPooling2d':
    case 'averagePooling2d':
      if (input.length !== 3) return IMAGE;
      return [...slid2(input, layer.poolSize, layer.strides, layer.padding), third];
    case 'globalMaxPooling1d':
    case 'globalAveragePooling1d':
      return input.length === 2 ? [second] : 'an input of [steps, channels]';
    case 'globalMaxPooling2d':
    case 'globalAveragePooling2d':
      return input.length === 3 ? [third] : IMAGE;
    case 'upSampling2d':
      return input.length === 3 ? [first * layer.size[0], second * layer.size[1], third] : IMAGE;
    case 'zeroPadding2d': {
      const [[top, bottom], [left, right]] = layer.padding;
      return input.length === 3 ? [first + top + bottom, second + left + right, third] : IMAGE;
    }
    case 'cropping2d': {
      const [[top, bottom], [left, right]] = layer.cropping;
      return input.length === 3 ? [first - top - bottom, second - left - right, third] : IMAGE;
    }
    case 'embedding':
      return input.length === 1 ? [first, layer.outputDim] : 'an input of [steps]';
    case 'simpleRNN':
    case 'lstm':
    case 'gru':
      if (input.length !== 2) return 'an input of [steps, features]';
      return layer.returnSequences ? [first, layer.units] : [layer.units];
    case 'bidirectional': {
      const shape = singleShape(layer.layer, input);
      if (typeof shape === 'string' || layer.mergeMode !== 'concat') return shape;
      return [...shape.slice(0, -1), 2 * (shape.at(-1) ?? 0)];
    }
    case 'timeDistributed': {
      const shape = singleShape(layer.layer, input.slice(1));
      if (typeof shape === 'string') return `${shape} at each step`;
      return input.length > 1 ? [first, ...shape] : 'an input of [steps, …]';
    }
    case 'flatten':
      return [sizeOfShape(input)];
    case 'reshape':
      return sizeOfShape(layer.targetShape) === sizeOfShape(input)
        ? layer.targetShape
        : `a targetShape of ${String(sizeOfShape(input))} numbers`;
    case 'permute':
      return isPermutation(layer.dims, input.length)
        ? layer.dims.map((axis) => input[axis - 1] ?? 0)
        : `dims with each of 1 to ${String(input.length)} once`;
    case 'repeatVector':
      return input.length === 1 ? [layer.n, first] : 'an input of [features]';
    case 'batchNormalization':
      return input.length <= MOST_NORMALIZED ? input : NORMALIZED;
    case 'layerNormalization':
      if (input.length > MOST_NORMALIZED) return NORMALIZED;
      return axesOf(layer.axis, input.length) === undefined
        ? `an axis of -1 or 1 to ${String(input.length)}`
        : input;
    case 'groupNormalization':
      return last % layer.groups === 0 ? input : `groups that divide the ${String(last)} channels`;
    case 'prelu':
      return layer.sharedAxes.every((axis) => axis <= input.length)
        ? input
        : `sharedAxes of 1 to ${String(input.length)}`;
    case 'masking':
      return input.length >= 2 ? input : 'an input of [steps, features]';
    case 'dropout':
    case 'rescaling':
    case 'activation':
    case 'leakyReLU':
    case 'elu':
    case 'reLU':
    case 'softmax':
      return input;
    case 'add':
    case 'multiply':
    case 'average':
    case 'maximum':
    case 'minimum':
    case 'concatenate':
    case 'dot':
      return mergedShape(layer, [input]);
  }
}

function mergedShape(layer: LayerSpec, inputs: readonly Shape[]): Shape | string {
  const [a = [], b = []] = inputs;
  if (layer.type === 'dot') {
    const [left, right] = layer.axes;
    if (inputs.length !== 2) return 'two inputs';
    if (a.length > 2 || b.length > 2) return 'inputs of one or two axes';
    if (left > a.length || right > b.length || a[left - 1] !== b[right - 1])
      return 'axes of one extent';
    const rest = [...a.filter((_, i) => i !== left - 1), ...b.filter((_, i) => i !== right - 1)];
    return rest.length === 0 ? [1] : rest;
  }
  if (layer.type !== 'concatenate')
    return inputs.every((shape) => isEqualShape(shape, a)) ? a : 'inputs of one shape';
  const axis = layer.axis === -1 ? a.length - 1 : layer.axis - 1;
  const isRest = (shape: Shape): boolean =>
    isEqualShape(shape.toSpliced(axis, 1, 0), a.toSpliced(axis, 1, 0));
  if (axis < 0 || axis >= a.length || !inputs.every(isRest))
    return 'inputs that differ on the axis only';
  return a.with(
    axis,
    inputs.reduce((sum, shape) => sum + (shape[axis] ?? 0), 0),
  );
}

/** Positions in a shape without the batch, of axes that count it as 0; undefined if one lies outside or comes twice. */
export function axesOf(axes: readonly number[], rank: number): readonly number[] | undefined {
  const positions = axes.map((axis) => (axis === -1 ? rank - 1 : axis - 1));
  const isRight = positions.every((at) => at >= 0 && at < rank);
  return isRight && new Set(positions).size === axes.length ? positions : undefined;
}

export function sizeOfShape(shape: Shape): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

export function isEqualShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((extent, i) => extent === b[i]);
}

/** tfjs normalizes no more. */
const MOST_NORMALIZED = 3;
const NORMALIZED = 'an input of at most three axes';
const IMAGE = 'an input of [rows, columns, channels]';

function slid(extent: number, size: number, stride: number, padding: Padding): number {
  return Math.ceil((padding === 'same' ? extent : extent - size + 1) / stride);
}

function slid2([rows = 0, columns = 0]: Shape, size: Pair, stride: Pair, padding: Padding): Pair {
  return [slid(rows, size[0], stride[0], padding), slid(columns, size[1], stride[1], padding)];
}

function spread(extent: number, size: number, stride: number, padding: Padding): number {
  return extent * stride + (padding === 'same' ? 0 : Math.max(0, size - stride));
}

function isPermutation(dims: Shape, rank: number): boolean {
  return dims.length === rank && new Set(dims).size === rank && dims.every((axis) => axis <= rank);
}

function misfit(expected: string): Shaped {
  return { kind: 'misfit', text: `expected ${expected}` };
}
