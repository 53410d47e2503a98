/** The quantiser (secure-aggregation.md 7): no wrap, no bias, the error it promises. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Suite } from '@plexus/core';
import { nodeSuite as suite } from '@plexus/suite';
import {
  fieldBits,
  layoutWords,
  makeLayout,
  type Encoding,
  type SectionValues,
} from '../../../core/src/secagg/layout.ts';
import { cutToField } from '../../../core/src/secagg/packing.ts';
import { decodeSum, encodeVector } from '../../../core/src/secagg/quantise.ts';
import { largestCount, quantiserBits } from '../../../core/src/secagg/rules.ts';
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

/** The first `count` fixed fields of a vector. */
function fieldsOf(encoding: Encoding, words: Uint32Array, count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) =>
    encoding === 'fixed16' ? (words[i >>> 1]! >>> (16 * (i & 1))) & 0xffff : words[i]!,
  );
}

function sumOf(vectors: readonly Uint32Array[]): Uint32Array {
  const sum = new Uint32Array(vectors[0]?.length ?? 0);
  for (const vector of vectors) vector.forEach((word, i) => (sum[i] = (sum[i] ?? 0) + word));
  return sum;
}

describe('T14 the top of the ring', () => {
  const CLIPS = ['1', '0.1', '0.3', '123.456', '16384', '0.0000007'];

  test.each([
    ['fixed16', 3, 14],
    ['fixed16', 16, 12],
    ['fixed16', 17, 11],
    ['fixed16', 512, 7],
    ['fixed16', 1024, 6],
    ['fixed24', 16, 20],
    ['fixed24', 30, 19],
    ['fixed24', 512, 15],
    ['fixed24', 65535, 8],
    ['fixed32', 3, 30],
    ['fixed32', 16, 28],
    ['fixed32', 512, 23],
    ['fixed32', 65535, 16],
  ] as const)(
    '%s: %i hospitals at +C with the largest weight and r near 1 reach 2^q − 1 each (q = %i), never 2^q, and their sum does not wrap; at −C all are 0',
    (encoding, most, q) => {
      const wMax = largestCount(most);
      for (const clip of CLIPS) {
        const layout = makeLayout([
          { name: 'update/w', length: 6, encoding, clip },
          { name: 'weight', length: 1, encoding: 'count32' },
        ]);
        const c = Number(clip);
        const values = new Map([
          [
            'update/w',
            Float64Array.of(c, (c * wMax) / wMax, 1e300, -c, (-c * wMax) / wMax, -1e300),
          ],
          ['weight', Float64Array.of(wMax)],
        ]);
        const { words } = encodeVector(roundsUp, layout, most, values, bytes(1));
        const top = 2 ** q - 1;
        expect(fieldsOf(encoding, words, 6)).toEqual([top, top, top, 0, 0, 0]);
        const sum = new Uint32Array(words.length);
        for (let hospital = 0; hospital < most; hospital++)
          words.forEach((word, i) => (sum[i] = sum[i]! + word));
        cutToField(layout, sum);
        const exact = most * top; // below 2^46, so a number holds it
        expect(exact).toBeLessThan(2 ** fieldBits(encoding));
        expect(fieldsOf(encoding, sum, 6)).toEqual([exact, exact, exact, 0, 0, 0]);
        const decoded = decodeSum(layout, most, sum, most);
        got(decoded, 'update/w').forEach((value, i) => {
          expect(Math.abs(value / (i < 3 ? c : -c) / most - 1)).toBeLessThan(1e-12);
        });
        expect(got(decoded, 'weight')[0]).toBe(most * wMax);
        expect(most * wMax).toBeLessThan(2 ** 32);
      }
    },
  );

  test('no value, clip, cohort or rounding word makes a field of 2^q or more', () => {
    const near = fc.tuple(fc.constantFrom(...CLIPS), fc.double({ min: -1.1, max: 1.1 }));
    fc.assert(
      fc.property(
        fc.constantFrom('fixed16' as const, 'fixed24' as const, 'fixed32' as const),
        fc.integer({ min: 3, max: 1024 }),
        near,
        fc.integer({ min: 0, max: 3 }),
        (encoding, most, [clip, part], below) => {
          const layout = fixed(encoding, 2, clip);
          let high = Number(clip) * part;
          for (let i = 0; i < below; i++) high -= Math.abs(high) * 2 ** -53;
          const values = one(Float64Array.of(high, Number(clip) * (1 - below * 2 ** -53)));
          const { words } = encodeVector(roundsUp, layout, most, values, bytes(1));
          const top = 2 ** quantiserBits(fieldBits(encoding), most) - 1;
          for (const field of fieldsOf(encoding, words, 2)) expect(field).toBeLessThanOrEqual(top);
        },
      ),
      { numRuns: 500 },
    );
  });

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

describe('T15 stochastic rounding is unbiased', () => {
  const COUNT = 200_000;
  const cases = (['fixed16', 'fixed24', 'fixed32'] as const).flatMap((encoding) =>
    [0.1, 0.5, 0.9].flatMap((part) =>
      ['first', 'middle', 'last'].map((where) => [encoding, part, where] as const),
    ),
  );

  // 27 cases at six standard errors, two-sided 2e-9 each: 5e-8 for all of them under another seed
  test.each(cases)(
    '%s: %d of the way through the %s step is rounded up that often (200,000 values of seed 5, six standard errors)',
    (encoding, part, where) => {
      const layout = fixed(encoding, COUNT);
      const top = 2 ** quantiserBits(fieldBits(encoding), 16) - 1;
      const at = { first: 0, middle: (top - 1) / 2, last: top - 1 }[where] ?? 0;
      const value = (at + part) * (2 / top) - 1;
      const values = one(new Float64Array(COUNT).fill(value));
      const { words } = encodeVector(suite, layout, 16, values, seedOf(5));
      const fields = fieldsOf(encoding, words, COUNT);
      const up = fields.filter((field) => field === at + 1).length;
      const down = fields.filter((field) => field === at).length;
      expect(up + down).toBe(COUNT);
      const error = Math.sqrt((part * (1 - part)) / COUNT);
      expect(Math.abs(up / COUNT - part)).toBeLessThan(6 * error);
    },
  );

  test('has the standard error the design states: 2.8e-7 on a mean of 30 at C = 1, q = 19 (4000 values of seeds 0 to 29, nine deviations)', () => {
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
