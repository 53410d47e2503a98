/** Processes that die without a word: the study goes on, and who comes back takes part again. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { approveStudy, collect } from '../../sim/demo/federation.ts';
import type { WatchEvent } from '../../sim/demo/progress.ts';
import {
  leavesOf,
  serverOf,
  startSmall,
  watchUntilEnd,
  type SmallFederation,
  USUAL,
} from './small-study.ts';

const VA = 4;

describe('a federation of processes', () => {
  let small: SmallFederation;
  beforeAll(async () => {
    small = await startSmall();
  }, 120_000);
  afterAll(async () => {
    await small.close();
  });

  it('loses an agent to kill -9 in mid-round and finishes without it; restarted, it is in a later round', async () => {
    const { processes, federation, root } = small;
    await approveStudy(processes, root, federation, undefined);
    let killed: WatchEvent | undefined;
    let back = false;
    const status = await watchUntilEnd(small, (event) => {
      if (event.round === 3 && event.kind === 'opened') {
        serverOf(federation, 'va').kill('SIGKILL');
        killed = event;
      }
      if (!back && event.round === 3 && event.kind === 'aggregated') {
        processes.start('va', 'plexus-agent', ['run', '--dir', federation.places.agent('va')]);
        back = true;
      }
    });
    expect([status, killed?.hospitals.includes('va'), back]).toEqual([0, true, true]);
    const { log } = await collect(processes, federation);
    expect(log.verified).toBe(true);
    const leaves = leavesOf(federation.places.evidence);
    const sums = leaves.filter(({ type }) => type === 'round.aggregated');
    expect(sums).toHaveLength(7);
    expect(sums[2]?.data).toMatchObject({ survivors: [1, 2, 3] });
    const later = sums.slice(3).map(({ data }) => data['survivors'] as readonly number[]);
    expect(later.some((survivors) => survivors.includes(VA))).toBe(true);
    const drop = leaves.find(({ type }) => type === 'round.hospital_dropped');
    expect(drop?.data).toMatchObject({ hospital: VA });
  }, 180_000);
});

describe('a coordinator', () => {
  let small: SmallFederation;
  beforeAll(async () => {
    // a deadline that passes while the coordinator is down would be charged to the hospitals
    small = await startSmall({ ...USUAL, deadlineMs: 60_000 });
  }, 120_000);
  afterAll(async () => {
    await small.close();
  });

  it('that is killed in mid-session and started again resumes the study, and its log verifies', async () => {
    const { processes, federation, root } = small;
    await approveStudy(processes, root, federation, undefined);
    const before = await watchUntilEnd(small, (event) => {
      if (event.round === 3 && event.phase === 'masked')
        serverOf(federation, 'coordinator').kill('SIGKILL');
    });
    expect(before).not.toBe(0);
    const ports = ['--port', String(federation.port), '--enrol-port', String(federation.enrolPort)];
    const { coordinator } = federation.places;
    const again = processes.start('coordinator', 'plexus-coordinator', [
      ...['serve', '--dir', coordinator, '--listen', '127.0.0.1', '--json', ...ports],
    ]);
    for await (const line of again.lines) {
      expect(JSON.parse(line)).toMatchObject({ port: federation.port });
      break;
    }
    const rounds: number[] = [];
    const status = await watchUntilEnd(small, (event) => {
      if (event.kind === 'aggregated') rounds.push(event.round);
    });
    expect(status).toBe(0);
    expect(rounds).toEqual([1, 2, 3, 4, 5, 6, 7]);
    const { log } = await collect(processes, federation);
    expect(log.verified).toBe(true);
    const opened = leavesOf(federation.places.evidence).filter(
      ({ type, round }) => type === 'session.opened' && round === 3,
    );
    expect(opened).toHaveLength(1); // the session that was under way went on
  }, 180_000);
});
