/** Thresholds and bounds of the signed rules (secure-aggregation.md 3, 6, 7). */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PlexusError } from '@plexus/core';
import { neighbourGraph } from '../../../core/src/secagg/graph.ts';
import {
  checkRules,
  largestCount,
  positiveDecimal,
  quantiserBits,
  quorum,
  survivorMinimum,
  type SecaggRules,
} from '../../../core/src/secagg/rules.ts';
import { rulesOf } from './session.ts';

test.each([
  [3, 1, 3, 0, 2],
  [4, 1, 3, 1, 2],
  [5, 1, 4, 1, 3],
  [7, 2, 5, 2, 3],
  [10, 3, 7, 3, 4],
  [20, 6, 14, 6, 8],
  [30, 9, 20, 10, 11],
  [50, 16, 34, 16, 18],
  [100, 33, 67, 33, 34],
  [500, 166, 334, 166, 168],
])(
  'the quorum of %i hospitals with %i corrupt is %i: %i may drop, %i honest are in any sum (table of section 6)',
  (n, c, t, drop, honest) => {
    expect(c).toBe(Math.max(1, Math.ceil(n / 3) - 1));
    expect(quorum(n, c)).toBe(t);
    expect([n - t, t - c]).toEqual([drop, honest]);
  },
);

test('two survivor sets cannot both gather T signatures: 2T > n + cAbs, and two honest ones are in any sum', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200 }), fc.nat({ max: 300 }), (c, more) => {
      const n = Math.max(3, c + 2) + more;
      const t = quorum(n, c);
      expect(2 * t).toBeGreaterThan(n + c);
      expect(t).toBeLessThanOrEqual(n);
      expect(t - c).toBeGreaterThanOrEqual(2);
    }),
  );
});

test('S_min is the largest of quorum, minSurvivors and, in a sparse graph, |U1| − maxLoss', () => {
  expect(survivorMinimum(rulesOf(), 10, false)).toBe(6);
  expect(survivorMinimum(rulesOf({ minSurvivors: 8 }), 10, false)).toBe(8);
  expect(survivorMinimum(rulesOf({ maxLoss: 1 }), 10, true)).toBe(9);
});

test.each([
  [16, 16, 12],
  [16, 32, 11],
  [16, 512, 7],
  [24, 16, 20],
  [24, 30, 19],
  [24, 512, 15],
  [32, 512, 23],
] as const)('%i field bits and %i hospitals leave %i quantiser bits', (f, most, q) => {
  expect(quantiserBits(f, most)).toBe(q);
});

test('fewer than 6 quantiser bits are refused (LAYOUT_INVALID)', () => {
  expect(quantiserBits(16, 1024)).toBe(6);
  expect(() => quantiserBits(16, 1025)).toThrow(
    expect.objectContaining({ code: 'LAYOUT_INVALID' }),
  );
});

test('T14 the largest count of all hospitals stays below 2^32', () => {
  for (const most of [3, 16, 30, 512, 65535])
    expect(most * largestCount(most)).toBeLessThan(2 ** 32);
});

describe('checkRules', () => {
  test('accepts the rules of a small study', () => {
    expect(() => {
      checkRules(rulesOf(), 16);
    }).not.toThrow();
  });

  test.each([
    ['cAbs 0', { cAbs: 0 }, 'cAbs: expected'],
    ['a cohort of 2', { minCohort: 2 }, 'minCohort: expected'],
    ['a cohort below cAbs + 2', { cAbs: 5, minDelta: 7, minCohort: 6 }, 'minCohort: expected'],
    ['maxCohort below minCohort', { minCohort: 9, maxCohort: 8 }, 'maxCohort: expected'],
    ['maxCohort above the roster', { maxCohort: 17 }, "at most the roster's 16"],
    ['minSurvivors 2', { minSurvivors: 2 }, 'minSurvivors: expected'],
    ['minSurvivors above maxCohort', { minSurvivors: 17 }, 'minSurvivors: expected at most'],
    ['a negative maxLoss', { maxLoss: -1 }, 'maxLoss: expected'],
    ['minDelta below cAbs + 2', { minDelta: 2 }, 'minDelta: expected'],
    ['wMax 0', { wMax: '0' }, 'wMax: expected a decimal in (0, '],
    ['wMax with an exponent', { wMax: '1e3' }, 'wMax: expected'],
    ['wMax above the largest count', { wMax: String(largestCount(16) + 1) }, 'wMax: expected'],
    ['a session that never ends', { sessionTtlMs: Infinity }, 'sessionTtlMs: expected'],
    [
      'a phase without time',
      { timeoutsMs: { ...rulesOf().timeoutsMs, agree: 0 } },
      'timeoutsMs.agree: expected',
    ],
  ])('refuses %s (RULES_INVALID)', (_, over, text) => {
    const message = expect.stringContaining(text) as string;
    expect(() => {
      checkRules(rulesOf(over), 16);
    }).toThrow(expect.objectContaining({ code: 'RULES_INVALID', message }));
  });

  test('takes the largest count for wMax', () => {
    expect(() => {
      checkRules(rulesOf({ wMax: String(largestCount(16)) }), 16);
    }).not.toThrow();
  });
});

