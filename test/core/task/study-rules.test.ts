import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRules } from '../../../core/src/task/study-rules.ts';

function problemsOf(value: unknown, rosterSize = 4): readonly string[] {
  const parsed = parseRules(value, rosterSize, 'secagg');
  return parsed.kind === 'parsed' ? [] : parsed.problems.map(({ path, code }) => `${path} ${code}`);
}

describe('the rules of the secure sum in a study (secure-aggregation.md section 3)', () => {
  it('have defaults for any number of hospitals, and parsing them again changes nothing', () => {
    fc.assert(
      fc.property(fc.integer({ min: 3, max: 1000 }), (n) => {
        const parsed = parseRules({}, n, 'secagg');
        if (parsed.kind === 'refused') throw new Error(JSON.stringify(parsed.problems));
        expect(parseRules(parsed.rules, n, 'secagg')).toEqual(parsed);
      }),
    );
  });

  it('tolerate one curious hospital of four by default, and let four or three take part', () => {
    expect(parseRules({}, 4, 'secagg')).toMatchObject({
      rules: { cAbs: 1, minCohort: 3, maxCohort: 4, minSurvivors: 0, graph: 'auto', minDelta: 3 },
    });
  });

  it('keep what the author wrote and fill in the rest', () => {
    const value = { cAbs: 2, wMax: 256.5, timeoutsMs: { ready: 5000 } };
    expect(parseRules(value, 10, 'secagg')).toMatchObject({
      rules: { cAbs: 2, minCohort: 4, wMax: '256.5', timeoutsMs: { ready: 5000, share: 30_000 } },
    });
  });

  it('are refused with the path of what is wrong', () => {
    expect(problemsOf({ cAbs: 0 })).toEqual(['secagg.cAbs RULES_INVALID']);
    expect(problemsOf({ minCohort: 2 })).toEqual(['secagg.minCohort RULES_INVALID']);
    expect(problemsOf({ maxCohort: 5 })).toEqual(['secagg.maxCohort RULES_INVALID']);
    expect(
      problemsOf({ cAbs: 'one', timeoutsMs: { redy: 1 }, graph: 'ring', suite: 'SA2' }),
    ).toEqual([
      'secagg.suite RULES_INVALID',
      'secagg.cAbs RULES_INVALID',
      'secagg.graph RULES_INVALID',
      'secagg.timeoutsMs.redy RULES_INVALID',
    ]);
    expect(problemsOf([])).toEqual(['secagg RULES_INVALID']);
  });
});
