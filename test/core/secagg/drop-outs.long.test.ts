/** Every loss in cohorts of up to ten hospitals; unmasking.test.ts plays a sample. Writes bench/results/long/drop-outs.json. */
import { expect, test } from 'vitest';
import { writeResult } from '../../results.ts';
import { cohorts, playEveryDropOut } from './drop-outs.ts';

test('T10 for 3 to 10 hospitals, every set of at most n − T lost at every exchange: the exact integer sum; every set of one more: no sum, nothing opened', () => {
  const startedMs = performance.now();
  const played = cohorts(3, 10).map(([n, cAbs]) => playEveryDropOut(n, cAbs));
  const total = (of: 'exact' | 'stopped') => played.reduce((sum, one) => sum + one[of], 0);
  writeResult(
    'drop-outs',
    { exact: total('exact'), stopped: total('stopped'), cohorts: played },
    startedMs,
  );
  expect(played.every(({ exact, stopped }) => exact > 0 && stopped > 0)).toBe(true);
});
