/** A study of moments, training and evaluation over a seeded network: perfect, bad, and with nodes that die. */
import { describe, expect, it } from 'vitest';
import {
  decodeTensors,
  encodeTensors,
  initialState,
  readLeaf,
  roundSetting,
  studyContext,
  type Leaf,
  type TaskState,
} from '@plexus/core';
import { simulate, type NetworkRules, type Simulated, type Simulation } from '@plexus/sim';
import { nodeSuite as suite } from '@plexus/suite';
import { manifest } from '../core/audit/verify/study-log.ts';
import { createParticipant } from '../core/round/participant/participant.ts';
import { HOSPITALS, keySeed } from '../core/round/study.ts';
import { hospitals as rowsOf, playRound } from '../core/task/federation.ts';
import { plainEngine } from '../core/task/plain-engine.ts';
import { LOG_SEED } from '../audit-log.ts';

const START_MS = 1_772_446_504_120;
const PERFECT: NetworkRules = {
  dropRate: 0,
  duplicateRate: 0,
  minDelayMs: 1,
  maxDelayMs: 20,
  reconnectMs: 2_000,
};
const BAD: NetworkRules = { ...PERFECT, dropRate: 0.03, duplicateRate: 0.1, maxDelayMs: 400 };

const study = studyContext(suite, manifest);

function run(seed: number, over: Partial<Simulation> = {}): Promise<Simulated> {
  return simulate({
    suite,
    manifest,
    logSeed: LOG_SEED,
    engine: plainEngine(),
    seed: suite.sha256(Uint8Array.of(seed, 1)),
    network: PERFECT,
    startMs: START_MS,
    hospitals: HOSPITALS.map((hospital, i) => ({
      hospital,
      rows: rowsOf[i] ?? { training: [], heldOut: [] },
      identity: keySeed(i + 1, 'identity'),
      approval: createParticipant(manifest, i + 1).sign('approve', START_MS),
    })),
    ...over,
  });
}

function leavesOf({ leaves }: Simulated): readonly Leaf[] {
  return leaves.map((bytes) => {
    const read = readLeaf(bytes);
    if (read.kind !== 'leaf') throw new Error(read.text);
    return read.leaf;
  });
}

/** The study as plain sums, over those hospitals that the log says survived each round. */
function plain(simulated: Simulated): TaskState {
  const { model, studySeed } = study;
  let state = initialState(suite, { schema: manifest.data, model, studySeed });
  let position = { task: 0, roundInTask: 0 };
  for (const leaf of leavesOf(simulated)) {
    if (leaf.type === 'round.offered')
      position = {
        task: Number(leaf.data['task']),
        roundInTask: Number(leaf.data['round_in_task']),
      };
    if (leaf.type !== 'round.aggregated') continue;
    const survivors = leaf.data['survivors'] as readonly number[];
    const { taskContext } = roundSetting(study, position);
    ({ state } = playRound(taskContext, state, plainEngine(), rowsOf, survivors));
  }
  return state;
}

describe('a federation in one process', () => {
  it('computes the plain sums, and its log holds the whole study', async () => {
    const simulated = await run(1);
    expect(simulated.state).toMatchObject({ phase: 'completed', roundsDone: 4 });
    expect(simulated.refusals).toEqual([]);
    expect(decodeTensors(simulated.model)).toEqual(decodeTensors(encodeTensors(plain(simulated))));
    const types = leavesOf(simulated).map(({ type }) => type);
    expect(types.filter((type) => type === 'round.aggregated')).toHaveLength(4);
    expect(types.at(-1)).toBe('study.closed');
  });

  it('is the same again from the same seed; from another the schedule differs and the model does not', async () => {
    const [first, again, other] = [await run(2), await run(2), await run(3)];
    expect([again.digest, again.events]).toEqual([first.digest, first.events]);
    expect(again.leaves).toEqual(first.leaves);
    expect(other.digest).not.toBe(first.digest);
    expect(other.model).toEqual(first.model);
  });

  it('over bad networks every sum is exact over its survivors, and a study that ends badly says why', async () => {
    let lost = 0;
    for (let seed = 10; seed < 20; seed++) {
      const simulated = await run(seed, { network: BAD });
      const { state } = simulated;
      expect(['completed', 'failed'], String(seed)).toContain(state.phase);
      if (state.phase === 'failed') expect(state.code).toBeDefined();
      expect(simulated.model, String(seed)).toEqual(encodeTensors(plain(simulated)));
      const types = leavesOf(simulated).map(({ type }) => type);
      lost += types.filter((type) => type === 'round.hospital_dropped').length;
    }
    expect(lost).toBeGreaterThan(0); // else the networks were not bad
  });

  it('hospitals and coordinator die at any moment and come back; the same holds', async () => {
    for (let seed = 30; seed < 36; seed++) {
      const crash = (event: number, roll: () => number): string | undefined => {
        if (event < 20 || roll() > 0.01) return undefined;
        return ['coordinator', ...HOSPITALS][Math.floor(roll() * 5)];
      };
      const simulated = await run(seed, { crash });
      expect(['completed', 'failed'], String(seed)).toContain(simulated.state.phase);
      expect(simulated.model, String(seed)).toEqual(encodeTensors(plain(simulated)));
    }
  });

  it('a network that cannot be, and a study that never ends, are refused by name', async () => {
    await expect(run(1, { network: { ...PERFECT, dropRate: 1 } })).rejects.toMatchObject({
      code: 'RULES_INVALID',
    });
    await expect(run(1, { maxEvents: 10 })).rejects.toMatchObject({ code: 'SIMULATION_ENDLESS' });
  });
});
