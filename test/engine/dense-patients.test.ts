/** Gradients by patient: each is that of its rows alone, whatever else is in the batch. */
import fc from 'fast-check';
import { DenseEngine } from '@plexus/engine';
import { modelParameters, oneInput, type ModelSpec, type PatientBatch } from '@plexus/core';
import { describe, expect, it } from 'vitest';
import { chain, dense, numbers } from './dense-cases.ts';

const WIDTH = 4;
const MODEL = chain(
  'binaryCrossentropy',
  dense(5, 'swish'),
  { type: 'dropout', rate: '0.5' },
  dense(3, 'tanh', false),
  dense(1, 'sigmoid'),
);

function loaded(model: ModelSpec = MODEL, seed = 5): DenseEngine {
  const engine = new DenseEngine();
  engine.load(model, [WIDTH]);
  const parameters = modelParameters(model, oneInput([WIDTH]));
  engine.setWeights(parameters.map(({ size }, i) => numbers(seed + i, size)));
  return engine;
}

/** One row of each entry, for the patient that the entry names. */
function batchOf(patientOf: readonly number[], patients: number, seed: number): PatientBatch {
  const rows = patientOf.length;
  const y = numbers(seed + 1, rows).map((label) => (label > 0 ? 1 : 0));
  return {
    rows,
    x: numbers(seed, rows * WIDTH, 2),
    y,
    patientOf: Uint32Array.from(patientOf),
    patients,
  };
}

function reordered(batch: PatientBatch, order: readonly number[]): PatientBatch {
  const x = order.flatMap((row) => [...batch.x.subarray(row * WIDTH, (row + 1) * WIDTH)]);
  return {
    ...batch,
    rows: order.length,
    x: Float32Array.from(x),
    y: Float32Array.from(order, (row) => batch.y[row]!),
    patientOf: Uint32Array.from(order, (row) => batch.patientOf[row]!),
  };
}

function gradients(engine: DenseEngine, batch: PatientBatch, clipNorm: number): Float32Array[] {
  const all: Float32Array[] = [];
  engine.perPatientGradients(batch, clipNorm, (patient, gradient) => {
    expect(patient).toBe(all.length);
    all.push(gradient.slice());
  });
  expect(all.length).toBe(batch.patients);
  return all;
}

function norm(gradient: Float32Array): number {
  return Math.sqrt(gradient.reduce((sum, value) => sum + value * value, 0));
}

function expectNear(got: Float32Array, want: ArrayLike<number>): void {
  const largest = Array.from(want).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  got.forEach((value, k) => {
    expect(Math.abs(value - want[k]!)).toBeLessThan(1e-6 * largest + 1e-12);
  });
}

/** Of a model that an SGD step of rate 1 moves by the gradient: w − w′. */
function byTraining(model: ModelSpec, batch: PatientBatch): number[] {
  const engine = loaded(model);
  const before = engine.getWeights();
  engine.load(model, [WIDTH], { kind: 'sgd', learningRate: '1' });
  engine.setWeights(before);
  engine.trainStep(batch, 0);
  const after = engine.getWeights();
  return before.flatMap((weights, i) => Array.from(weights, (w, k) => w - after[i]![k]!));
}

const grouping = fc.array(fc.nat(6), { maxLength: 30 });

