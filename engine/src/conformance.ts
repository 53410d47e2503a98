/**
 * Known answers that every engine must give before it trains: a wrong kernel is silent, and a federation would average its error.
 *
 * A 2-2-1 network over two optimizer steps, answers from float64 loops; then one step through what tfjs is known to get wrong, with
 * numbers so round that the answers are exact. Source: engine.md: "ENGINE_CONFORMANCE stops the agent before it trains wrongly".
 * Leaves to others: the full reference values (conformance/).
 */
import {
  PlexusError,
  type Batch,
  type LayerSpec,
  type ModelSpec,
  type OptimizerSpec,
  type Shape,
  type TrainingEngine,
} from '@plexus/core';

interface KnownAnswer {
  readonly what: string;
  readonly model: ModelSpec;
  readonly inputShape: Shape;
  readonly optimizer: OptimizerSpec;
  readonly batch: Batch;
  readonly start: readonly (readonly number[])[];
  readonly predictions: readonly number[];
  /** Mean loss before each step. */
  readonly losses: readonly number[];
  /** After the steps. */
  readonly weights: readonly (readonly number[])[];
}

/** float32 keeps about 1e-7 here; the known faults are larger than 1e-3. */
const TOLERANCE = 1e-5;

const ADAM: OptimizerSpec = {
  kind: 'adam',
  learningRate: '0.1',
  beta1: '0.9',
  beta2: '0.999',
  epsilon: '0.0000001',
};

const NETWORK = {
  inputShape: [2],
  batch: {
    rows: 3,
    x: Float32Array.of(1, 2, -1, 0.5, 0.25, -1.5),
    y: Float32Array.of(1, 0, 1),
  },
  start: [[0.5, -0.25, 0.125, 0.75], [0.1, -0.2], [1, -0.5], [0.05]],
};

const dense = {
  type: 'dense',
  units: 1,
  activation: 'linear',
  useBias: true,
  kernelInitializer: 'zeros',
} as const;

/** One number a pixel, whatever `middle` makes of the image, and a linear unit behind it. */
function image(...middle: readonly LayerSpec[]): ModelSpec {
  const layers = [...middle, { type: 'flatten' }, dense] as const;
  return { name: 'conformance', loss: 'meanSquaredError', layers };
}

function network(activation: 'tanh' | 'relu'): ModelSpec {
  const layers = [
    { ...dense, units: 2, activation },
    { ...dense, activation: 'sigmoid' },
  ] as const;
  return { name: 'conformance', loss: 'binaryCrossentropy', layers };
}

const EIGHTH: OptimizerSpec = { kind: 'sgd', learningRate: '0.125' };
const PIXELS = Float32Array.of(1, 0, -1, 0.5, 2, 0, -2, 1, 0.25);

