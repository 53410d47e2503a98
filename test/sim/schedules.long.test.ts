/** Random schedules by the thousand: PLEXUS_SCHEDULES says how many, PLEXUS_FIRST_SCHEDULE from which number on. */
import { expect, it } from 'vitest';
import { writeResult } from '../results.ts';
import { NO_COUNTS, runSchedule } from './schedules.ts';

const SCHEDULES = Number(process.env['PLEXUS_SCHEDULES'] ?? 10_000);
const FIRST = Number(process.env['PLEXUS_FIRST_SCHEDULE'] ?? 0);

it('over random networks, crashes and power cuts at commits every sum is exact, nothing is signed twice, no hospital is opened twice', async () => {
  const startedMs = performance.now();
  let counts = NO_COUNTS;
  for (let number = FIRST; number < FIRST + SCHEDULES; number++)
    counts = await runSchedule(number, counts);
  writeResult('schedules', { first: FIRST, ...counts }, startedMs);
  expect(counts.schedules).toBe(SCHEDULES);
  expect(counts.completed).toBeGreaterThan(SCHEDULES / 2);
});
