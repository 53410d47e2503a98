/**
 * Gradients one patient at a time: rows in the order of their patients, a few at once, each row's δ and activations kept apart.
 *
 * A patient of one row needs no gradient to know its norm: ‖g‖² = Σ over layers of (‖a‖² + 1)·‖δ‖², the 1 for a bias.
 * Source: privacy.md 3.2; Goodfellow 2015 (arXiv 1510.01799). Leaves to others: noise and integers (core), models that mix examples.
 */
import type { GradientSink, PatientBatch } from '@plexus/core';
import type { LossRule } from './loss.js';
import type { Network } from './network.js';
import { sortByPatient, type ByPatient } from './patient-order.js';

/** Rows of one pass: what they take is bounded, and more are no faster. */
const ROWS = 64;

export class PatientGradients {
  readonly #network: Network;
  readonly #loss: LossRule;
  readonly #labels: Float32Array;
  /** The gradient of a patient whose rows are added up. */
  readonly #sum: Float64Array;
  /** The same as the sink gets it. */
  readonly #given: Float32Array;
  /** Places in the order of the rows that the network holds. */
  #first = 0;
  #end = 0;

  constructor(network: Network, loss: LossRule) {
    this.#network = network;
    this.#loss = loss;
    this.#labels = new Float32Array(ROWS * loss.labelWidth);
    this.#sum = new Float64Array(network.plan.weights);
    this.#given = new Float32Array(network.plan.weights);
  }

