/** What the rules come to, for people (secure-aggregation.md 3, 5, 6): the tables of the design, read back. */
import { describe, expect, test } from 'vitest';
import { graphReport, graphReports, graphSentence } from '../../../core/src/secagg/report.ts';
import { rulesOf } from './session.ts';

describe('a complete graph', () => {
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
    'of %i with cAbs = %i: T = %i, %i may drop, %i honest in any sum (table of section 6)',
    (cohort, cAbs, quorum, mayDrop, honest) => {
      expect(graphReport(cohort, rulesOf({ cAbs, graph: 'complete' }))).toEqual({
        cohort,
        graph: 'complete',
        degree: cohort - 1,
        threshold: quorum,
        quorum,
        survivorMinimum: quorum,
        mayDrop,
        honest,
      });
    },
  );

  test('with more survivors asked for than T: fewer may drop, more are honest', () => {
    const report = graphReport(10, rulesOf({ minSurvivors: 9 }));
    expect(report).toMatchObject({ quorum: 6, survivorMinimum: 9, mayDrop: 1, honest: 8 });
  });
});

test('a sparse graph loses at most maxLoss, however low T is', () => {
  expect(graphReport(500, rulesOf({ cAbs: 50, maxLoss: 50 }))).toEqual({
    cohort: 500,
    graph: 'sparse',
    degree: 102,
    threshold: 51,
    quorum: 276,
    survivorMinimum: 450,
    mayDrop: 50,
    honest: 400,
  });
});

test('the smallest and the largest cohort are told, and once if they are one', () => {
  const sizes = (over: object) => graphReports(rulesOf(over)).map(({ cohort }) => cohort);
  expect(sizes({})).toEqual([3, 16]);
  expect(sizes({ minSurvivors: 8 })).toEqual([8, 16]);
  expect(sizes({ minCohort: 16 })).toEqual([16]);
});

test('a cohort that the rules admit to no sum is refused (RULES_INVALID)', () => {
  for (const [cohort, over] of [
    [2, {}],
    [6, { cAbs: 5, minCohort: 7 }],
    [7, { minSurvivors: 8 }],
  ] as const)
    expect(() => graphReport(cohort, rulesOf(over))).toThrow(
      expect.objectContaining({ code: 'RULES_INVALID' }),
    );
});

test('one sentence says it', () => {
  expect(graphSentence(graphReport(3, rulesOf()))).toBe(
    'of 3 hospitals at least 3 are in any sum, 2 of them honest; 3 sign for it; none may drop out; each masks with all 2 others, 3 shares rebuild a secret',
  );
  expect(graphSentence(graphReport(500, rulesOf({ cAbs: 50, maxLoss: 50 })))).toBe(
    'of 500 hospitals at least 450 are in any sum, 400 of them honest; 276 sign for it; 50 may drop out; each masks with 102 others, 51 shares rebuild a secret',
  );
});
