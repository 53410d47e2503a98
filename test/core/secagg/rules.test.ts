/** Thresholds and bounds of the signed rules (secure-aggregation.md 3, 6, 7). */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  checkRules,
  largestCount,
  positiveDecimal,
  quantiserBits,
  quorum,
  survivorMinimum,
} from '../../../core/src/secagg/rules.ts';
import { rulesOf } from './session.ts';

test.each([
  [3, 1, 3],
  [4, 1, 3],
  [5, 1, 4],
  [7, 2, 5],
  [10, 3, 7],
  [20, 6, 14],
  [30, 9, 20],
  [50, 16, 34],
  [100, 33, 67],
  [500, 166, 334],
])('the quorum of %i hospitals with %i corrupt is %i (table of section 6)', (n, c, t) => {
  expect(quorum(n, c)).toBe(t);
});

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
    ['cAbs 0', { cAbs: 0 }],
    ['a cohort of 2', { minCohort: 2 }],
    [
      'T21: a cohort below cAbs + 2, however large the roster',
      { cAbs: 5, minDelta: 7, minCohort: 6 },
    ],
    ['maxCohort below minCohort', { minCohort: 9, maxCohort: 8 }],
    ['maxCohort above the roster', { maxCohort: 17 }],
    ['minSurvivors 2', { minSurvivors: 2 }],
    ['minSurvivors above maxCohort', { minSurvivors: 17 }],
    ['a negative maxLoss', { maxLoss: -1 }],
    ['minDelta below cAbs + 2', { minDelta: 2 }],
    ['wMax 0', { wMax: '0' }],
    ['wMax with an exponent', { wMax: '1e3' }],
    ['wMax above the largest count', { wMax: String(largestCount(16) + 1) }],
    ['a session that never ends', { sessionTtlMs: Infinity }],
    ['a phase without time', { timeoutsMs: { ...rulesOf().timeoutsMs, agree: 0 } }],
  ])('refuses %s (RULES_INVALID)', (_, over) => {
    expect(() => {
      checkRules(rulesOf(over), 16);
    }).toThrow(expect.objectContaining({ code: 'RULES_INVALID' }));
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