describe('T21 cAbs is a number of hospitals and never a share of them', () => {
  const refusal = (over: Partial<SecaggRules>, roster: number): string | undefined => {
    try {
      checkRules(rulesOf({ wMax: '1', ...over }), roster);
      return undefined;
    } catch (error) {
      return error instanceof PlexusError ? `${error.code} ${error.message}` : String(error);
    }
  };

  test('a cohort below cAbs + 2 is refused whatever its share of the roster; one of cAbs + 2 is not', () => {
    for (let cAbs = 1; cAbs <= 170; cAbs++) {
      const least = Math.max(3, cAbs + 2);
      for (const roster of [least, least + 1, 2 * least, 1000, 65_535]) {
        const rules = { cAbs, minDelta: cAbs + 2, maxCohort: roster };
        for (const minCohort of new Set([1, 2, Math.ceil(cAbs / 2), cAbs, least - 1]))
          expect(refusal({ ...rules, minCohort }, roster)).toMatch(/^RULES_INVALID.*minCohort/);
        for (const minSurvivors of new Set([1, 2, Math.ceil(cAbs / 2), cAbs, least - 1]))
          expect(refusal({ ...rules, minCohort: least, minSurvivors }, roster)).toMatch(
            /^RULES_INVALID.*minSurvivors/,
          );
        expect(refusal({ ...rules, minCohort: least }, roster)).toBeUndefined();
        expect(
          refusal({ ...rules, minCohort: least, minSurvivors: least }, roster),
        ).toBeUndefined();
      }
    }
  });

  test('the quorum of a small cohort counts the corrupt of the whole roster: cAbs + 1 of them never reach T', () => {
    for (let cAbs = 1; cAbs <= 170; cAbs++)
      for (let n = Math.max(3, cAbs + 2); n <= 510; n++)
        if (quorum(n, cAbs) < cAbs + 2 || quorum(n, cAbs) > n) expect.fail(String(n));
    // 100 hospitals, 33 corrupt, a cohort of 35: everybody signs; a third of 35 would have let 24 sign, all of them corrupt
    expect(quorum(35, 33)).toBe(35);
    expect(quorum(35, Math.ceil(35 / 3) - 1)).toBe(24);
  });

  test('graph and threshold of a sparse cohort count them too, at any size', () => {
    for (const n of [105, 200, 500, 2000]) {
      const u1 = Array.from({ length: n }, (_, i) => i + 1);
      const { sparse, degree, threshold } = neighbourGraph(u1, rulesOf({ cAbs: 50, maxLoss: 50 }));
      expect([sparse, degree, threshold]).toEqual([true, 102, 51]);
      expect(survivorMinimum(rulesOf({ cAbs: 50, maxLoss: 50 }), n, true)).toBe(
        Math.max(n - 50, Math.floor(n / 2) + 26),
      );
    }
  });
});

test('a decimal has one spelling', () => {
  expect(positiveDecimal('0.5')).toBe(0.5);
  expect(positiveDecimal('16384')).toBe(16384);
  for (const text of [
    '',
    '0',
    '-1',
    '+1',
    '01',
    '1.',
    '.5',
    '1.50',
    '1e3',
    'Infinity',
    'NaN',
    ' 1',
  ])
    expect(positiveDecimal(text)).toBeUndefined();
});
