/**
 * Random schedules by the thousand: PLEXUS_SCHEDULES says up to which number. Counts are written every hundred, and a run goes on from
 * the counts of the last one with PLEXUS_GO_ON=1: what a schedule does follows from its number alone.
 */
import { expect, it } from 'vitest';
import { readResult, writeResult } from '../results.ts';
import { NO_COUNTS, runSchedule, type Counts } from './schedules.ts';

const SCHEDULES = Number(process.env['PLEXUS_SCHEDULES'] ?? 10_000);

it('over random networks, crashes and power cuts at commits every sum is exact, nothing is signed twice, no hospital is opened twice', async () => {
  const startedMs = performance.now();
  const before = process.env['PLEXUS_GO_ON'] === '1' ? readResult('schedules') : undefined;
  const spent = (before?.['seconds'] ?? 0) as number;
  let counts = (before ?? NO_COUNTS) as Counts;
  for (let number = counts.schedules; number < SCHEDULES; number++) {
    counts = await runSchedule(number, counts);
    if (counts.schedules % 100 === 0 || counts.schedules === SCHEDULES)
      writeResult('schedules', counts, startedMs - 1000 * spent);
  }
  expect(counts.schedules).toBe(SCHEDULES);
  expect(counts.completed).toBeGreaterThan(SCHEDULES / 2);
});
