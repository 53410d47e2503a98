/**
 * Gradients by patient in the form that every model has: one backward pass a patient, over the patient's own rows.
 *
 * Source: engine.md "Per-patient gradients"; Abadi et al. 2016 for clipping. Leaves to others: forms that take fewer passes, noise and
 * quantising (core).
 */
import { PlexusError, type GradientSink, type PatientBatch } from '@plexus/core';

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
  rowsByPatient(batch).forEach((rows, patient) => {
    const gradient =
      rows.length === 0
        ? new Float32Array(size)
        : gradientOf(rows.length, rowsOf(batch.x, rows, batch), rowsOf(batch.y, rows, batch));
    clip(gradient, clipNorm);
    sink(patient, gradient);
  });
}

/** Scales down to clipNorm where the L2 norm is larger; leaves what is not finite as it is. */
export function clip(gradient: Float32Array, clipNorm: number): void {
  let squares = 0;
  for (const value of gradient) squares += value * value;
  const norm = Math.sqrt(squares);
  if (!Number.isFinite(norm) || norm <= clipNorm) return;
  const factor = clipNorm / norm;
  gradient.forEach((value, i) => (gradient[i] = value * factor));
}

/** A patient's rows keep their order. */
function rowsByPatient({
  rows,
  patientOf,
  patients,
}: PatientBatch): readonly (readonly number[])[] {
  const lists = Array.from({ length: patients }, (): number[] => []);
  for (let row = 0; row < rows; row++) {
    const list = lists[patientOf[row] ?? patients];
    if (list === undefined)
      throw new PlexusError(
        'STATE_UNEXPECTED',
        `patientOf: expected numbers below ${String(patients)}, got ${String(patientOf[row])}`,
      );
    list.push(row);
  }
  return lists;
}

function rowsOf(values: Float32Array, rows: readonly number[], batch: PatientBatch): Float32Array {
  const width = values.length / batch.rows;
  const out = new Float32Array(rows.length * width);
  rows.forEach((row, i) => {
    out.set(values.subarray(row * width, (row + 1) * width), i * width);
  });
  return out;
}
