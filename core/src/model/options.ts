/**
 * The layer catalogue: which types there are, and each one's options with their readers and defaults, in the order in which a manifest
 * spells them.
 *
 * Source: engine.md; names and defaults of tfjs-layers 4.22, but for gates, which start at `sigmoid` as in Keras since 2.3.
 * Leaves to others: shapes (shapes.ts), what is refused and why (refused.ts).
 */
import { isList, type Fields } from '../base/fields.js';
import {
  decimal,
  fieldsOf,
  flag,
  inside,
  list,
  note,
  oneOf,
  only,
  pair,
  positive,
  whole,
  type Read,
} from './reader.js';
import type {
  Activation,
  BidirectionalLayer,
  DenseLayer,
  Conv2dLayer,
  Initializer,
  LayerOf,
  LayerSpec,
  LayerType,
  RecurrentLayer,
} from './spec.js';

interface Option<T> {
  readonly read: Read<T>;
  /** What stands for an option left out, given the options before it; without it the option is required. */
  readonly otherwise?: (earlier: Fields) => unknown;
}

type OptionsOf<L> = {
  readonly [K in Exclude<keyof L, 'type' | 'name' | 'inputs'>]-?: Option<L[K]>;
};

type Assumed = Readonly<Record<string, Read<true>>>;

const rate = only(1, 'a dilated convolution has no gradient, and some layers ignore the option');
/** One rate, or one for each axis. */
const undilated: Assumed = {
  dilationRate: (value, place) =>
    rate(isList(value) ? (value.find((one) => one !== 1) ?? value[0]) : value, place),
};
const scaledAndCentred: Assumed = {
  scale: only(true, 'the gradient reads the scale'),
  center: only(true, 'the gradient reads the centre'),
};

/** What an author may write besides, if it says what holds anyway. */
const ASSUMED: Readonly<Partial<Record<LayerType, Assumed>>> = {
  conv1d: undilated,
  conv2d: undilated,
  conv2dTranspose: undilated,
  depthwiseConv2d: undilated,
  separableConv2d: undilated,
  layerNormalization: scaledAndCentred,
  batchNormalization: {
    ...scaledAndCentred,
    axis: only(-1, 'the gradient works on the last axis only'),
  },
};

const MOST = 2 ** 24;
const count = whole(1, MOST);
const small = whole(0, 1024);
const activations = oneOf<Activation>(
  'linear',
  'relu',
  'relu6',
  'elu',
  'selu',
  'sigmoid',
  'hardSigmoid',
  'softplus',
  'softsign',
  'tanh',
  'softmax',
  'logSoftmax',
  'swish',
  'mish',
  'gelu',
  'gelu_new',
);
const initializers = oneOf<Initializer>('zeros', 'glorotUniform', 'heUniform', 'lecunUniform');

function required<T>(read: Read<T>): Option<T> {
  return { read };
}

function optional<T>(read: Read<T>, value: T): Option<T> {
  return { read, otherwise: () => value };
}

const weighted = {
  activation: optional(activations, 'linear'),
  useBias: optional(flag, true),
  kernelInitializer: optional(initializers, 'glorotUniform'),
};
const padding = optional(readPadding, 'valid');
const window1d = { kernelSize: required(one(count)), strides: optional(one(count), 1), padding };
const window2d = {
  kernelSize: required(pair(count)),
  strides: optional(pair(count), [1, 1] as const),
  padding,
};
const conv2d = { filters: required(count), ...window2d, ...weighted };
const pooling1d = {
  poolSize: optional(one(count), 2),
  strides: { read: one(count), otherwise: ({ poolSize }: Fields) => poolSize },
  padding,
};
const pooling2d = {
  poolSize: optional(pair(count), [2, 2] as const),
  strides: { read: pair(count), otherwise: ({ poolSize }: Fields) => poolSize },
  padding,
};
const epsilon = optional(positive, '0.001');
const recurrent = {
  units: required(count),
  ...weighted,
  activation: optional(activations, 'tanh'),
  recurrentInitializer: optional(initializers, 'glorotUniform'),
  returnSequences: optional(flag, false),
  goBackwards: optional(flag, false),
};
const gated = { ...recurrent, recurrentActivation: optional(activations, 'sigmoid') };
const multiplied = { ...window2d, depthMultiplier: optional(whole(1, 1024), 1), ...weighted };
const edges = pair(pair(small));

