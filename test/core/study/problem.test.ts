import { describe as suiteOf, expect, it } from 'vitest';
import { describe, join, ProblemList } from '../../../core/src/study/problem.ts';

suiteOf('a list of problems', () => {
  it('notes an unknown key and still hands out the known ones', () => {
    const list = new ProblemList('STUDY_INVALID');
    expect(list.fields({ a: 1, b: 2 }, 'x', ['a'])).toEqual({ a: 1, b: 2 });
    expect(list.found).toEqual([
      { path: 'x.b', code: 'STUDY_INVALID', text: 'unknown key; expected one of a' },
    ]);
  });

  it('reads as one line with paths', () => {
    const list = new ProblemList('STUDY_INVALID');
    list.integer(1.5, join('a', 'b'), 1, 3);
    list.note('', 'expected a mapping');
    expect(describe(list.found)).toBe(
      'a.b: expected a whole number from 1 to 3; expected a mapping',
    );
  });
});
