/** The quantiser (secure-aggregation.md 7): no wrap, no bias, the error it promises. */
import { describe, expect, test } from 'vitest';
import type { Suite } from '@plexus/core';
import { nodeSuite as suite } from '@plexus/suite';
import {
  layoutWords,
  makeLayout,
  type Encoding,
  type SectionValues,
} from '../../../core/src/secagg/layout.ts';
import { cutToField } from '../../../core/src/secagg/packing.ts';
import { decodeSum, encodeVector } from '../../../core/src/secagg/quantise.ts';
import { largestCount } from '../../../core/src/secagg/rules.ts';
import { bytes, got, seedOf } from './session.ts';

const fixed = (encoding: Encoding, length: number, clip = '1') =>
  makeLayout([{ name: 'update/w', length, encoding, clip }]);
const one = (values: Float64Array): SectionValues => new Map([['update/w', values]]);

/** The suite with every rounding word at its maximum, so that r is as near 1 as it comes. */
const roundsUp: Suite = {
  ...suite,
  addMasks: (accumulator: Uint32Array) => {
    accumulator.fill(0xffff_ffff);
  },
};

function sumOf(vectors: readonly Uint32Array[]): Uint32Array {
  const sum = new Uint32Array(vectors[0]?.length ?? 0);
  for (const vector of vectors) vector.forEach((word, i) => (sum[i] = (sum[i] ?? 0) + word));
  return sum;
}

describe('T14: the top of the ring', () => {
  test.each([
    ['fixed16', 16],
    ['fixed16', 512],
    ['fixed24', 30],
    ['fixed24', 512],
    ['fixed32', 512],
  ] as const)(
    '%s: %i hospitals at +C, at −C and rounding up neither wrap nor reach 2^q',
    (encoding, most) => {
      const layout = fixed(encoding, 4, '0.1');
      const values = one(Float64Array.of(0.1, -0.1, 1e9, -1e9));
      const { words } = encodeVector(roundsUp, layout, most, values, bytes(1));
      const sum = sumOf(Array.from({ length: most }, () => words));
      const exact = sum.slice();
      cutToField(layout, exact);
      expect(exact).toEqual(sum);
      const decoded = got(decodeSum(layout, most, sum, most), 'update/w');
      const expected = [0.1, -0.1, 0.1, -0.1].map((value) => value * most);
      decoded.forEach((value, i) => {
        expect(value).toBeCloseTo(expected[i] ?? 0, 9);
      });
    },
  );

  test('the largest count of every hospital sums without a wrap; one more is refused (VALUE_OUT_OF_RANGE)', () => {
    const layout = makeLayout([{ name: 'weight', length: 1, encoding: 'count32' }]);
    const most = 30;
    const encode = (count: number) =>
      encodeVector(suite, layout, most, new Map([['weight', Float64Array.of(count)]]), bytes(1))
        .words;
    const sum = sumOf(Array.from({ length: most }, () => encode(largestCount(most))));
    expect(got(decodeSum(layout, most, sum, most), 'weight')[0]).toBe(most * largestCount(most));
    for (const count of [largestCount(most) + 1, -1, 0.5, Number.NaN])
      expect(() => encode(count)).toThrow(expect.objectContaining({ code: 'VALUE_OUT_OF_RANGE' }));
  });

  test('residues are signed and centred', () => {
    const layout = makeLayout([{ name: 'stat/r', length: 3, encoding: 'residue32' }]);
    const encode = (...residues: number[]) =>
      encodeVector(suite, layout, 16, new Map([['stat/r', Float64Array.from(residues)]]), bytes(1))
        .words;
    const sum = sumOf([encode(-5, 2 ** 32 - 1, 3), encode(2, -1, -(2 ** 31))]);
    expect([...got(decodeSum(layout, 16, sum, 2), 'stat/r')]).toEqual([-3, -2, 3 - 2 ** 31]);
    for (const residue of [2 ** 32, -(2 ** 31) - 1, 0.5])
      expect(() => encode(residue, 0, 0)).toThrow(
        expect.objectContaining({ code: 'VALUE_OUT_OF_RANGE' }),
      );
  });
});

