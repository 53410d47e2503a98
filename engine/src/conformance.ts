/**
 * Known answers that every engine must give before it trains: a wrong kernel is silent, and a federation would average its error.
 *
 * A 2-2-1 network, three rows, two optimizer steps; answers from float64 loops. Source: engine.md: "ENGINE_CONFORMANCE stops the
 * agent before it trains wrongly". Leaves to others: the full reference values, which are tests.
 */
import { PlexusError, type ModelSpec, type OptimizerSpec, type TrainingEngine } from '@plexus/core';

interface KnownAnswer {
  readonly activation: 'tanh' | 'relu';
  readonly optimizer: OptimizerSpec;
  readonly predictions: readonly number[];
  /** Mean loss before each step. */
  readonly losses: readonly number[];
  /** Kernel, bias, kernel, bias after the steps. */
  readonly weights: readonly (readonly number[])[];
}

const X = Float32Array.of(1, 2, -1, 0.5, 0.25, -1.5);
const Y = Float32Array.of(1, 0, 1);
const START = [
  Float32Array.of(0.5, -0.25, 0.125, 0.75),
  Float32Array.of(0.1, -0.2),
  Float32Array.of(1, -0.5),
  Float32Array.of(0.05),
];
/** float32 keeps about 1e-7 here; the known faults are larger than 1e-3. */
const TOLERANCE = 1e-5;

const SGD: OptimizerSpec = { kind: 'sgd', learningRate: '0.5' };
const ADAM: OptimizerSpec = {
  kind: 'adam',
  learningRate: '0.1',
  beta1: '0.9',
  beta2: '0.999',
  epsilon: '0.0000001',
};

const ANSWERS: readonly KnownAnswer[] = [
  {
    activation: 'tanh',
    optimizer: SGD,
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
    activation: 'relu',
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
];

/** Errors: environment/ENGINE_CONFORMANCE, naming what came out wrong. */
export function checkConformance(engine: TrainingEngine): void {
  for (const answer of ANSWERS) {
    const { activation, optimizer } = answer;
    engine.load(network(activation), 2, optimizer);
    engine.setWeights(START);
    const predictions = engine.predict(X, 3);
    const losses = answer.losses.map(() => engine.trainStep(X, Y, 3));
    const weights = engine.getWeights();
    engine.dispose();
    const what = `engine ${engine.id}: ${activation} with ${optimizer.kind}`;
    compare(`${what}, predictions`, answer.predictions, predictions);
    compare(`${what}, losses`, answer.losses, losses);
    compare(
      `${what}, weights`,
      answer.weights.flat(),
      weights.flatMap((values) => [...values]),
    );
  }
}

function compare(what: string, expected: readonly number[], got: ArrayLike<number>): void {
  const isRight =
    got.length === expected.length &&
    expected.every((value, i) => Math.abs(value - (got[i] ?? NaN)) <= TOLERANCE);
  if (!isRight)
    throw new PlexusError('ENGINE_CONFORMANCE', `${what}: differ from the known answer`);
}

function network(activation: 'tanh' | 'relu'): ModelSpec {
  const dense = { type: 'dense', useBias: true, kernelInitializer: 'zeros' } as const;
  return {
    name: 'conformance',
    loss: 'binaryCrossentropy',
    layers: [
      { ...dense, units: 2, activation },
      { ...dense, units: 1, activation: 'sigmoid' },
    ],
  };
}
