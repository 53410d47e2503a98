import { describe, expect, it } from 'vitest';
import { hex } from '@plexus/core';
import { nodeSuite } from '@plexus/suite';
import {
  canonicalId,
  dataKeys,
  pseudonym,
  sortedPseudonyms,
} from '../../../node-agent/src/data/patient-key.ts';
import { HELD_OUT, sideOf } from '../../../node-agent/src/data/split.ts';

const keys = dataKeys(nodeSuite, new Uint8Array(32).fill(3));
const key = (id: string, namespace = 'pid') =>
  pseudonym(nodeSuite, keys, namespace, canonicalId(id));

describe('pseudonyms (data.md 5)', () => {
  it('white space and the form of Unicode do not make a second patient', () => {
    expect(key(' e\u0301 ')).toEqual(key('\u00e9'));
    expect(key('A')).not.toEqual(key('a'));
  });

  it('namespace and hospital key separate them', () => {
    expect(key('1', 'pid')).not.toEqual(key('1', 'visit'));
    const other = dataKeys(nodeSuite, new Uint8Array(32).fill(4));
    expect(pseudonym(nodeSuite, other, 'pid', '1')).not.toEqual(key('1'));
  });

  it('sorted, they say nothing of the order of rows', () => {
    const some = ['1', '2', '3', '4'].map((id) => key(id));
    const sorted = sortedPseudonyms([...some].reverse()).map(hex);
    expect(sorted).toEqual(sortedPseudonyms(some).map(hex));
    expect(sorted).toEqual([...sorted].sort());
  });
});

describe('the permanent split (data.md 5)', () => {
  const patients = Array.from({ length: 4000 }, (_, i) => key(String(i)));
  const heldOut = (fraction: number) =>
    patients.filter((p) => sideOf(nodeSuite, keys, p, fraction) === HELD_OUT);

  it('holds out the fraction, within six standard deviations at this fixed key', () => {
    expect(Math.abs(heldOut(0.25).length - 1000)).toBeLessThan(6 * Math.sqrt(4000 * 0.25 * 0.75));
    expect(heldOut(0)).toEqual([]);
  });

  it('is nested: who is held out at a small fraction is held out at a larger one', () => {
    const larger = new Set(heldOut(0.3).map(hex));
    expect(heldOut(0.1).every((p) => larger.has(hex(p)))).toBe(true);
  });

  it('does not depend on the pseudonym alone, so nobody else can compute it', () => {
    const other = { ...keys, split: new Uint8Array(32).fill(9) };
    const sides = patients.map((p) => sideOf(nodeSuite, other, p, 0.25));
    expect(sides).not.toEqual(patients.map((p) => sideOf(nodeSuite, keys, p, 0.25)));
  });
});
