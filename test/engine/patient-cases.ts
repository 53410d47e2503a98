/** Models, weights and batches for gradients by patient, and what comes of them. */
import { expect } from 'vitest';
import * as tf from '@tensorflow/tfjs-core';
import {
  modelParameters,
  oneInput,
  type ModelSpec,
  type PatientBatch,
  type Shape,
} from '@plexus/core';
import { PatientGradients } from '../../engine/src/patient-gradients.ts';
import { TapedRows } from '../../engine/src/patient-tape.ts';

export function tensorsOf(
  model: ModelSpec,
  input: Shape,
  values: readonly Float32Array[],
): tf.Tensor[] {
  return modelParameters(model, oneInput(input)).map(({ shape }, i) =>
    tf.tensor(values[i]!, [...shape]),
  );
}

export function gradientsOf(
  model: ModelSpec,
  input: Shape,
  weights: readonly tf.Tensor[],
): PatientGradients {
  const size = weights.reduce((sum, weight) => sum + weight.size, 0);
  return new PatientGradients(new TapedRows(model, input, () => weights), size);
}

export function each(
  gradients: PatientGradients,
  batch: PatientBatch,
  clipNorm: number,
): Float32Array[] {
  const all: Float32Array[] = [];
  gradients.each(batch, clipNorm, (_, gradient) => all.push(gradient.slice()));
  expect(all.length).toBe(batch.patients);
  return all;
}

export function alone(rows: number): Pick<PatientBatch, 'rows' | 'patientOf' | 'patients'> {
  return { rows, patientOf: Uint32Array.from({ length: rows }, (_, i) => i), patients: rows };
}

export function summed(gradients: readonly Float32Array[]): number[] {
  return gradients.reduce<number[]>(
    (sum, gradient) => Array.from(gradient, (value, k) => (sum[k] ?? 0) + value),
    [],
  );
}