describe('gradients by patient', () => {
  it('are those of the mean loss over a patient’s rows, zero without rows', () => {
    const model = { ...MODEL, layers: MODEL.layers.filter(({ type }) => type !== 'dropout') };
    fc.assert(
      fc.property(grouping, fc.nat(), (patientOf, seed) => {
        const batch = batchOf(patientOf, 8, seed);
        gradients(loaded(model), batch, 1e30).forEach((gradient, patient) => {
          const own = patientOf.flatMap((p, row) => (p === patient ? [row] : []));
          if (own.length === 0) expect(new Set(gradient)).toEqual(new Set([0]));
          else {
            const want = byTraining(model, reordered(batch, own));
            // a difference of two float32 weights of size 1
            gradient.forEach((value, k) => {
              expect(Math.abs(value - want[k]!)).toBeLessThan(2e-7);
            });
          }
        });
      }),
    );
  });

  it('are scaled down to the norm asked for, all weights together, and never up', () => {
    fc.assert(
      fc.property(
        grouping,
        fc.nat(),
        fc.double({ min: 1e-3, max: 2, noNaN: true }),
        (patientOf, seed, clipNorm) => {
          const engine = loaded();
          const batch = batchOf(patientOf, 7, seed);
          const plain = gradients(engine, batch, 1e30);
          gradients(engine, batch, clipNorm).forEach((gradient, patient) => {
            const free = plain[patient]!;
            const factor = Math.min(1, clipNorm / norm(free));
            expect(norm(gradient)).toBeLessThan(clipNorm * (1 + 1e-6));
            expectNear(
              gradient,
              free.map((value) => value * (norm(free) === 0 ? 1 : factor)),
            );
          });
        },
      ),
    );
  });

  it('add up to the clipped sum', () => {
    const many = fc.array(fc.nat(120), { minLength: 60, maxLength: 300 }); // several passes, patients across their edges
    fc.assert(
      fc.property(fc.oneof(grouping, many), fc.nat(), (patientOf, seed) => {
        const engine = loaded();
        const batch = batchOf(patientOf, 121, seed);
        const total = gradients(engine, batch, 0.3).reduce(
          (sum, gradient) => sum.map((value, k) => value + gradient[k]!),
          new Float64Array(engine.getWeights().reduce((size, { length }) => size + length, 0)),
        );
        expectNear(engine.perPatientClippedSum(batch, 0.3), total);
      }),
      { numRuns: 40 },
    );
  });

  it('do not depend on the order of rows, nor on other patients: to the bit for one row a patient', () => {
    const engine = loaded();
    const rows = 150;
    const each = batchOf(
      Array.from({ length: rows }, (_, i) => i),
      rows,
      3,
    );
    const backwards = Array.from({ length: rows }, (_, i) => rows - 1 - i);
    const all = gradients(engine, each, 0.3);
    expect(gradients(engine, reordered(each, backwards), 0.3)).toEqual(all);
    const alone = { ...reordered(each, [97]), patientOf: Uint32Array.of(0), patients: 1 };
    expect(gradients(engine, alone, 0.3)).toEqual([all[97]]);

    const shared = batchOf(
      Array.from({ length: rows }, (_, i) => (i * 7) % 2),
      2,
      4,
    );
    const turned = gradients(engine, reordered(shared, backwards), 0.3);
    gradients(engine, shared, 0.3).forEach((gradient, patient) => {
      expectNear(turned[patient]!, gradient);
    });
  });

  it('that are not finite arrive as they are, and leave the other patients alone', () => {
    const engine = loaded();
    const batch = batchOf([0, 1, 2, 2, 3], 4, 8);
    const healthy = gradients(engine, batch, 0.3);
    for (const row of [1, 2]) {
      const broken = { ...batch, x: batch.x.with(row * WIDTH, NaN) };
      const sick = batch.patientOf[row]!;
      gradients(engine, broken, 0.3).forEach((gradient, patient) => {
        if (patient === sick) expect(gradient.some((value) => Number.isNaN(value))).toBe(true);
        else expect(gradient).toEqual(healthy[patient]);
      });
      expect(engine.perPatientClippedSum(broken, 0.3).some((value) => Number.isNaN(value))).toBe(
        true,
      );
    }
  });

  it('are clipped where squares of finite numbers overflow', () => {
    const model = chain('meanSquaredError', ...Array.from({ length: 3 }, () => dense(1)));
    const engine = new DenseEngine();
    engine.load(model, [1]);
    // slopes of 1e190, whose squares are not numbers
    engine.setWeights(Array.from({ length: 6 }, (_, i) => Float32Array.of(i % 2 === 0 ? 1e38 : 0)));
    for (const patientOf of [[0], [0, 0]]) {
      const rows = patientOf.length;
      const batch = {
        rows,
        x: new Float32Array(rows).fill(1),
        y: new Float32Array(rows),
        patientOf: Uint32Array.from(patientOf),
        patients: 1,
      };
      const [gradient = new Float32Array(0)] = gradients(engine, batch, 0.5);
      const length = norm(gradient);
      expect(length).toBeGreaterThan(0.499);
      expect(length).toBeLessThan(0.501);
      expectNear(engine.perPatientClippedSum(batch, 0.5), gradient);
    }
  });

  it('come in one array that is used again, and drop nothing', () => {
    const engine = loaded();
    const arrays = new Set<Float32Array>();
    engine.perPatientGradients(batchOf([0, 1, 1], 3, 1), 1, (_, gradient) => arrays.add(gradient));
    expect(arrays.size).toBe(1);
    const batch = batchOf([0, 1, 2], 3, 1);
    expect(gradients(engine, batch, 1)).toEqual(gradients(engine, batch, 1));
  });

  it('are refused for a loss that compares patients, and for a row of nobody', () => {
    const cox = loaded(chain('coxPartialLikelihood', dense(1)));
    const rows = {
      rows: 1,
      x: new Float32Array(WIDTH),
      y: new Float32Array(2),
      patientOf: new Uint32Array(1),
      patients: 1,
    };
    const refused = expect.objectContaining({ code: 'DP_LAYER_UNSUPPORTED' }) as Error;
    expect(() => {
      cox.perPatientGradients(rows, 1, () => undefined);
    }).toThrow(refused);
    expect(() => cox.perPatientClippedSum(rows, 1)).toThrow(refused);
    const bug = expect.objectContaining({ code: 'STATE_UNEXPECTED' }) as Error;
    expect(() => loaded().perPatientClippedSum(batchOf([2], 2, 1), 1)).toThrow(bug);
    const short = { ...batchOf([0, 1], 2, 1), patientOf: new Uint32Array(1) };
    expect(() => loaded().perPatientClippedSum(short, 1)).toThrow(bug);
  });
});
