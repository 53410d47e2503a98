/** A study of moments, training and evaluation over a seeded network: perfect, bad, and with nodes that die. */
import { describe, expect, it } from 'vitest';
import { decodeTensors } from '@plexus/core';
import { simulate, type NetworkRules, type Simulated, type Simulation } from '@plexus/sim';
import { nodeSuite } from '@plexus/suite';
import { manifest } from '../core/audit/verify/study-log.ts';
import { HOSPITALS } from '../core/round/study.ts';
import { plainEngine } from '../core/task/plain-engine.ts';
import { LOG_SEED } from '../audit-log.ts';
import { fastSuite as suite } from '../fast-suite.ts';
import { leavesOf, plainSums, simulatedHospitals, START_MS } from './study.ts';

const PERFECT: NetworkRules = {
  dropRate: 0,
  duplicateRate: 0,
  minDelayMs: 1,
  maxDelayMs: 20,
  reconnectMs: 2_000,
};
const BAD: NetworkRules = { ...PERFECT, dropRate: 0.03, duplicateRate: 0.1, maxDelayMs: 400 };

const hospitals = simulatedHospitals(manifest);
const sums = plainSums(suite, manifest);
const plain = (simulated: Simulated): Uint8Array => sums(leavesOf(simulated));

function run(seed: number, over: Partial<Simulation> = {}): Promise<Simulated> {
  return simulate({
    ...{ suite, manifest, hospitals, logSeed: LOG_SEED, engine: plainEngine() },
    ...{ seed: suite.sha256(Uint8Array.of(seed, 1)), network: PERFECT, startMs: START_MS },
    ...over,
  });
}

describe('a federation in one process', () => {
  it('computes the plain sums, and its log holds the whole study', async () => {
    const simulated = await run(1);
    expect(simulated.state).toMatchObject({ phase: 'completed', roundsDone: 4 });
    expect(simulated.refusals).toEqual([]);
    expect(decodeTensors(simulated.model)).toEqual(decodeTensors(plain(simulated)));
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

  it('gives with the programs’ own cryptography, byte for byte, what it gives with the fast one of these tests', async () => {
    const [first, again] = [await run(4), await run(4, { suite: nodeSuite })];
    expect(again.digest).toBe(first.digest);
    expect(again.leaves).toEqual(first.leaves);
  });

  it('over bad networks every sum is exact over its survivors, and a study that ends badly says why', async () => {
    let lost = 0;
    for (let seed = 10; seed < 20; seed++) {
      const simulated = await run(seed, { network: BAD });
      const { state } = simulated;
      expect(['completed', 'failed'], String(seed)).toContain(state.phase);
      if (state.phase === 'failed') expect(state.code).toBeDefined();
      expect(simulated.model, String(seed)).toEqual(plain(simulated));
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
      expect(simulated.model, String(seed)).toEqual(plain(simulated));
    }
  });

  it('a network that cannot be, and a study that never ends, are refused by name', async () => {
    await expect(run(1, { network: { ...PERFECT, dropRate: 1 } })).rejects.toMatchObject({
      code: 'RULES_INVALID',
    });
    await expect(run(1, { maxEvents: 10 })).rejects.toMatchObject({ code: 'SIMULATION_ENDLESS' });
  });
});