const ANSWERS: readonly KnownAnswer[] = [
  {
    what: 'tanh with sgd',
    model: network('tanh'),
    ...NETWORK,
    optimizer: { kind: 'sgd', learningRate: '0.5' },
    predictions: [0.586657903, 0.383241827, 0.629201381],
    losses: [0.493298534, 0.439111327],
    weights: [
      [0.709956766, -0.333231019, 0.032823569, 0.741244227],
      [0.17379489, -0.187541749],
      [1.150388472, -0.550967439],
      [0.172151764],
    ],
  },
  {
    what: 'relu with adam',
    model: network('relu'),
    ...NETWORK,
    optimizer: ADAM,
    predictions: [0.5926666, 0.459464161, 0.521861054],
    losses: [0.596223836, 0.511780658],
    weights: [
      [0.697979837, -0.446904253, 0.180929218, 0.563853353],
      [0.299335853, -0.010910228],
      [1.198996675, -0.359800005],
      [0.243237941],
    ],
  },
  {
    // of the pixels −3 −4 −1 −1.5 and −2.5 −6 −2 −5 the maxima −2.5 and −1 have a slope
    what: 'max-pooling of negative values',
    model: image(dense, {
      type: 'maxPooling2d',
      poolSize: [2, 2],
      strides: [2, 2],
      padding: 'valid',
    }),
    inputShape: [2, 4, 1],
    batch: {
      rows: 1,
      x: Float32Array.of(-1, -2, 1, 0.5, -0.5, -4, 0, -3),
      y: Float32Array.of(-3),
    },
    optimizer: EIGHTH,
    start: [[1], [-2], [2, -1], [0]],
    predictions: [-4],
    losses: [1],
    weights: [[0.5], [-1.75], [1.375, -1.25], [0.25]],
  },
  {
    // a filter's slope is Σ slope · pixel over the places where it lies: 2.125 1 −0.5 2.375
    what: 'the gradient of a convolution filter',
    model: image({
      type: 'conv2d',
      filters: 1,
      kernelSize: [2, 2],
      strides: [1, 1],
      padding: 'valid',
      activation: 'linear',
      useBias: true,
      kernelInitializer: 'zeros',
    }),
    inputShape: [3, 3, 1],
    batch: { rows: 1, x: PIXELS, y: Float32Array.of(1) },
    optimizer: EIGHTH,
    start: [[1, -1, 0.5, 0], [0.5], [1, -0.5, 0.25, 0.5], [0]],
    predictions: [1.5],
    losses: [0.25],
    weights: [
      [0.734375, -1.125, 0.5625, -0.296875],
      [0.34375],
      [0.78125, -0.8125, 0.5, 0.125],
      [-0.125],
    ],
  },
  {
    // windows of 4, 2, 2 and 1 pixels: each divides by the pixels that it has
    what: 'average pooling with padding same',
    model: image(dense, {
      type: 'averagePooling2d',
      poolSize: [2, 2],
      strides: [2, 2],
      padding: 'same',
    }),
    inputShape: [3, 3, 1],
    batch: { rows: 1, x: PIXELS, y: Float32Array.of(2.25) },
    optimizer: EIGHTH,
    start: [[1], [0], [2, 1, -1, 4], [0]],
    predictions: [2.75],
    losses: [0.25],
    weights: [[0.65625], [-0.75], [1.890625, 1.0625, -0.9375, 3.96875], [-0.125]],
  },
];

/** What an engine refuses to load is not asked. Errors: environment/ENGINE_CONFORMANCE, naming what came out wrong. */
export function checkConformance(engine: TrainingEngine): void {
  for (const answer of ANSWERS) if (loads(engine, answer)) check(engine, answer);
}

function loads(engine: TrainingEngine, { model, inputShape, optimizer }: KnownAnswer): boolean {
  try {
    engine.load(model, inputShape, optimizer);
    return true;
  } catch (thrown) {
    if (thrown instanceof PlexusError && thrown.code === 'LAYER_NOT_SUPPORTED_ON_ENGINE')
      return false;
    throw thrown;
  }
}

function check(engine: TrainingEngine, answer: KnownAnswer): void {
  const { batch, start } = answer;
  engine.setWeights(start.map((values) => Float32Array.from(values)));
  const predictions = engine.predict(batch.x, batch.rows);
  const losses = answer.losses.map(() => engine.trainStep(batch, 0));
  const weights = engine.getWeights();
  engine.dispose();
  const what = `engine ${engine.id}: ${answer.what}`;
  compare(`${what}, predictions`, answer.predictions, predictions);
  compare(`${what}, losses`, answer.losses, losses);
  compare(
    `${what}, weights`,
    answer.weights.flat(),
    weights.flatMap((values) => [...values]),
  );
}

function compare(what: string, expected: readonly number[], got: ArrayLike<number>): void {
  const isRight =
    got.length === expected.length &&
    expected.every((value, i) => Math.abs(value - (got[i] ?? NaN)) <= TOLERANCE);
  if (!isRight)
    throw new PlexusError('ENGINE_CONFORMANCE', `${what}: differ from the known answer`);
}
