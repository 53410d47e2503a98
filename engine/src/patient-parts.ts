/**
 * A layer's share in the gradients of single rows: their norms, and their sums with factors.
 *
 * Source: Goodfellow 2015 (arXiv 1510.01799) for outer products. Leaves to others: what fills the arrays (dense/rows.ts,
 * patient-tape.ts), patients (patient-gradients.ts).
 */
import { addProduct, rowMajor, transposed } from './dense/multiply.js';

/** Rows are those of one pass. `to` holds all weights of the model; a part knows its places there. */
export interface GradientPart {
  /** ‖g‖² of a row. */
  squares(row: number): number;
  /** to += g of a row */
  add(row: number, to: Float64Array): void;
  /** to = factor · g of a row */
  give(row: number, factor: number, to: Float32Array): void;
  /** to += Σ factor · g over the first rows; a row of factor 0 is left out. May scale what it holds. */
  addAll(factors: Float64Array, count: number, to: Float64Array): void;
}

/** What a layer y = x·kernel + bias read and what came back, row by row. `biasAt` is −1 without a bias. */
export interface Affine {
  readonly inputs: number;
  readonly outputs: number;
  readonly kernelAt: number;
  readonly biasAt: number;
  /** Shapes: rows × inputs. */
  x(): Float64Array;
  /** δ, the slope of the loss at y. Shapes: rows × outputs. */
  slope(): Float64Array;
}

/** g = xᵀ·δ is not written down to know its norm: ‖g‖² = (‖x‖² + 1)·‖δ‖², the 1 for the bias. */
export function outerPart(layer: Affine): GradientPart {
  const { inputs, outputs, kernelAt, biasAt } = layer;
  return {
    squares(row) {
      const x = squareOf(layer.x(), row * inputs, inputs) + (biasAt < 0 ? 0 : 1);
      return x * squareOf(layer.slope(), row * outputs, outputs);
    },
    add(row, to) {
      const x = layer.x();
      const slope = layer.slope();
      const from = row * outputs;
      for (let i = 0; i < inputs; i++)
        addScaled(to, kernelAt + i * outputs, x[row * inputs + i]!, slope, from, outputs);
      if (biasAt >= 0) addScaled(to, biasAt, 1, slope, from, outputs);
    },
    give(row, factor, to) {
      const x = layer.x();
      const slope = layer.slope();
      const from = row * outputs;
      for (let i = 0; i < inputs; i++)
        giveScaled(to, kernelAt + i * outputs, factor * x[row * inputs + i]!, slope, from, outputs);
      if (biasAt >= 0) giveScaled(to, biasAt, factor, slope, from, outputs);
    },
    addAll(factors, count, to) {
      const slope = layer.slope();
      for (let row = 0; row < count; row++) {
        const factor = factors[row]!;
        for (let k = row * outputs; k < (row + 1) * outputs; k++)
          slope[k] = factor === 0 ? 0 : factor * slope[k]!;
      }
      const x = transposed(rowMajor(layer.x(), inputs));
      const kernel = rowMajor(to, outputs, kernelAt);
      addProduct(kernel, x, rowMajor(slope, outputs), inputs, outputs, count);
      if (biasAt < 0) return;
      for (let row = 0; row < count; row++) addScaled(to, biasAt, 1, slope, row * outputs, outputs);
    },
  };
}

/** A part whose gradients are written down, row after row. Shapes: gradients: rows × size. */
export function writtenPart(at: number, size: number, gradients: () => Float64Array): GradientPart {
  return {
    squares: (row) => squareOf(gradients(), row * size, size),
    add(row, to) {
      addScaled(to, at, 1, gradients(), row * size, size);
    },
    give(row, factor, to) {
      giveScaled(to, at, factor, gradients(), row * size, size);
    },
    addAll(factors, count, to) {
      for (let row = 0; row < count; row++) {
        const factor = factors[row]!;
        if (factor !== 0) addScaled(to, at, factor, gradients(), row * size, size);
      }
    },
  };
}

export function squareOf(
  values: Float32Array | Float64Array,
  start: number,
  count: number,
): number {
  let sum = 0;
  for (let k = start; k < start + count; k++) sum += values[k]! * values[k]!;
  return sum;
}

/** to[at…] += factor · from[start…] */
export function addScaled(
  to: Float64Array,
  at: number,
  factor: number,
  from: Float64Array,
  start: number,
  count: number,
): void {
  let k = start | 0;
  const end = (at + count) | 0;
  for (let i = at | 0; i < end; i = (i + 1) | 0) {
    to[i] = to[i]! + factor * from[k]!;
    k = (k + 1) | 0;
  }
}

/** to[at…] = factor · from[start…] */
function giveScaled(
  to: Float32Array,
  at: number,
  factor: number,
  from: Float64Array,
  start: number,
  count: number,
): void {
  let k = start | 0;
  const end = (at + count) | 0;
  for (let i = at | 0; i < end; i = (i + 1) | 0) {
    to[i] = factor * from[k]!;
    k = (k + 1) | 0;
  }
}
