/** Masks (secure-aggregation.md 4.3): they cancel in pairs, and what leaves the hospital is uniform. */
import { describe, expect, test } from 'vitest';
import { nodeSuite as suite } from '@plexus/suite';
import { sessionKeys } from '../../../core/src/secagg/keys.ts';
import { layoutWords, makeLayout } from '../../../core/src/secagg/layout.ts';
import { masksOf, maskVector, pairMaskKey, selfMaskKey } from '../../../core/src/secagg/masking.ts';
import { addPacked, cutToField, packVector } from '../../../core/src/secagg/packing.ts';
import { bytes, got, seedOf, SESSION } from './session.ts';

const h1 = bytes(1);
const members = [3, 5, 9];
const keys = new Map(members.map((u) => [u, sessionKeys(suite, seedOf(u), SESSION)]));
const masks = (self: number, transcript = h1) =>
  masksOf(suite, got(keys, self), {
    h1: transcript,
    self,
    neighboursInU2: members.filter((v) => v !== self),
    sPublicOf: (v) => got(keys, v).sPublic,
  });

test('both ends of a pair make the same key with opposite signs; the self mask is added', () => {
  expect(masks(5).map(({ sign }) => sign)).toEqual([1, -1, 1]);
  expect(masks(3)[1]?.key).toEqual(masks(5)[1]?.key);
  expect(masks(5)[0]?.key).toEqual(selfMaskKey(suite, h1, 5, got(keys, 5).selfSeed));
});

test('T7: another transcript gives other keys, so a hospital shown something else cancels with nobody', () => {
  masks(5).forEach((mask, i) => {
    expect(masks(5, bytes(2))[i]?.key).not.toEqual(mask.key);
  });
});

test('pair masks cancel in the sum of all, and nothing but self masks is left', () => {
  const layout = makeLayout([{ name: 'update/w', length: 50, encoding: 'fixed24', clip: '1' }]);
  const words = Uint32Array.from({ length: 52 }, (_, i) => i * 1000);
  const sum = new Uint32Array(52);
  for (const u of members) addPacked(layout, maskVector(suite, layout, words, masks(u)), sum);
  const expected = new Uint32Array(52).map((_, i) => 3 * (words[i] ?? 0));
  suite.addMasks(
    expected,
    members.map((u) => ({ key: selfMaskKey(suite, h1, u, got(keys, u).selfSeed), sign: 1 })),
    0,
  );
  cutToField(layout, sum);
  cutToField(layout, expected);
  expect(sum).toEqual(expected);
  expect(words[1]).toBe(1000);
});

test('a peer key of small order makes no mask (KEY_LOW_ORDER)', () => {
  expect(() => pairMaskKey(suite, h1, 1, 2, bytes(1), bytes(0))).toThrow(
    expect.objectContaining({ code: 'KEY_LOW_ORDER' }),
  );
});

/**
 * Bounds of the chi-square statistic, each crossed by chance once in 10^9: 15 statistics with two tails, so right masks under other
 * keys would fail here three times in 10^8.
 */
const BYTE = { cells: 256, least: 141.9, most: 414.6 }; // 255 degrees of freedom
const PAIR = { cells: 65_536, least: 63_386, most: 67_730 }; // 65,535 degrees of freedom

describe('T13 masked words are uniform over their field (keys of seed 5, 2^20 values, both tails)', () => {
  const length = 1 << 20;

  test.each([
    ['fixed16', 2],
    ['fixed24', 3],
    ['fixed32', 4],
  ] as const)(
    '%s: every byte of a value, and its two highest together, whether the vector is zeros or all at the top',
    (encoding, width) => {
      const layout = makeLayout([{ name: 'update/w', length, encoding, clip: '1' }]);
      for (const word of [0, 0xffff_ffff]) {
        const words = new Uint32Array(layoutWords(layout)).fill(word);
        const packed = maskVector(suite, layout, words, masks(5));
        const byte = (i: number, at: number): number => packed[width * i + at]!;
        for (let at = 0; at < (word === 0 ? width : 0); at++)
          expectUniform(BYTE, length, (i) => byte(i, at));
        expectUniform(PAIR, length, (i) => byte(i, width - 1) * 256 + byte(i, width - 2));
      }
    },
  );

  test('fixed16: the top value and 0 are drawn (2^20 values: each missed once in 9 million)', () => {
    const layout = makeLayout([{ name: 'update/w', length, encoding: 'fixed16', clip: '1' }]);
    const packed = maskVector(suite, layout, new Uint32Array((1 << 19) + 2), masks(5));
    const fields = new Uint16Array(packed.buffer, 0, length);
    expect(fields.includes(0xffff)).toBe(true);
    expect(fields.includes(0)).toBe(true);
  });

  test.each([
    ['fixed24', 11_835_022, 0xff_ffff],
    ['fixed24', 9_589_003, 0],
    ['fixed32', 3_871_195_610, 0xffff_ffff],
  ] as const)(
    '%s: word %i under the mask of seed 5 is %i, an end of its ring (found by search)',
    (encoding, at, value) => {
      const layout = makeLayout([{ name: 'update/w', length: 1, encoding, clip: '1' }]);
      const words = new Uint32Array(3);
      suite.addMasks(words, [{ key: seedOf(5), sign: 1 }], at);
      const packed = packVector(layout, words);
      const field = packed.subarray(0, encoding === 'fixed24' ? 3 : 4);
      expect(field.reduceRight((sum, byte) => sum * 256 + byte, 0)).toBe(value);
    },
  );
});

function expectUniform(
  { cells, least, most }: typeof BYTE,
  count: number,
  cellOf: (i: number) => number,
): void {
  const chi = chiSquare(cells, count, cellOf);
  expect(chi).toBeGreaterThan(least);
  expect(chi).toBeLessThan(most);
}

function chiSquare(cells: number, count: number, cellOf: (i: number) => number): number {
  const counts = new Float64Array(cells);
  for (let i = 0; i < count; i++) {
    const cell = cellOf(i);
    counts[cell] = counts[cell]! + 1;
  }
  const mean = count / cells;
  return counts.reduce((sum, found) => sum + (found - mean) ** 2 / mean, 0);
}
