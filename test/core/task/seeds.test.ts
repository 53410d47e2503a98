import { hex, type ModelSpec } from '@plexus/core';
import { nodeSuite } from '@plexus/suite';
import { describe, expect, it } from 'vitest';
import {
  batchSeed,
  permutation,
  roundingSeed,
  seededWords,
  stepSeeds,
  tensorSeed,
} from '../../../core/src/task/seeds.ts';

const study = new Uint8Array(32).fill(5);
const update = { taskIndex: 1, roundInTask: 2, rosterIndex: 3 };

describe('seeds of a study', () => {
  it('differ by purpose, task, round, hospital, epoch and tensor', () => {
    const seeds = [
      roundingSeed(nodeSuite, study, update),
      roundingSeed(nodeSuite, study, { ...update, taskIndex: 2 }),
      roundingSeed(nodeSuite, study, { ...update, roundInTask: 3 }),
      roundingSeed(nodeSuite, study, { ...update, rosterIndex: 4 }),
      batchSeed(nodeSuite, study, update, 0),
      batchSeed(nodeSuite, study, update, 1),
      tensorSeed(nodeSuite, study, 'layer0/kernel'),
      tensorSeed(nodeSuite, study, 'layer1/kernel'),
    ].map(hex);
    expect(new Set(seeds).size).toBe(seeds.length);
  });

  it('come from 32 bytes and nothing else', () => {
    expect(() => tensorSeed(nodeSuite, new Uint8Array(31), 'a')).toThrow('expected 32 bytes');
  });

  it('give little-endian words of the keystream', () => {
    const [b0 = 0, b1 = 0, b2 = 0, b3 = 0] = nodeSuite.keystream(study, 4);
    expect(seededWords(nodeSuite, study, 1)[0]).toBe(b0 + 256 * (b1 + 256 * (b2 + 256 * b3)));
  });

  it('order rows as permutations that put every row first about equally often', () => {
    const firsts = new Float64Array(5);
    for (let i = 0; i < 2000; i++) {
      const order = permutation(nodeSuite, nodeSuite.sha256(Uint8Array.of(i >> 8, i & 255)), 5);
      expect([...order].sort()).toEqual([0, 1, 2, 3, 4]);
      const first = order[0] ?? 0;
      firsts[first] = (firsts[first] ?? 0) + 1;
    }
    // 400 expected, standard deviation 18; the seeds are fixed, so this holds always or never
    for (const count of firsts) expect(Math.abs(count - 400)).toBeLessThan(72);
  });

  it('give dropout another word at every step, and nothing to a model without it', () => {
    const of = (...layers: ModelSpec['layers']): number[] => {
      const model: ModelSpec = { name: 'm', loss: 'huber', layers };
      return [0, 1, 2].map(stepSeeds(nodeSuite, study, update, model, 3));
    };
    const drawn = of({ type: 'dropout', rate: '0.5' });
    expect(new Set(drawn).size).toBe(3);
    expect(of({ type: 'dropout', rate: '0.5' })).toEqual(drawn);
    expect(of({ type: 'flatten' })).toEqual([0, 0, 0]);
  });
});
