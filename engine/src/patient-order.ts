/** Rows of a batch in the order of their patients. Leaves to others: what is computed of them (patient-gradients.ts). */
import { PlexusError, type PatientBatch } from '@plexus/core';

/** Patient p has the rows order[starts[p]] to order[starts[p + 1] − 1]. Shapes: order: rows. starts: patients + 1. */
export interface ByPatient {
  readonly order: Uint32Array;
  readonly starts: Uint32Array;
}

/** A patient's rows keep their order. Errors: bug/STATE_UNEXPECTED for a row of nobody. */
export function sortByPatient({ rows, patientOf, patients }: PatientBatch): ByPatient {
  const starts = new Uint32Array(patients + 1);
  for (let row = 0; row < rows; row++) {
    const patient = patientOf[row]!;
    if (patient >= patients)
      throw new PlexusError(
        'STATE_UNEXPECTED',
        `patientOf: expected numbers below ${String(patients)}, got ${String(patient)}`,
      );
    starts[patient + 1] = starts[patient + 1]! + 1;
  }
  for (let patient = 0; patient < patients; patient++)
    starts[patient + 1] = starts[patient + 1]! + starts[patient]!;
  const next = starts.slice();
  const order = new Uint32Array(rows);
  for (let row = 0; row < rows; row++) {
    const patient = patientOf[row]!;
    order[next[patient]!] = row;
    next[patient] = next[patient]! + 1;
  }
  return { order, starts };
}

/** These rows of an array of rows. Shapes: result: rows × width. */
export function gatherRows(values: Float32Array, rows: Uint32Array, width: number): Float32Array {
  const part = new Float32Array(rows.length * width);
  rows.forEach((row, k) => {
    part.set(values.subarray(row * width, (row + 1) * width), k * width);
  });
  return part;
}
