/** The largest cohort of the design; unmasking.test.ts plays a small one. Writes bench/results/long/scale.json. */
import { expect, test } from 'vitest';
import { writeResult } from '../../results.ts';
import { playScale } from './scale.ts';

test('T10 500 hospitals in a sparse graph (k = 102, t = 51) lose 50 around one survivor and sum 100,000 parameters to the last bit', () => {
  const startedMs = performance.now();
  const counts = playScale({ n: 500, cAbs: 50, maxLoss: 50, d: 100_000 });
  writeResult('scale', counts, startedMs);
  expect([counts.k, counts.t, counts.survivors]).toEqual([102, 51, 475]);
});
