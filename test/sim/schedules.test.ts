/** A sample of the random schedules; thousands of them are in schedules.long.test.ts. */
import { expect, it } from 'vitest';
import { NO_COUNTS, runSchedule } from './schedules.ts';

const SCHEDULES = 60;

it('over random networks, crashes and power cuts at commits every sum is exact, nothing is signed twice, no hospital is opened twice', async () => {
  let counts = NO_COUNTS;
  for (let number = 0; number < SCHEDULES; number++) counts = await runSchedule(number, counts);
  console.log(JSON.stringify(counts));
  expect(counts.schedules).toBe(SCHEDULES);
  expect(counts.crashes).toBeGreaterThan(0); // else the schedules were not bad
  expect(counts.cuts).toBeGreaterThan(0);
  expect(Object.keys(counts.lost).length).toBeGreaterThan(0);
  expect(counts.completed).toBeGreaterThan(SCHEDULES / 2);
}, 120_000);
