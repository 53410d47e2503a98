/** The six models of the bench, as a study names them, with seeded rows: tables, images, signals and sequences. */
import { modelParameters, modelShapes, oneInput, parseModel } from '@plexus/core';

const SIGMOID = { type: 'dense', units: 1, activation: 'sigmoid' };
const RELU = { activation: 'relu' };
const conv2d = (filters) => ({ type: 'conv2d', filters, kernelSize: 3, ...RELU });
const conv1d = (filters, kernelSize, strides = 1) => {
  return { type: 'conv1d', filters, kernelSize, strides, ...RELU };
};

export const MODELS = [
  { name: 'logistic', what: 'logistic 13', rows: 1000, shape: [13], layers: [SIGMOID] },
  {
    ...{ name: 'mlp', what: 'MLP 30-64-32-1', rows: 1000, shape: [30] },
    layers: [{ type: 'dense', units: 64, ...RELU }, { type: 'dense', units: 32, ...RELU }, SIGMOID],
  },
  {
    ...{ name: 'cnn', what: 'CNN 28×28', rows: 256, shape: [28, 28, 1] },
    layers: [
      conv2d(8),
      { type: 'maxPooling2d' },
      conv2d(16),
      { type: 'maxPooling2d' },
      { type: 'flatten' },
      { type: 'dense', units: 32, ...RELU },
      SIGMOID,
    ],
  },
  {
    ...{ name: 'ecg', what: 'ECG conv1d 1000×12', rows: 128, shape: [1000, 12] },
    layers: [
      conv1d(16, 7, 2),
      { type: 'maxPooling1d' },
      conv1d(32, 5),
      { type: 'maxPooling1d' },
      conv1d(32, 3),
      { type: 'globalAveragePooling1d' },
      SIGMOID,
    ],
  },
  {
    ...{ name: 'lstm', what: 'LSTM 48×20', rows: 256, shape: [48, 20] },
    layers: [{ type: 'lstm', units: 32 }, SIGMOID],
  },
  {
    ...{ name: 'embedding', what: 'embedding 500×16', rows: 512, shape: [40] },
    layers: [
      { type: 'embedding', inputDim: 500, outputDim: 16 },
      { type: 'globalAveragePooling1d' },
      SIGMOID,
    ],
  },
];

export const BATCH = 32;
export const ADAM = {
  ...{ kind: 'adam', learningRate: '0.001', beta1: '0.9', beta2: '0.999' },
  epsilon: '0.0000001',
};

/** The model as core parses it, its first weights, and rows with labels. */
export function prepared({ name, shape, layers, rows }) {
  const parsed = parseModel({ name, loss: 'binaryCrossentropy', layers }, oneInput(shape), 'model');
  if (parsed.kind === 'refused') throw new Error(JSON.stringify(parsed.problems));
  const { model } = parsed;
  const random = mulberry(7);
  const isIds = model.layers[0].type === 'embedding';
  const draw = () => (isIds ? Math.floor(500 * random()) : 2 * random() - 1);
  const width = shape.reduce((product, extent) => product * extent, 1);
  const weights = modelParameters(model, oneInput(shape)).map(({ size, fanIn, fanOut, first }) =>
    Float32Array.from({ length: size }, () =>
      first.endsWith('Uniform') ? (2 * random() - 1) * Math.sqrt(6 / (fanIn + fanOut)) : 0,
    ),
  );
  return {
    model,
    weights,
    width,
    x: Float32Array.from({ length: rows * width }, draw),
    y: Float32Array.from({ length: rows }, () => (random() < 0.4 ? 1 : 0)),
  };
}

/**
 * Floating-point operations of an epoch: two for each product of the forward pass, twice that for the backward one. An embedding has
 * none: it copies.
 */
export function operationsOf({ shape, rows }, model) {
  const shapes = modelShapes(model, oneInput(shape));
  const size = (of) => of.reduce((product, extent) => product * extent, 1);
  const products = model.layers.map((layer, i) => {
    const input = i === 0 ? shape : shapes[i - 1];
    const last = input.at(-1);
    if (layer.type === 'dense') return size(input) * layer.units;
    if (layer.type === 'conv1d' || layer.type === 'conv2d')
      return size(shapes[i]) * size([layer.kernelSize].flat()) * last;
    if (layer.type === 'lstm') return input[0] * 4 * layer.units * (last + layer.units);
    return 0;
  });
  return 6 * rows * products.reduce((sum, count) => sum + count, 0);
}

function mulberry(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
