/**
 * Cox's partial likelihood of a batch, its own rows being at risk: n log n by sorting times.
 *
 *     Σ over events i of (ln Σ e^h over rows j with time_j ≥ time_i, minus h_i)
 *
 * Sums of exponentials are kept as logarithms, so that no log-hazard overflows. Source: Cox 1972; ties as Breslow 1974.
 */
import { exp, log } from './elementary.js';

/** A LossRule (loss.ts). */
export class CoxLoss {
  /** time, event */
  readonly labelWidth = 2;
  #times = new Float64Array(0);
  #order = new Uint32Array(0);
  #spare = new Uint32Array(0);
  /** ln Σ e^h of who is at risk at a row's time. */
  #atRisk = new Float64Array(0);

  sum(
    rows: number,
    labels: Float32Array,
    predictions: Float64Array,
    gradient: Float64Array,
  ): number {
    this.#sortByTime(rows, labels);
    const times = this.#times;
    const order = this.#order;
    const atRisk = this.#atRisk;
    let loss = 0;
    let risk = -Infinity;
    for (let end = rows; end > 0;) {
      let start = end;
      while (start > 0 && times[order[start - 1]!] === times[order[end - 1]!]) start--;
      if (start === end) {
        gradient.fill(NaN, 0, rows); // a time that is not a number equals nothing
        return NaN;
      }
      for (let k = start; k < end; k++) risk = logSum(risk, predictions[order[k]!]!);
      for (let k = start; k < end; k++) {
        const row = order[k]!;
        atRisk[row] = risk;
        loss += labels[2 * row + 1]! * (risk - predictions[row]!);
      }
      end = start;
    }
    let hazard = -Infinity; // ln Σ event ÷ Σ e^h over the events so far
    for (let start = 0; start < rows;) {
      let end = start;
      for (; end < rows && times[order[end]!] === times[order[start]!]; end++) {
        const row = order[end]!;
        const event = labels[2 * row + 1]!;
        if (event !== 0) hazard = logSum(hazard, log(event) - atRisk[row]!);
      }
      for (let k = start; k < end; k++) {
        const row = order[k]!;
        gradient[row] = exp(predictions[row]! + hazard) - labels[2 * row + 1]!;
      }
      start = end;
    }
    return loss;
  }

  /** Ascending; equal times in the order of rows. A merge sort, since a comparison function costs more than the sums. */
  #sortByTime(rows: number, labels: Float32Array): void {
    if (this.#order.length < rows) {
      this.#times = new Float64Array(rows);
      this.#order = new Uint32Array(rows);
      this.#spare = new Uint32Array(rows);
      this.#atRisk = new Float64Array(rows);
    }
    const times = this.#times;
    for (let row = 0; row < rows; row++) {
      times[row] = labels[2 * row]!;
      this.#order[row] = row;
    }
    for (let run = 1; run < rows; run *= 2) {
      const from = this.#order;
      const to = this.#spare;
      for (let start = 0; start < rows; start += 2 * run) {
        const middle = Math.min(start + run, rows);
        const end = Math.min(start + 2 * run, rows);
        let left = start;
        let right = middle;
        for (let k = start; k < end; k++) {
          const isLeft =
            right >= end || (left < middle && times[from[left]!]! <= times[from[right]!]!);
          to[k] = isLeft ? from[left++]! : from[right++]!;
        }
      }
      this.#order = to;
      this.#spare = from;
    }
  }
}

/** ln(e^a + e^b) */
function logSum(a: number, b: number): number {
  const larger = Math.max(a, b);
  if (larger === -Infinity) return larger;
  return larger + log(exp(a - larger) + exp(b - larger));
}