describe('T15: rounding', () => {
  test('is unbiased: 400,000 values between two grid points (six standard errors: false alarm 2e-9)', () => {
    const count = 400_000;
    const layout = fixed('fixed16', count);
    const step = 2 / (2 ** 12 - 1);
    const value = 0.3 * step - step / 2 + step; // 0.3 of the way between two grid points
    const { words } = encodeVector(
      suite,
      layout,
      16,
      one(new Float64Array(count).fill(value)),
      seedOf(5),
    );
    const decoded = got(decodeSum(layout, 16, words, 1), 'update/w');
    const up = decoded.filter((x) => x > value).length / count;
    const fraction = ((value + 1) / step) % 1;
    expect(Math.abs(up - fraction)).toBeLessThan(
      6 * Math.sqrt((fraction * (1 - fraction)) / count),
    );
    expect(Math.max(...decoded.slice(0, 1000)) - value).toBeLessThan(step);
  });

  test('has the standard error the design states: 2.8e-7 on a mean of 30 at C = 1, q = 19', () => {
    const length = 4000;
    const layout = fixed('fixed24', length);
    const truth = new Float64Array(length);
    const vectors = Array.from({ length: 30 }, (_, u) => {
      const values = Float64Array.from({ length }, (__, i) => Math.sin(u * 7919 + i * 0.37));
      values.forEach((value, i) => (truth[i] = (truth[i] ?? 0) + value));
      return encodeVector(suite, layout, 30, one(values), seedOf(u)).words;
    });
    const decoded = got(decodeSum(layout, 30, sumOf(vectors), 30), 'update/w');
    const squares = decoded.reduce((sum, x, i) => sum + ((x - (truth[i] ?? 0)) / 30) ** 2, 0);
    const stated = 2 / (2 ** 19 - 1) / Math.sqrt(6 * 30);
    expect(stated).toBeCloseTo(2.8e-7, 8);
    // relative deviation 1/√8000 = 1.1 %: nine of them
    expect(Math.abs(Math.sqrt(squares / length) / stated - 1)).toBeLessThan(0.1);
  });

  test('depends on the seed and the place alone: same seed, same words; chunks do not show', () => {
    const length = 70_000;
    const layout = fixed('fixed24', length);
    const values = Float64Array.from({ length }, (_, i) => Math.cos(i));
    const encode = (seed: number) =>
      encodeVector(suite, layout, 30, one(values), bytes(seed)).words;
    const same = Buffer.from(encode(1).buffer).equals(Buffer.from(encode(1).buffer));
    expect(same).toBe(true);
    expect(Buffer.from(encode(2).buffer).equals(Buffer.from(encode(1).buffer))).toBe(false);
    const stream = new DataView(suite.keystream(bytes(1), 4 * length).slice().buffer);
    const top = 2 ** 19 - 1;
    for (const i of [0, 32_767, 32_768, 65_536, length - 1]) {
      const u = Math.floor(
        ((values[i] ?? 0) + 1) * (top / 2) + stream.getUint32(4 * i, true) / 2 ** 32,
      );
      expect(encode(1)[i]).toBe(u);
    }
  });

  test('what is not finite goes in as 0 and is counted', () => {
    const layout = fixed('fixed32', 5);
    const values = Float64Array.of(Number.NaN, Infinity, -Infinity, 0.5, -0);
    const { words, nonFinite } = encodeVector(suite, layout, 16, one(values), bytes(1));
    expect(nonFinite).toBe(3);
    const decoded = got(decodeSum(layout, 16, words, 1), 'update/w');
    [0, 0, 0, 0.5, 0].forEach((expected, i) => {
      expect(decoded[i]).toBeCloseTo(expected, 7);
    });
  });
});

describe('names and check words', () => {
  const layout = fixed('fixed24', 2);

  test('a missing, unknown or wrongly long section is our bug (VALUES_MISMATCH)', () => {
    const right: [string, Float64Array] = ['update/w', new Float64Array(2)];
    for (const values of [
      new Map<string, Float64Array>(),
      new Map([['update/x', new Float64Array(2)]]),
      new Map([['update/w', new Float64Array(3)]]),
      new Map([right, ['weight', new Float64Array(1)]]),
    ])
      expect(() => encodeVector(suite, layout, 16, values, bytes(1))).toThrow(
        expect.objectContaining({ code: 'VALUES_MISMATCH' }),
      );
    expect(() => decodeSum(layout, 16, new Uint32Array(3), 1)).toThrow(
      expect.objectContaining({ code: 'VALUES_MISMATCH' }),
    );
  });

  test('the last two words are 1 and 0x9E3779B1; a changed one is CHECK_WORDS_MISMATCH', () => {
    const { words } = encodeVector(suite, layout, 16, one(new Float64Array(2)), bytes(1));
    expect([...words.slice(2)]).toEqual([1, 0x9e3779b1]);
    for (const at of [2, 3]) {
      const wrong = words.slice();
      wrong[at] = (wrong[at] ?? 0) ^ 4;
      expect(() => decodeSum(layout, 16, wrong, 1)).toThrow(
        expect.objectContaining({ code: 'CHECK_WORDS_MISMATCH' }),
      );
    }
    expect([...decodeSum(layout, 16, words, 1).keys()]).toEqual(['update/w']);
    expect(layoutWords(layout)).toBe(4);
  });
});
