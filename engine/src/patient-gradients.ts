/**
 * Gradients one patient at a time: rows in the order of their patients, a few at once, each row's gradient known by its parts.
 *
 * Sums are float64 whatever the rows were computed in. Source: privacy.md 3.2. Leaves to others: forward and backward (RowSource),
 * noise and integers (core), models that mix examples.
 */
import type { GradientSink, PatientBatch } from '@plexus/core';
import { sortByPatient, type ByPatient } from './patient-order.js';
import { squareOf, type GradientPart } from './patient-parts.js';

/** Computes rows forward and backward; its parts then tell of them until the next rows. */
export interface RowSource {
  /** Rows that it holds at most. */
  readonly rowsAtOnce: number;
  readonly parts: readonly GradientPart[];
  /** Holds these rows of a batch. Shapes: rows, shares: as many. shares: what a row's loss is multiplied by. */
  hold(batch: PatientBatch, rows: Uint32Array, shares: Float64Array): void;
}

export class PatientGradients {
  readonly #source: RowSource;
  readonly #size: number;
  /** The gradient of a patient whose rows are added up. */
  readonly #sum: Float64Array;
  /** The same as the sink gets it. */
  readonly #given: Float32Array;
  /** Places in the order of the rows that the source holds. */
  #first = 0;
  #end = 0;

  /** size: all trainable weights. */
  constructor(source: RowSource, size: number) {
    this.#source = source;
    this.#size = size;
    this.#sum = new Float64Array(size);
    this.#given = new Float32Array(size);
  }

  each(batch: PatientBatch, clipNorm: number, sink: GradientSink): void {
    const sorted = this.#start(batch);
    const { starts } = sorted;
    for (let patient = 0; patient < batch.patients; patient++) {
      const from = starts[patient]!;
      const to = starts[patient + 1]!;
      if (to - from === 1) {
        this.#hold(from, batch, sorted);
        const row = from - this.#first;
        const factor = clipFactor(this.#rowNorm(row), clipNorm);
        for (const part of this.#source.parts) part.give(row, factor, this.#given);
      } else {
        this.#sum.fill(0);
        for (let at = from; at < to; at++) {
          this.#hold(at, batch, sorted);
          this.#addRow(at - this.#first);
        }
        const factor = clipFactor(normOf(this.#sum), clipNorm);
        for (let k = 0; k < this.#size; k++) this.#given[k] = factor * this.#sum[k]!;
      }
      sink(patient, this.#given);
    }
  }

  /** Lone rows are scaled and added together; patients of several rows are added up one after the other. */
  clippedSum(batch: PatientBatch, clipNorm: number): Float32Array {
    const sorted = this.#start(batch);
    const { order, starts } = sorted;
    const total = new Float64Array(this.#size);
    const factors = new Float64Array(this.#source.rowsAtOnce);
    this.#sum.fill(0);
    for (let first = 0; first < batch.rows; first = this.#end) {
      this.#hold(first, batch, sorted);
      factors.fill(0);
      for (let at = first; at < this.#end; at++) {
        const patient = batch.patientOf[order[at]!]!;
        if (starts[patient + 1]! - starts[patient]! === 1) {
          factors[at - first] = clipFactor(this.#rowNorm(at - first), clipNorm);
          continue;
        }
        this.#addRow(at - first);
        if (at + 1 < starts[patient + 1]!) continue;
        const factor = clipFactor(normOf(this.#sum), clipNorm);
        for (let k = 0; k < this.#size; k++) total[k] = total[k]! + factor * this.#sum[k]!;
        this.#sum.fill(0);
      }
      if (factors.every((factor) => factor === 0)) continue; // no lone row
      for (const part of this.#source.parts) part.addAll(factors, this.#end - first, total);
    }
    return Float32Array.from(total);
  }

  #start(batch: PatientBatch): ByPatient {
    this.#first = 0;
    this.#end = 0;
    return sortByPatient(batch);
  }

  /** Makes the source hold the row at this place of the order and those after it. */
  #hold(at: number, batch: PatientBatch, { order, starts }: ByPatient): void {
    if (at < this.#end) return;
    const rows = order.subarray(at, at + this.#source.rowsAtOnce);
    const shares = Float64Array.from(rows, (row) => {
      const patient = batch.patientOf[row]!;
      return 1 / (starts[patient + 1]! - starts[patient]!);
    });
    this.#source.hold(batch, rows, shares);
    this.#first = at;
    this.#end = at + rows.length;
  }

  #addRow(row: number): void {
    for (const part of this.#source.parts) part.add(row, this.#sum);
  }

  /** ‖g‖ of a row, by the gradient itself where a square overflows. */
  #rowNorm(row: number): number {
    let squares = 0;
    for (const part of this.#source.parts) squares += part.squares(row);
    if (Number.isFinite(squares)) return Math.sqrt(squares);
    const gradient = new Float64Array(this.#size);
    for (const part of this.#source.parts) part.add(row, gradient);
    return normOf(gradient);
  }
}

/** A norm that is not finite scales nothing: the gradient arrives as it is. */
export function clipFactor(norm: number, clipNorm: number): number {
  return norm > clipNorm && norm < Infinity ? clipNorm / norm : 1;
}

/** Finite for every gradient of finite numbers whose norm is a finite number. */
export function normOf(gradient: Float32Array | Float64Array): number {
  const squares = squareOf(gradient, 0, gradient.length);
  if (squares !== Infinity) return Math.sqrt(squares);
  let largest = 0;
  for (const value of gradient) largest = Math.max(largest, Math.abs(value));
  let scaled = 0;
  for (const value of gradient) scaled += (value / largest) * (value / largest);
  return largest * Math.sqrt(scaled);
}
