/**
 * Gradients by patient in the form that every model has: one backward pass a patient, over the patient's own rows.
 *
 * Source: engine.md "Per-patient gradients"; Abadi et al. 2016 for clipping. Leaves to others: forms that take fewer passes, noise and
 * quantising (core).
 */
import type { GradientSink, PatientBatch } from '@plexus/core';
import { clipFactor, normOf } from './patient-gradients.js';
import { gatherRows, sortByPatient } from './patient-order.js';

/** One example after the other. Shapes: x and y: rows × numbers of an example. Result: d, all trainable weights. */
export type BatchGradient = (rows: number, x: Float32Array, y: Float32Array) => Float32Array;

/**
 * Hands each patient's clipped gradient to the sink, patient 0 first.
 *
 * size   d, the number of trainable weights. Errors: bug/STATE_UNEXPECTED for a row of nobody.
 */
export function loopOverPatients(
  gradientOf: BatchGradient,
  size: number,
  batch: PatientBatch,
  clipNorm: number,
  sink: GradientSink,
): void {
  const { order, starts } = sortByPatient(batch);
  const of = (values: Float32Array, rows: Uint32Array): Float32Array =>
    gatherRows(values, rows, values.length / batch.rows);
  for (let patient = 0; patient < batch.patients; patient++) {
    const rows = order.subarray(starts[patient], starts[patient + 1]);
    const gradient =
      rows.length === 0
        ? new Float32Array(size)
        : gradientOf(rows.length, of(batch.x, rows), of(batch.y, rows));
    const factor = clipFactor(normOf(gradient), clipNorm);
    if (factor !== 1) gradient.forEach((value, i) => (gradient[i] = value * factor));
    sink(patient, gradient);
  }
}
