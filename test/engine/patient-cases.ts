/** Models, weights and batches for gradients by patient, and what comes of them. */
import { expect } from 'vitest';
import * as tf from '@tensorflow/tfjs-core';
import {
  modelParameters,
  oneInput,
  parseModel,
  type LayerSpec,
  type ModelSpec,
  type PatientBatch,
  type Shape,
} from '@plexus/core';
import { PatientGradients } from '../../engine/src/patient-gradients.ts';
import { TapedRows } from '../../engine/src/patient-tape.ts';
import { expectClose } from './vectors.ts';

interface KerasLike {
  readonly className: string;
  readonly config: object;
}

/** Layers in the words of Keras as the parser of models reads them, if it takes them. */
export function layersOf(
  given: readonly KerasLike[] | undefined,
  input: Shape,
): readonly LayerSpec[] | undefined {
  const layers = given?.map(({ className, config }) => {
    const type = className.charAt(0).toLowerCase() + className.slice(1).replace(/([0-9])D/, '$1d');
    const options = Object.entries(config).filter(
      ([key, value]) =>
        !(key === 'dataFormat' && value === 'channelsLast') &&
        !(key === 'dilationRate' && String(value) === '1,1') &&
        !(key === 'dilationRate' && String(value) === '1'),
    );
    return { type, ...Object.fromEntries(options) };
  });
  if (layers === undefined) return undefined;
  const tail = [{ type: 'flatten' }, { type: 'dense', units: 1 }];
  const text = { name: 'case', loss: 'meanSquaredError', layers: [...layers, ...tail] };
  const parsed = parseModel(text, oneInput(input), 'model');
  return parsed.kind === 'parsed' ? parsed.model.layers.slice(0, layers.length) : undefined;
}

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

/** Slices of one array of weights, as long as the wanted ones. */
export function expectTensors(
  got: ArrayLike<number>,
  want: readonly (readonly number[])[],
  tolerance?: Parameters<typeof expectClose>[3],
): void {
  let at = 0;
  want.forEach((values, i) => {
    const part = Array.from({ length: values.length }, (_, k) => got[at + k]!);
    expectClose(`weight ${String(i)}`, part, values, tolerance);
    at += values.length;
  });
  expect(got.length).toBe(at);
}
