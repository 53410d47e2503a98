/**
 * Metrics of a measured target: mean absolute error and root mean squared error in its own unit, and the share of variance explained.
 *
 * Values and errors are divided by the target's public range first, an error by at most the whole range, so that no patient moves a
 * sum by more than one.
 */
import { boundedSection, decimal, sumOf, type Metrics } from './sums.js';

const EXAMPLES = 'metric/examples';
const SUMS = 'metric/errors';

/** range: low and high of the target, in its unit. */
export function numberMetrics(range: readonly [string, string]): Metrics {
  const low = Number(range[0]);
  const width = Number(range[1]) - low;
  return {
    sections: (context) => [
      { name: EXAMPLES, length: 1, encoding: 'count32' },
      boundedSection(context, SUMS, 4, 1),
    ],

    /** Σ|e|, Σe², Σv, Σv² of errors e and values v as shares of the range. */
    values({ count, scores, labels }) {
      const sums = new Float64Array(4);
      for (let row = 0; row < count; row++) {
        const error = Math.min(1, Math.abs(scores[row]! - labels[row]!) / width);
        const value = (labels[row]! - low) / width;
        [error, error * error, value, value * value].forEach((term, i) => {
          sums[i] = sums[i]! + term;
        });
      }
      return new Map([
        [EXAMPLES, Float64Array.of(count)],
        [SUMS, sums],
      ]);
    },

    /** r2 = 1 − Σe² ÷ (Σv² − (Σv)² ÷ n); none where the values do not vary. */
    read(sums) {
      const count = sumOf(sums, EXAMPLES, 1)[0]!;
      if (count === 0) return {};
      const [absolute = 0, squared = 0, total = 0, squares = 0] = sumOf(sums, SUMS, 4);
      const variation = squares - (total * total) / count;
      const always = {
        examples: String(count),
        meanAbsoluteError: decimal((width * absolute) / count),
        rootMeanSquaredError: decimal(width * Math.sqrt(Math.max(0, squared) / count)),
      };
      if (!(variation > 1e-6 * count)) return always;
      return { ...always, r2: decimal(1 - squared / variation) };
    },
  };
}
