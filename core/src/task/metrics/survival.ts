/**
 * Metrics of a time-to-event target: the partial likelihood, and how often of two patients of one hospital the one with the higher
 * log-hazard had the event first.
 *
 * Only pairs within a hospital count, since times are never compared across hospitals; a pair counts where the earlier time is an
 * event. Source: Harrell et al. 1982 (concordance); Breslow 1974 (ties). Leaves to others: training on it (engine/).
 */
import { canonicalDecimal } from '../../base/decimal.js';
import {
  boundedSection,
  decimal,
  LARGEST_LOSS,
  LOSS,
  sumOf,
  type Metrics,
  type Predicted,
} from './sums.js';

const COUNTS = 'metric/counts';
const PAIRS = 'metric/pairs';

export const survivalMetrics: Metrics = {
  sections: (context) => [
    { name: COUNTS, length: 2, encoding: 'count32' },
    boundedSection(context, LOSS, 1, LARGEST_LOSS),
    {
      ...{ name: PAIRS, length: 2, encoding: 'fixed32' },
      clip: canonicalDecimal(Number(context.rules.wMax) ** 2 / 2) ?? '',
    },
  ],

  /** Examples and events; the loss; concordant pairs, equal hazards as half, and all pairs that count. */
  values(predicted) {
    const { count, labels } = predicted;
    let events = 0;
    for (let row = 0; row < count; row++) events += labels[2 * row + 1]!;
    const { loss, concordant, comparable } = walk(predicted);
    return new Map([
      [COUNTS, Float64Array.of(count, events)],
      [LOSS, Float64Array.of(loss)],
      [PAIRS, Float64Array.of(concordant, comparable)],
    ]);
  },

  read(sums) {
    const [count = 0, events = 0] = sumOf(sums, COUNTS, 2);
    const loss = sumOf(sums, LOSS, 1)[0]!;
    const [concordant = 0, comparable = 0] = sumOf(sums, PAIRS, 2);
    if (count === 0) return {};
    const always = {
      examples: String(count),
      events: String(events),
      loss: decimal(loss / count),
    };
    if (!(comparable >= 0.5)) return always;
    return { ...always, concordance: decimal(concordant / comparable) };
  },
};

interface Walked {
  readonly loss: number;
  readonly concordant: number;
  readonly comparable: number;
}

/** From the latest time to the earliest, so that whoever is still at risk has been met. */
function walk({ count, scores, labels }: Predicted): Walked {
  const time = (row: number): number => labels[2 * row]!;
  const order = Array.from({ length: count }, (_, row) => row).sort((a, b) => time(b) - time(a));
  const levels = Float32Array.from(new Set(scores.subarray(0, count))).sort();
  const rank = new Map(Array.from(levels, (score, i) => [score, i]));
  const met = countsBelow(levels.length);
  const largest = levels.at(-1) ?? 0;
  let atRisk = 0;
  let [loss, concordant, comparable] = [0, 0, 0];
  for (let from = 0, to = 0; from < count; from = to) {
    const now = time(order[from]!);
    while (to < count && time(order[to]!) === now) to++;
    const tied = order.slice(from, to);
    const later = from;
    for (const row of tied) atRisk += Math.exp(scores[row]! - largest);
    for (const row of tied) {
      if (labels[2 * row + 1] !== 1) continue;
      const score = scores[row]!;
      loss += Math.min(LARGEST_LOSS, Math.log(atRisk) + largest - score);
      const at = rank.get(score)!;
      const lower = met.below(at);
      const equal = met.below(at + 1) - lower;
      concordant += lower + equal / 2;
      comparable += later;
    }
    for (const row of tied) met.add(rank.get(scores[row]!)!);
  }
  return { loss, concordant, comparable };
}

/** How many of the added positions lie below one. Source: Fenwick 1994. */
function countsBelow(size: number): { add: (at: number) => void; below: (at: number) => number } {
  const tree = new Float64Array(size + 1);
  return {
    add(at) {
      for (let i = at + 1; i <= size; i += i & -i) tree[i] = tree[i]! + 1;
    },
    below(at) {
      let sum = 0;
      for (let i = at; i > 0; i -= i & -i) sum += tree[i]!;
      return sum;
    },
  };
}
