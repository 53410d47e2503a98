/**
 * One step of 32 rows: training, the clipped sum by patient, each patient's gradient; ADR 6 and engine.md read them as ratios.
 *
 * Run: npx vitest bench --run bench/private-step.bench.ts. To reach: a private step ≤ 4 plain ones for dense layers, ≤ 8 for images.
 */
import { bench, describe } from 'vitest';
import { modelParameters, oneInput, type OptimizerSpec } from '@plexus/core';
import { createEngine, DenseEngine } from '@plexus/engine';
import { modelOf, someNumbers, someWeights } from '../test/engine/models.ts';

const ROWS = 32;
const ADAM: OptimizerSpec = {
  kind: 'adam',
  learningRate: '0.001',
  beta1: '0.9',
  beta2: '0.999',
  epsilon: '0.0000001',
};
const head = { type: 'dense', units: 1, activation: 'sigmoid' };
const dense = (units: number): object => ({ type: 'dense', units, activation: 'relu' });
const conv = (filters: number): object => ({
  type: 'conv2d',
  filters,
  kernelSize: [3, 3],
  activation: 'relu',
});
const pool = { type: 'maxPooling2d' };

const MLP = [[30], [dense(64), dense(32), head]] as const;
const WIDE = [[500], [dense(1000), dense(500), head]] as const;
const layers = [conv(8), pool, conv(16), pool, { type: 'flatten' }, dense(32), head];
const CNN = [[28, 28, 1], layers] as const;

/** One line an engine and model. */
const CASES = [
  ['dense', '30-64-32-1', MLP, () => new DenseEngine()],
  ['wasm', '30-64-32-1', MLP, () => createEngine('wasm')],
  ['wasm', '500-1000-500-1', WIDE, () => createEngine('wasm')],
  ['wasm', 'images of 28 × 28', CNN, () => createEngine('wasm')],
] as const;

for (const [name, what, [shape, given], open] of CASES) {
  const model = modelOf(given, shape, 'binaryCrossentropy');
  const width = shape.reduce<number>((product, extent) => product * extent, 1);
  const batch = {
    rows: ROWS,
    x: someNumbers(ROWS * width),
    y: Float32Array.from({ length: ROWS }, (_, i) => i % 2),
    patientOf: Uint32Array.from({ length: ROWS }, (_, i) => i),
    patients: ROWS,
  };
  const engine = await open();
  const size = modelParameters(model, oneInput(shape)).reduce((sum, one) => sum + one.size, 0);

  describe(`${name}, ${what}, ${String(size)} weights`, () => {
    const options = {
      setup: () => {
        engine.load(model, shape, ADAM);
        engine.setWeights(someWeights(model, oneInput(shape)));
      },
    };
    bench('training', () => void engine.trainStep(batch, 0), options);
    bench('clipped sum by patient', () => void engine.perPatientClippedSum(batch, 1), options);
    bench(
      'each gradient by patient',
      () => {
        engine.perPatientGradients(batch, 1, () => undefined);
      },
      options,
    );
  });
}
