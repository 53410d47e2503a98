/** Rows of a batch through a network, forward and backward, each row's x and δ kept apart. */
import type { PatientBatch } from '@plexus/core';
import type { RowSource } from '../patient-gradients.js';
import { outerPart, type GradientPart } from '../patient-parts.js';
import type { LossRule } from './loss.js';
import type { Network } from './network.js';

/** What they take is bounded, and more are no faster. */
const ROWS = 64;

export class NetworkRows implements RowSource {
  readonly rowsAtOnce: number = ROWS;
  readonly parts: readonly GradientPart[];
  readonly #network: Network;
  readonly #loss: LossRule;
  readonly #labels: Float32Array;

  constructor(network: Network, loss: LossRule) {
    this.#network = network;
    this.#loss = loss;
    this.#labels = new Float32Array(ROWS * loss.labelWidth);
    this.parts = network.plan.operations.flatMap((operation, i) => {
      if (operation.kind !== 'affine') return [];
      const x = (): Float64Array => network.values[i]!;
      return [outerPart({ ...operation, x, slope: () => network.slopes[i + 1]! })];
    });
  }

  hold({ x, y }: PatientBatch, rows: Uint32Array, shares: Float64Array): void {
    this.#network.reserve(ROWS);
    const { plan, values, slopes } = this.#network;
    const { inputs, outputs } = plan;
    const { labelWidth } = this.#loss;
    rows.forEach((row, k) => {
      values[0]!.set(x.subarray(row * inputs, (row + 1) * inputs), k * inputs);
      this.#labels.set(y.subarray(row * labelWidth, (row + 1) * labelWidth), k * labelWidth);
    });
    const predictions = this.#network.forward(rows.length, null);
    const slope = slopes.at(-1)!;
    this.#loss.sum(rows.length, this.#labels, predictions, slope);
    for (let k = 0; k < rows.length * outputs; k++)
      slope[k] = slope[k]! * shares[Math.floor(k / outputs)]!;
    this.#network.backward(rows.length);
  }
}
