/**
 * Metrics of a yes-or-no target: the clipped loss, and for each class a histogram of scores in public bins.
 *
 * Everything else follows from the summed histograms, so nothing more is revealed: examples, accuracy at 0.5 (an edge of the bins),
 * area under the ROC curve. Source: audit-log.md section 11 for the arithmetic of reading.
 */
import {
  boundedSection,
  decimal,
  LARGEST_LOSS,
  LOSS,
  SMALLEST_PROBABILITY,
  sumOf,
  type Metrics,
} from './sums.js';

const BINS = 100;
const NEGATIVES = 'metric/scores/negative';
const POSITIVES = 'metric/scores/positive';

export const binaryMetrics: Metrics = {
  sections: (context) => [
    boundedSection(context, LOSS, 1, LARGEST_LOSS),
    { name: NEGATIVES, length: BINS, encoding: 'count32' },
    { name: POSITIVES, length: BINS, encoding: 'count32' },
  ],

  values({ count, scores, labels }) {
    const negatives = new Float64Array(BINS);
    const positives = new Float64Array(BINS);
    let loss = 0;
    for (let row = 0; row < count; row++) {
      const score = scores[row]!;
      const isPositive = labels[row] === 1;
      const right = isPositive ? score : 1 - score;
      loss += Math.min(LARGEST_LOSS, -Math.log(Math.max(right, SMALLEST_PROBABILITY)));
      const bins = isPositive ? positives : negatives;
      const bin = Math.min(BINS - 1, Math.max(0, Math.floor(score * BINS)));
      bins[bin] = bins[bin]! + 1;
    }
    return new Map([
      [LOSS, Float64Array.of(loss)],
      [NEGATIVES, negatives],
      [POSITIVES, positives],
    ]);
  },

  /**
   * auc = Σ_bins positives · (negatives in lower bins + ½ negatives in this bin) ÷ (positives · negatives); none unless both classes
   * occur.
   */
  read(sums) {
    const loss = sumOf(sums, LOSS, 1)[0]!;
    const negatives = sumOf(sums, NEGATIVES, BINS);
    const positives = sumOf(sums, POSITIVES, BINS);
    let below = 0;
    let above = 0;
    let right = 0;
    let pairs = 0;
    for (let bin = 0; bin < BINS; bin++) {
      pairs += positives[bin]! * (below + negatives[bin]! / 2);
      right += 2 * bin < BINS ? negatives[bin]! : positives[bin]!;
      below += negatives[bin]!;
      above += positives[bin]!;
    }
    const count = below + above;
    if (count === 0) return {};
    const always = {
      examples: String(count),
      loss: decimal(loss / count),
      accuracy: decimal(right / count),
    };
    if (below === 0 || above === 0) return always;
    return { ...always, auc: decimal(pairs / (below * above)) };
  },
};
