/**
 * A planned model with its weights: forward and backward over a batch, in arrays that are kept from step to step.
 *
 * `values[0]` are the rows, `values[i + 1]` what operation i makes of `values[i]`; `slopes[i]` is the gradient with respect to
 * `values[i]`. Rows never meet here. Leaves to others: losses, optimizers, patients.
 */
import { drawMask } from './dropout.js';
import { exp, log } from './elementary.js';
import { addProduct, rowMajor, transposed } from './multiply.js';
import type { Operation, Plan } from './plan.js';

type Affine = Extract<Operation, { readonly kind: 'affine' }>;

export class Network {
  readonly plan: Plan;
  /** All weights, one tensor after the other in the order of modelParameters. */
  readonly weights: Float64Array;
  readonly gradient: Float64Array;
  values: Float64Array[] = [];
  slopes: Float64Array[] = [];
  #masks: Float64Array[] = [];
  #capacity = 0;
  readonly #firstAffine: number;

  constructor(plan: Plan) {
    this.plan = plan;
    this.weights = new Float64Array(plan.weights);
    this.gradient = new Float64Array(plan.weights);
    this.#firstAffine = plan.operations.findIndex(({ kind }) => kind === 'affine');
  }

  /** Makes room for as many rows. */
  reserve(rows: number): void {
    if (rows <= this.#capacity) return;
    const { inputs, operations } = this.plan;
    const widths = [inputs, ...operations.map(({ outputs }) => outputs)];
    this.values = widths.map((width) => new Float64Array(rows * width));
    this.slopes = widths.map((width) => new Float64Array(rows * width));
    this.#masks = operations.map(
      ({ kind, outputs }) => new Float64Array(kind === 'dropout' ? rows * outputs : 0),
    );
    this.#capacity = rows;
  }

  /** From `values[0]` to the predictions. dropoutSeed: null where nothing is dropped. */
  forward(rows: number, dropoutSeed: number | null): Float64Array {
    const { operations } = this.plan;
    operations.forEach((operation, i) => {
      this.#apply(operation, i, rows, dropoutSeed);
    });
    return this.values[operations.length]!;
  }

  /**
   * From `slopes` of the predictions to those of what each layer with weights makes, and with `toInput` to those of the rows.
   * The weights' own gradients are left to addGradient or to whoever wants them by row.
   */
  backward(rows: number, toInput = false): void {
    const { operations } = this.plan;
    const last = toInput ? 0 : this.#firstAffine + 1;
    for (let i = operations.length - 1; i >= last; i--) this.#propagate(operations[i]!, i, rows);
  }

  /** Adds xᵀ·δ of each layer with weights, over the rows of the batch. Call after backward. */
  addGradient(rows: number, gradient: Float64Array): void {
    this.plan.operations.forEach((operation, i) => {
      if (operation.kind !== 'affine') return;
      const { inputs, outputs, kernelAt, biasAt } = operation;
      const x = transposed(rowMajor(this.values[i]!, inputs));
      const slope = this.slopes[i + 1]!;
      addProduct(
        rowMajor(gradient, outputs, kernelAt),
        x,
        rowMajor(slope, outputs),
        inputs,
        outputs,
        rows,
      );
      if (biasAt < 0) return;
      for (let row = 0; row < rows; row++)
        for (let j = 0; j < outputs; j++)
          gradient[biasAt + j] = gradient[biasAt + j]! + slope[row * outputs + j]!;
    });
  }

  #apply(operation: Operation, i: number, rows: number, dropoutSeed: number | null): void {
    const x = this.values[i]!;
    const y = this.values[i + 1]!;
    const count = rows * operation.outputs;
    switch (operation.kind) {
      case 'affine':
        this.#multiply(operation, x, y, rows);
        return;
      case 'elementwise': {
        const { rule } = operation;
        for (let k = 0; k < count; k++) y[k] = rule.value(x[k]!);
        return;
      }
      case 'softmax':
      case 'logSoftmax':
        softmax(operation.kind, operation.outputs, count, x, y);
        return;
      case 'dropout': {
        const mask = this.#masks[i]!;
        if (dropoutSeed === null) mask.fill(1, 0, count);
        else drawMask(mask, count, operation.rate, dropoutSeed, operation.layer);
        for (let k = 0; k < count; k++) y[k] = x[k]! * mask[k]!;
      }
    }
  }

  #multiply(
    { inputs, outputs, kernelAt, biasAt }: Affine,
    x: Float64Array,
    y: Float64Array,
    rows: number,
  ): void {
    const { weights } = this;
    if (biasAt < 0) y.fill(0, 0, rows * outputs);
    else
      for (let row = 0; row < rows; row++)
        for (let j = 0; j < outputs; j++) y[row * outputs + j] = weights[biasAt + j]!;
    const kernel = rowMajor(weights, outputs, kernelAt);
    addProduct(rowMajor(y, outputs), rowMajor(x, inputs), kernel, rows, outputs, inputs);
  }

  #propagate(operation: Operation, i: number, rows: number): void {
    const x = this.values[i]!;
    const y = this.values[i + 1]!;
    const above = this.slopes[i + 1]!;
    const below = this.slopes[i]!;
    const { outputs } = operation;
    const count = rows * outputs;
    switch (operation.kind) {
      case 'affine': {
        const { inputs, kernelAt } = operation;
        const kernel = transposed(rowMajor(this.weights, outputs, kernelAt));
        below.fill(0, 0, rows * inputs);
        addProduct(
          rowMajor(below, inputs),
          rowMajor(above, outputs),
          kernel,
          rows,
          inputs,
          outputs,
        );
        return;
      }
      case 'elementwise': {
        const { rule } = operation;
        for (let k = 0; k < count; k++) below[k] = above[k]! * rule.slope(x[k]!, y[k]!);
        return;
      }
      case 'softmax':
        for (let start = 0; start < count; start += outputs) {
          let shared = 0;
          for (let k = start; k < start + outputs; k++) shared += above[k]! * y[k]!;
          for (let k = start; k < start + outputs; k++) below[k] = y[k]! * (above[k]! - shared);
        }
        return;
      case 'logSoftmax':
        for (let start = 0; start < count; start += outputs) {
          let total = 0;
          for (let k = start; k < start + outputs; k++) total += above[k]!;
          for (let k = start; k < start + outputs; k++) below[k] = above[k]! - total * exp(y[k]!);
        }
        return;
      case 'dropout': {
        const mask = this.#masks[i]!;
        for (let k = 0; k < count; k++) below[k] = above[k]! * mask[k]!;
      }
    }
  }
}

function softmax(
  kind: 'softmax' | 'logSoftmax',
  outputs: number,
  count: number,
  x: Float64Array,
  y: Float64Array,
): void {
  for (let start = 0; start < count; start += outputs) {
    let largest = -Infinity;
    for (let k = start; k < start + outputs; k++) largest = Math.max(largest, x[k]!);
    let total = 0;
    for (let k = start; k < start + outputs; k++) {
      y[k] = exp(x[k]! - largest);
      total += y[k]!;
    }
    const shift = largest + (kind === 'softmax' ? 0 : log(total));
    for (let k = start; k < start + outputs; k++)
      y[k] = kind === 'softmax' ? y[k]! / total : x[k]! - shift;
  }
}
