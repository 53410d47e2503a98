/** Every size of cohort; shamir.test.ts has a sample. Writes bench/results/long/shamir.json. */
import { expect, test } from 'vitest';
import { writeResult } from '../../results.ts';
import { rebuildEverySize } from './sharings.ts';

test('T16 Shamir for every n from 3 to 500, both thresholds of the design: ten random subsets of t rebuild, t − 1 give another secret', () => {
  const startedMs = performance.now();
  const sizes = Array.from({ length: 498 }, (_, i) => i + 3);
  const counts = rebuildEverySize(sizes, 10, 2);
  writeResult('shamir', { least: 3, most: 500, ...counts }, startedMs);
  expect(counts).toEqual({ sharings: 996, rebuilt: 9960 });
});