  each(batch: PatientBatch, clipNorm: number, sink: GradientSink): void {
    const sorted = this.#start(batch);
    const { starts } = sorted;
    for (let patient = 0; patient < batch.patients; patient++) {
      const from = starts[patient]!;
      const to = starts[patient + 1]!;
      if (to - from === 1) {
        this.#hold(from, batch, sorted);
        this.#giveRow(from - this.#first, clipNorm);
      } else {
        this.#sum.fill(0);
        for (let at = from; at < to; at++) {
          this.#hold(at, batch, sorted);
          this.#addRow(at - this.#first);
        }
        const factor = clipFactor(normOf(this.#sum), clipNorm);
        for (let k = 0; k < this.#sum.length; k++) this.#given[k] = factor * this.#sum[k]!;
      }
      sink(patient, this.#given);
    }
  }

  /** Rows of lone patients are scaled and multiplied together; other patients are added up one after the other. */
  clippedSum(batch: PatientBatch, clipNorm: number): Float32Array {
    const sorted = this.#start(batch);
    const { order, starts } = sorted;
    const total = new Float64Array(this.#sum.length);
    this.#sum.fill(0);
    for (let first = 0; first < batch.rows; first = this.#end) {
      this.#hold(first, batch, sorted);
      for (let at = first; at < this.#end; at++) {
        const patient = batch.patientOf[order[at]!]!;
        const rows = starts[patient + 1]! - starts[patient]!;
        if (rows === 1) {
          this.#scaleRow(at - first, clipFactor(this.#rowNorm(at - first), clipNorm));
          continue;
        }
        this.#addRow(at - first);
        this.#scaleRow(at - first, 0);
        if (at + 1 < starts[patient + 1]!) continue;
        const factor = clipFactor(normOf(this.#sum), clipNorm);
        for (let k = 0; k < total.length; k++) total[k] = total[k]! + factor * this.#sum[k]!;
        this.#sum.fill(0);
      }
      this.#network.addGradient(this.#end - first, total);
    }
    return Float32Array.from(total);
  }

  #start(batch: PatientBatch): ByPatient {
    this.#network.reserve(ROWS);
    this.#first = 0;
    this.#end = 0;
    return sortByPatient(batch);
  }

  /** Makes the network hold the row at this place of the order and those after it, forward and backward. */
  #hold(at: number, { rows, x, y, patientOf }: PatientBatch, { order, starts }: ByPatient): void {
    if (at < this.#end) return;
    const { plan, values, slopes } = this.#network;
    const { labelWidth } = this.#loss;
    const count = Math.min(ROWS, rows - at);
    const input = values[0]!;
    for (let k = 0; k < count; k++) {
      const row = order[at + k]!;
      for (let i = 0; i < plan.inputs; i++) input[k * plan.inputs + i] = x[row * plan.inputs + i]!;
      for (let i = 0; i < labelWidth; i++)
        this.#labels[k * labelWidth + i] = y[row * labelWidth + i]!;
    }
    const predictions = this.#network.forward(count, null);
    const slope = slopes.at(-1)!;
    this.#loss.sum(count, this.#labels, predictions, slope);
    for (let k = 0; k < count; k++) {
      const patient = patientOf[order[at + k]!]!;
      const own = starts[patient + 1]! - starts[patient]!;
      for (let i = 0; i < plan.outputs; i++)
        slope[k * plan.outputs + i] = slope[k * plan.outputs + i]! / own;
    }
    this.#network.backward(count);
    this.#first = at;
    this.#end = at + count;
  }

  #addRow(row: number): void {
    const sum = this.#sum;
    const { plan, values, slopes } = this.#network;
    plan.operations.forEach((operation, i) => {
      if (operation.kind !== 'affine') return;
      const { inputs, outputs, kernelAt, biasAt } = operation;
      const x = values[i]!;
      const slope = slopes[i + 1]!;
      for (let from = 0; from < inputs; from++) {
        const a = x[row * inputs + from]!;
        const at = kernelAt + from * outputs;
        for (let j = 0; j < outputs; j++)
          sum[at + j] = sum[at + j]! + a * slope[row * outputs + j]!;
      }
      if (biasAt < 0) return;
      for (let j = 0; j < outputs; j++)
        sum[biasAt + j] = sum[biasAt + j]! + slope[row * outputs + j]!;
    });
  }

  #giveRow(row: number, clipNorm: number): void {
    const given = this.#given;
    const factor = clipFactor(this.#rowNorm(row), clipNorm);
    const { plan, values, slopes } = this.#network;
    plan.operations.forEach((operation, i) => {
      if (operation.kind !== 'affine') return;
      const { inputs, outputs, kernelAt, biasAt } = operation;
      const x = values[i]!;
      const slope = slopes[i + 1]!;
      for (let from = 0; from < inputs; from++) {
        scaleInto(
          given,
          kernelAt + from * outputs,
          factor * x[row * inputs + from]!,
          slope,
          row,
          outputs,
        );
      }
      if (biasAt >= 0) scaleInto(given, biasAt, factor, slope, row, outputs);
    });
  }

  #scaleRow(row: number, factor: number): void {
    const { plan, slopes } = this.#network;
    plan.operations.forEach(({ kind, outputs }, i) => {
      if (kind !== 'affine') return;
      const slope = slopes[i + 1]!;
      for (let k = row * outputs; k < (row + 1) * outputs; k++)
        slope[k] = factor === 0 ? 0 : factor * slope[k]!;
    });
  }

  /** ‖g‖ of a row, from the lengths of activations and slopes; by the gradient itself where a square overflows. */
  #rowNorm(row: number): number {
    const { plan, values, slopes } = this.#network;
    let squares = 0;
    for (let i = 0; i < plan.operations.length; i++) {
      const operation = plan.operations[i]!;
      if (operation.kind !== 'affine') continue;
      const { inputs, outputs, biasAt } = operation;
      const x = squareOf(values[i]!, row * inputs, inputs);
      squares += (x + (biasAt < 0 ? 0 : 1)) * squareOf(slopes[i + 1]!, row * outputs, outputs);
    }
    if (Number.isFinite(squares)) return Math.sqrt(squares);
    this.#sum.fill(0);
    this.#addRow(row);
    const norm = normOf(this.#sum);
    this.#sum.fill(0);
    return norm;
  }
}

/** to[at…] = factor · from[row] */
function scaleInto(
  to: Float32Array,
  at: number,
  factor: number,
  from: Float64Array,
  row: number,
  width: number,
): void {
  let k = (row * width) | 0;
  const end = (at + width) | 0;
  for (let i = at | 0; i < end; i = (i + 1) | 0) {
    to[i] = factor * from[k]!;
    k = (k + 1) | 0;
  }
}

/** A norm that is not finite scales nothing: the gradient arrives as it is. */
function clipFactor(norm: number, clipNorm: number): number {
  return norm > clipNorm && norm < Infinity ? clipNorm / norm : 1;
}

/** Finite for every gradient of finite numbers whose norm is a finite number. */
function normOf(gradient: Float64Array): number {
  const squares = squareOf(gradient, 0, gradient.length);
  if (squares !== Infinity) return Math.sqrt(squares);
  let largest = 0;
  for (const value of gradient) largest = Math.max(largest, Math.abs(value));
  let scaled = 0;
  for (const value of gradient) scaled += (value / largest) * (value / largest);
  return largest * Math.sqrt(scaled);
}

function squareOf(values: Float64Array, start: number, count: number): number {
  let sum = 0;
  for (let k = start; k < start + count; k++) sum += values[k]! * values[k]!;
  return sum;
}
