/**
 * Trains small models on one engine and prints the digest of every number that comes out: `node training-digest.mjs dense`.
 *
 * The same file runs as a worker thread, which posts the digest. Loads what was built, so that any Node runs it.
 */
import { createHash } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { modelParameters, oneInput } from '@plexus/core';
import { createEngine, DenseEngine } from '@plexus/engine';

const weighted = { useBias: true, kernelInitializer: 'zeros' };
const dense = (units, activation) => ({ type: 'dense', units, activation, ...weighted });
const rates = { learningRate: '0.05', epsilon: '0.0000001' };
const adam = { kind: 'adam', ...rates, beta1: '0.9', beta2: '0.999' };
const rmsprop = { kind: 'rmsprop', ...rates, decay: '0.9', momentum: '0.5' };
const adagrad = { kind: 'adagrad', learningRate: '0.05', initialAccumulator: '0.1' };
const momentum = { kind: 'momentum', learningRate: '0.05', momentum: '0.9', nesterov: true };

/** [loss, optimizer, input shape, layers]: between them every function that is not + − × ÷. */
const TABULAR = [
  ['binaryCrossentropy', adam, [30], [dense(64, 'relu'), dense(32, 'tanh'), dense(1, 'sigmoid')]],
  [
    'categoricalCrossentropy',
    rmsprop,
    [9],
    [dense(8, 'gelu'), dense(8, 'mish'), dense(3, 'softmax')],
  ],
  [
    'poisson',
    adagrad,
    [9],
    [dense(8, 'selu'), { type: 'dropout', rate: '0.3' }, dense(1, 'softplus')],
  ],
  [
    'coxPartialLikelihood',
    momentum,
    [9],
    [dense(8, 'gelu_new'), dense(8, 'swish'), dense(1, 'linear')],
  ],
];
const conv = { strides: [1, 1], padding: 'valid', activation: 'relu', ...weighted };
const lstm = { activation: 'tanh', recurrentActivation: 'sigmoid', recurrentInitializer: 'zeros' };
const order = { returnSequences: false, goBackwards: false };
const IMAGES_AND_SEQUENCES = [
  [
    'binaryCrossentropy',
    adam,
    [8, 8, 1],
    [
      { type: 'conv2d', filters: 4, kernelSize: [3, 3], ...conv },
      { type: 'flatten' },
      dense(1, 'sigmoid'),
    ],
  ],
  [
    'binaryCrossentropy',
    adam,
    [6, 4],
    [{ type: 'lstm', units: 5, ...lstm, ...order, ...weighted }, dense(1, 'sigmoid')],
  ],
];

/** One line an engine. */
const ENGINES = {
  dense: { open: () => new DenseEngine(), problems: TABULAR },
  wasm: { open: () => createEngine('wasm'), problems: IMAGES_AND_SEQUENCES },
};

const ROWS = 32;
const STEPS = 40;

/** Numbers of [−1, 1) from a seed. */
function numbers(seed, count) {
  let state = seed >>> 0;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state / 2 ** 32) * 2 - 1;
  });
}

function labelsOf(loss, drawn) {
  if (loss === 'poisson') return drawn.map((value) => Math.round(3 * Math.abs(value)));
  if (loss === 'categoricalCrossentropy')
    return drawn.map((_, i) => (i % 3 === (i >> 2) % 3 ? 1 : 0));
  if (loss === 'coxPartialLikelihood')
    return drawn.map((value, i) => (i % 2 === 0 ? Math.round(9 * value) : value > 0 ? 1 : 0));
  return drawn.map((value) => (value > 0 ? 1 : 0));
}

const LABELS = { categoricalCrossentropy: 3, coxPartialLikelihood: 2 };

async function digestOf(name) {
  const { open, problems } = ENGINES[name];
  const engine = await open();
  const hash = createHash('sha256');
  for (const [loss, optimizer, shape, layers] of problems) {
    const model = { name: 'digest', loss, layers };
    engine.load(model, shape, optimizer);
    engine.setWeights(
      modelParameters(model, oneInput(shape)).map(({ size }, i) => numbers(i, size)),
    );
    const width = shape.reduce((product, extent) => product * extent, 1);
    const batchOf = (seed) => ({
      rows: ROWS,
      x: numbers(seed, ROWS * width),
      y: labelsOf(loss, numbers(seed + 1, ROWS * (LABELS[loss] ?? 1))),
      patientOf: Uint32Array.from({ length: ROWS }, (_, i) => i >> 1),
      patients: ROWS / 2,
    });
    for (let step = 0; step < STEPS; step++)
      hash.update(Float64Array.of(engine.trainStep(batchOf(step), step)));
    for (const weights of engine.getWeights()) hash.update(weights);
    const { x } = batchOf(STEPS);
    hash.update(engine.predict(x, ROWS));
    if (loss !== 'coxPartialLikelihood')
      engine.perPatientGradients(batchOf(STEPS), 0.5, (_, gradient) => hash.update(gradient));
    engine.dispose();
  }
  return hash.digest('hex');
}

const digest = await digestOf(workerData?.engine ?? process.argv[2]);
if (parentPort === null) console.log(digest);
else parentPort.postMessage(digest);
