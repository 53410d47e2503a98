/** kill −9 before and after every commit of a round, at the coordinator and at an agent. PLEXUS_KILL_EVERY=n takes each n-th point. */
import { expect, it } from 'vitest';
import { writeResult } from '../results.ts';
import { AGENT, killedIn, play, type Point, type Reached, type Role } from './kills.ts';
import { checkPlayed } from './played.ts';

const EVERY = Number(process.env['PLEXUS_KILL_EVERY'] ?? 1);
/** A journal that has to be replayed at every start must not grow too long. */
const POINTS_A_STUDY = 24;

it('T9 killed before and after every commit of a round, they make no second key, vector, M3 or M4, and every study completes', async () => {
  const startedMs = performance.now();
  const calm = await play([]);
  checkPlayed(calm);
  const points = [
    ...pointsOf('coordinator', calm.reached),
    ...pointsOf(AGENT, calm.reached),
  ].filter((_, i) => i % EVERY === 0);
  let [studies, rounds, killed] = [0, 0, 0];
  const at: Record<string, number> = {};
  for (let from = 0; from < points.length; from += POINTS_A_STUDY) {
    const played = await play(points.slice(from, from + POINTS_A_STUDY));
    checkPlayed(played);
    studies++;
    rounds += played.rounds;
    for (const { role, side, type } of killedIn(played)) {
      killed++;
      const where = `${role} ${side} ${type}`;
      at[where] = (at[where] ?? 0) + 1;
    }
  }
  writeResult('kill-at-commit', { points: points.length, killed, studies, rounds, at }, startedMs);
  expect(killed).toBeGreaterThan(0.9 * points.length); // acknowledgements come in another order each time
});

/** Before and after every commit that the second round had, up to where the next round began. */
function pointsOf(
  role: Role,
  reached: Readonly<Record<Role, readonly Reached[]>>,
): readonly Point[] {
  const commits = reached[role].filter(({ round }) => round === 2).map(({ commit }) => commit);
  return commits.flatMap((commit) => [
    { role, commit, side: 'before' } as const,
    { role, commit, side: 'after' } as const,
  ]);
}
