/** kill −9 at commits of a session, on real processes: a sample; every commit is in kill.long.test.ts. */
import { expect, it } from 'vitest';
import { AGENT, killedIn, play, type Point } from './kills.ts';
import { checkPlayed } from './played.ts';

const SAMPLE: readonly Point[] = [
  { role: AGENT, commit: 5, side: 'before' }, // M0 is signed and not yet written
  { role: 'coordinator', commit: 12, side: 'before' },
  { role: AGENT, commit: 9, side: 'after' }, // y and M2 are written and have not been sent
  { role: 'coordinator', commit: 38, side: 'after' },
  { role: AGENT, commit: 14, side: 'after' }, // M4 is written and has not been sent
];

it('T9 an agent and a coordinator killed at commits of R0 to R4 make no second key, vector, M3 or M4, and the study completes', async () => {
  const played = await play(SAMPLE);
  checkPlayed(played);
  expect(killedIn(played)).toHaveLength(SAMPLE.length);
}, 240_000);
