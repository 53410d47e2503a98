import { oneInput, type ModelSpec, type PatientBatch } from '@plexus/core';
import { createEngine, type EngineName } from '@plexus/engine';
import { describe, expect, it } from 'vitest';
import { LINEAR, modelOf, SGD, someNumbers, someWeights } from './models.ts';

const SHAPE = [4];
const model = modelOf([{ type: 'dense', units: 3, activation: 'tanh' }, LINEAR], SHAPE);
const weights = someWeights(model, oneInput(SHAPE));
/** Patient 0 has two rows, 1 none, 2 one, 3 three, mixed. */
const batch: PatientBatch = {
  rows: 6,
  x: someNumbers(24, 3),
  y: someNumbers(6, 4),
  patientOf: Uint32Array.of(3, 0, 2, 3, 0, 3),
  patients: 4,
};

async function gradientsOf(
  name: EngineName,
  given: PatientBatch,
  clipNorm: number,
): Promise<readonly Float32Array[]> {
  const engine = await createEngine(name);
  engine.load(model, SHAPE);
  engine.setWeights(weights);
  const gradients: Float32Array[] = [];
  engine.perPatientGradients(given, clipNorm, (patient, gradient) => {
    expect(patient).toBe(gradients.length);
    gradients.push(gradient.slice());
  });
  engine.dispose();
  return gradients;
}

/** By another way: one plain step at rate 1 over the patient's rows moves the weights by the gradient. */
async function stepOf(name: EngineName, patient: number): Promise<Float32Array> {
  const engine = await createEngine(name);
  engine.load(model, SHAPE, SGD);
  engine.setWeights(weights);
  const rows = [...batch.patientOf.keys()].filter((row) => batch.patientOf[row] === patient);
  const x = Float32Array.from(rows.flatMap((row) => [...batch.x.subarray(4 * row, 4 * row + 4)]));
  const y = Float32Array.from(rows, (row) => batch.y[row]!);
  engine.trainStep({ rows: rows.length, x, y }, 0);
  const moved = engine
    .getWeights()
    .flatMap((values, i) => [...values.map((w, k) => weights[i]![k]! - w)]);
  engine.dispose();
  return Float32Array.from(moved);
}

const normOf = (values: Float32Array): number => Math.hypot(...values);

describe.each(['wasm', 'cpu'] as const)('gradients by patient on %s', (name) => {
  it("are those of the mean loss over each patient's rows, and zero without rows", async () => {
    const gradients = await gradientsOf(name, batch, Infinity);
    expect(gradients.length).toBe(4);
    expect(gradients[1]).toEqual(new Float32Array(3 * 4 + 3 + 3 + 1));
    for (const patient of [0, 2, 3]) {
      const want = await stepOf(name, patient);
      want.forEach((value, i) => {
        expect(gradients[patient]![i]).toBeCloseTo(value, 5);
      });
    }
  });

  it('are scaled down to the clip norm over all weights together, where they are longer', async () => {
    const plain = await gradientsOf(name, batch, Infinity);
    const norms = plain.map(normOf);
    const clipNorm = (norms[0]! + norms[2]!) / 2;
    const clipped = await gradientsOf(name, batch, clipNorm);
    plain.forEach((gradient, patient) => {
      const norm = norms[patient]!;
      const factor = norm > clipNorm ? clipNorm / norm : 1;
      gradient.forEach((value, i) => {
        expect(clipped[patient]![i]).toBeCloseTo(value * factor, 6);
      });
    });
    expect(clipped.map(normOf).filter((norm) => Math.abs(norm - clipNorm) < 1e-6)).not.toEqual([]);
    expect(clipped.map(normOf).filter((norm) => norm < clipNorm - 1e-3).length).toBeGreaterThan(1);
  });

  it('sum to what the clipped sum gives', async () => {
    const clipped = await gradientsOf(name, batch, 0.5);
    const engine = await createEngine(name);
    engine.load(model, SHAPE);
    engine.setWeights(weights);
    const sum = engine.perPatientClippedSum(batch, 0.5);
    engine.dispose();
    sum.forEach((value, i) => {
      expect(value).toBeCloseTo(
        clipped.reduce((total, gradient) => total + gradient[i]!, 0),
        6,
      );
    });
  });

  it('that are not finite arrive as they are, and touch no other patient', async () => {
    const plain = await gradientsOf(name, batch, 0.5);
    const wild = { ...batch, x: batch.x.with(4 * 2, NaN) }; // patient 2's only row
    const gradients = await gradientsOf(name, wild, 0.5);
    expect(gradients[2]!.some(Number.isNaN)).toBe(true);
    for (const patient of [0, 1, 3]) expect(gradients[patient]).toEqual(plain[patient]);
  });

  it('are refused where the model mixes examples', async () => {
    const mixing: readonly ModelSpec[] = [
      modelOf([{ type: 'batchNormalization' }, LINEAR], SHAPE),
      modelOf([LINEAR], SHAPE, 'coxPartialLikelihood'),
    ];
    const engine = await createEngine(name);
    for (const mixed of mixing) {
      engine.load(mixed, SHAPE);
      const refused = expect.objectContaining({ code: 'DP_LAYER_UNSUPPORTED' }) as unknown;
      expect(() => {
        engine.perPatientGradients(batch, 1, () => undefined);
      }).toThrow(refused);
      expect(() => engine.perPatientClippedSum(batch, 1)).toThrow(refused);
    }
    engine.dispose();
  });

  it('are refused for a row of nobody', async () => {
    await expect(gradientsOf(name, { ...batch, patients: 3 }, 1)).rejects.toThrow(
      'patientOf: expected numbers below 3, got 3',
    );
  });
});
