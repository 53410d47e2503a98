/**
 * Metrics of a target with several classes: the clipped loss, and how often each class was called each.
 *
 * From the summed confusion counts follow examples, accuracy, and the mean recall of the classes that occur, which a rare class cannot
 * hide in. The highest score is the call, the first one of equal scores.
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

const CONFUSION = 'metric/confusion';

export function categoryMetrics(classes: number): Metrics {
  return {
    sections: (context) => [
      boundedSection(context, LOSS, 1, LARGEST_LOSS),
      { name: CONFUSION, length: classes * classes, encoding: 'count32' },
    ],

    values({ count, scores, labels }) {
      const confusion = new Float64Array(classes * classes);
      let loss = 0;
      for (let row = 0; row < count; row++) {
        const of = labels.subarray(row * classes, (row + 1) * classes);
        const given = scores.subarray(row * classes, (row + 1) * classes);
        const truth = of.indexOf(1);
        const called = given.reduce((best, score, i) => (score > given[best]! ? i : best), 0);
        const right = Math.max(given[truth]!, SMALLEST_PROBABILITY);
        loss += Math.min(LARGEST_LOSS, -Math.log(right));
        const at = truth * classes + called;
        confusion[at] = confusion[at]! + 1;
      }
      return new Map([
        [LOSS, Float64Array.of(loss)],
        [CONFUSION, confusion],
      ]);
    },

    /** Shapes: confusion is truth × call, row by row. */
    read(sums) {
      const loss = sumOf(sums, LOSS, 1)[0]!;
      const confusion = sumOf(sums, CONFUSION, classes * classes);
      let count = 0;
      let right = 0;
      let recalls = 0;
      let occurring = 0;
      for (let truth = 0; truth < classes; truth++) {
        let ofClass = 0;
        for (let call = 0; call < classes; call++) ofClass += confusion[truth * classes + call]!;
        const hits = confusion[truth * classes + truth]!;
        count += ofClass;
        right += hits;
        if (ofClass === 0) continue;
        recalls += hits / ofClass;
        occurring += 1;
      }
      if (count === 0) return {};
      return {
        examples: String(count),
        loss: decimal(loss / count),
        accuracy: decimal(right / count),
        macroRecall: decimal(recalls / occurring),
      };
    },
  };
}
