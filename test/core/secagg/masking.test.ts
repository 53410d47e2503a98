/** Masks (secure-aggregation.md 4.3): they cancel in pairs, and what leaves the hospital is uniform. */
import { describe, expect, test } from 'vitest';
import { nodeSuite as suite } from '@plexus/suite';
import { sessionKeys } from '../../../core/src/secagg/keys.ts';
import { makeLayout } from '../../../core/src/secagg/layout.ts';
import { masksOf, maskVector, pairMaskKey, selfMaskKey } from '../../../core/src/secagg/masking.ts';
import { addPacked, cutToField } from '../../../core/src/secagg/packing.ts';
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

describe('T13: a masked vector of zeros is uniform over its field', () => {
  const length = 1 << 19;

  test.each([
    ['fixed16', 2],
    ['fixed24', 3],
    ['fixed32', 4],
  ] as const)(
    '%s: chi-square over every byte of a value (six deviations either way)',
    (encoding, width) => {
      const layout = makeLayout([{ name: 'update/w', length, encoding, clip: '1' }]);
      const words = encoding === 'fixed16' ? length / 2 : length;
      const packed = maskVector(suite, layout, new Uint32Array(words + 2), masks(5));
      for (let byte = 0; byte < width; byte++) {
        const counts = new Float64Array(256);
        for (let i = 0; i < length; i++) {
          const value = packed[width * i + byte] ?? 0;
          counts[value] = (counts[value] ?? 0) + 1;
        }
        const mean = length / 256;
        const chi = counts.reduce((sum, count) => sum + (count - mean) ** 2 / mean, 0);
        // 255 degrees of freedom: mean 255, deviation 22.6; both tails beyond six deviations
        expect(chi).toBeGreaterThan(255 - 6 * 22.6);
        expect(chi).toBeLessThan(255 + 6.5 * 22.6);
      }
    },
  );

  test('fixed16: the top value of the ring is drawn (65535 of 2^20 values: missed with probability 1e-7)', () => {
    const layout = makeLayout([
      { name: 'update/w', length: 1 << 20, encoding: 'fixed16', clip: '1' },
    ]);
    const packed = maskVector(suite, layout, new Uint32Array((1 << 19) + 2), masks(5));
    const fields = new Uint16Array(packed.buffer, 0, 1 << 20);
    expect(fields.includes(0xffff)).toBe(true);
    expect(fields.includes(0)).toBe(true);
  });
});