export const OPTIONS: { readonly [T in LayerType]: OptionsOf<LayerOf<T>> } = {
  dense: { units: required(count), ...weighted },
  conv1d: { filters: required(count), ...window1d, ...weighted },
  conv2d,
  conv2dTranspose: conv2d,
  depthwiseConv2d: multiplied,
  separableConv2d: { filters: required(count), ...multiplied },
  maxPooling1d: pooling1d,
  averagePooling1d: pooling1d,
  maxPooling2d: pooling2d,
  averagePooling2d: pooling2d,
  globalMaxPooling1d: {},
  globalMaxPooling2d: {},
  globalAveragePooling1d: {},
  globalAveragePooling2d: {},
  upSampling2d: {
    size: optional(pair(whole(1, 1024)), [2, 2] as const),
    interpolation: optional(oneOf('nearest', 'bilinear'), 'nearest'),
  },
  zeroPadding2d: {
    padding: optional(edges, [
      [1, 1],
      [1, 1],
    ] as const),
  },
  cropping2d: { cropping: required(edges) },
  batchNormalization: { momentum: optional(decimal(0, 1), '0.99'), epsilon },
  layerNormalization: { axis: optional(readAxes, [-1]), epsilon },
  groupNormalization: { groups: required(count), epsilon },
  dropout: { rate: required(decimal(0, 1)) },
  embedding: {
    inputDim: required(count),
    outputDim: required(count),
    maskZero: optional(flag, false),
    embeddingsInitializer: optional(initializers, 'glorotUniform'),
  },
  simpleRNN: recurrent,
  lstm: gated,
  gru: gated,
  bidirectional: {
    layer: required(readRecurrent),
    mergeMode: optional<BidirectionalLayer['mergeMode']>(
      oneOf('concat', 'sum', 'mul', 'ave'),
      'concat',
    ),
  },
  timeDistributed: { layer: required(readTimed) },
  flatten: {},
  reshape: { targetShape: required(list(count, 1, 6)) },
  permute: { dims: required(list(whole(1, 6), 1, 6)) },
  repeatVector: { n: required(count) },
  rescaling: {
    scale: required(decimal(-Infinity, Infinity)),
    offset: optional(decimal(-Infinity, Infinity), '0'),
  },
  activation: { activation: required(activations) },
  leakyReLU: { alpha: optional(decimal(0, Infinity), '0.3') },
  elu: { alpha: optional(readEluAlpha, '1') },
  reLU: { maxValue: required(positive) },
  prelu: { sharedAxes: optional(list(whole(1, 6), 0, 6), []) },
  softmax: {},
  masking: { maskValue: optional(decimal(-Infinity, Infinity), '0') },
  add: {},
  multiply: {},
  average: {},
  maximum: {},
  minimum: {},
  concatenate: { axis: optional(readAxis, -1) },
  dot: { axes: required(pair(whole(1, 6))), normalize: optional(flag, false) },
};

/** The types that a model may name. */
export const LAYER_TYPES: readonly LayerType[] = Object.keys(OPTIONS).filter(isLayerType);

export function isLayerType(type: unknown): type is LayerType {
  return typeof type === 'string' && Object.hasOwn(OPTIONS, type);
}

/** Reads the options of one layer in their order. */
export const readOptions: Read<LayerSpec> = (value, place) => {
  const given = fieldsOf(value, place);
  const type = given?.['type'];
  if (given === null || !isLayerType(type)) return null;
  const options: Readonly<Record<string, Option<unknown>>> = OPTIONS[type];
  const assumed = Object.entries(ASSUMED[type] ?? {}).filter(([key]) => Object.hasOwn(given, key));
  const keys = [...Object.keys(options), ...assumed.map(([key]) => key)];
  if (fieldsOf(given, place, ['type', 'name', 'inputs', ...keys]) === null) return null;
  const layer: Record<string, unknown> = { type };
  let isWhole = true;
  for (const [key, read] of assumed)
    if (read(given[key], inside(place, key)) === null) isWhole = false;
  for (const [key, { read, otherwise }] of Object.entries(options)) {
    const option = read(given[key] ?? otherwise?.(layer), inside(place, key));
    if (option === null) isWhole = false;
    layer[key] = option;
  }
  // the table's type says that each key holds what the layer's type asks for
  return isWhole ? (layer as unknown as LayerSpec) : null;
};

/** Causal padding is known, and refused for its own reason. */
function readPadding(
  ...[value, place]: Parameters<Read<'valid' | 'same'>>
): 'valid' | 'same' | null {
  if (value === 'causal')
    return note(
      place,
      'expected valid or same: causal padding is not implemented',
      'LAYER_NOT_TRAINABLE',
    );
  return oneOf('valid', 'same')(value, place);
}

/** A number, also written as a list of one. */
function one(read: Read<number>): Read<number> {
  return (value, place) =>
    read(Array.isArray(value) && value.length === 1 ? value[0] : value, place);
}

/** tfjs builds no other, nor loads a model with one. */
function readEluAlpha(...[value, place]: Parameters<Read<string>>): string | null {
  return decimal(0, Infinity)(value, place) === '1' ? '1' : note(place, 'expected 1');
}

function readAxis(...[value, place]: Parameters<Read<number>>): number | null {
  return value === -1 ? -1 : whole(1, 6)(value, place);
}

function readAxes(
  ...[value, place]: Parameters<Read<readonly number[]>>
): readonly number[] | null {
  return typeof value === 'number'
    ? list(readAxis, 1, 6)([value], place)
    : list(readAxis, 1, 6)(value, place);
}

function readRecurrent(...[value, place]: Parameters<Read<RecurrentLayer>>): RecurrentLayer | null {
  const layer = readInner(value, place);
  if (layer === null) return null;
  if (layer.type === 'simpleRNN' || layer.type === 'lstm' || layer.type === 'gru') return layer;
  return note(place, 'expected a layer of type simpleRNN, lstm or gru');
}

function readTimed(
  ...[value, place]: Parameters<Read<DenseLayer | Conv2dLayer>>
): DenseLayer | Conv2dLayer | null {
  const layer = readInner(value, place);
  if (layer === null) return null;
  if (layer.type === 'dense' || layer.type === 'conv2d') return layer;
  return note(place, 'expected a layer of type dense or conv2d');
}

function readInner(...[value, place]: Parameters<Read<LayerSpec>>): LayerSpec | null {
  const fields = fieldsOf(value, place);
  if (fields === null) return null;
  if (!isLayerType(fields['type']))
    return note(inside(place, 'type'), 'expected the type of a layer');
  if ('name' in fields || 'inputs' in fields)
    return note(place, 'expected no name and no inputs: the outer layer has them');
  return readOptions(value, place);
}
