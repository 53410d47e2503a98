import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  disclosureRule,
  shownCount,
  shownTable,
  stricterProfile,
} from '../../../core/src/data-schema/disclosure.ts';

describe('small cells (data.md 6)', () => {
  it('counts from 1 to k − 1 are never shown, zero may be', () => {
    expect([0, 1, 4, 5].map((n) => shownCount(n, 'standard'))).toEqual(['0', '<5', '<5', '5']);
    expect([0, 10, 11].map((n) => shownCount(n, 'cms'))).toEqual(['0', '<11', '11']);
    expect(shownCount(1, 'open')).toBe('1');
  });

  it('the stricter of study and hospital applies', () => {
    expect(stricterProfile('open', 'standard')).toBe('standard');
    expect(stricterProfile('cms', 'strict')).toBe('cms');
    expect(disclosureRule('cms').minPatients).toBe(11);
  });

  it('a lone small cell takes a second one with it', () => {
    expect(shownTable([3, 40, 9, 0], 'standard')).toEqual({
      cells: ['<5', '40', '*', '0'],
      total: '52',
    });
    expect(shownTable([40, 9], 'standard')).toEqual({ cells: ['40', '9'], total: '49' });
  });

  it('a sum that pins its parts is hidden with them', () => {
    expect(shownTable([4, 4], 'standard')).toEqual({ cells: ['<5', '<5'], total: '*' });
    expect(shownTable([1, 5], 'standard')).toEqual({ cells: ['<5', '*'], total: '*' });
  });

  it('whoever knows the total finds two or more values for every small cell', () => {
    const counts = fc.array(fc.integer({ min: 0, max: 8 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(counts, (cells) => {
        const shown = shownTable(cells, 'standard');
        if (shown.total === '*' || shown.total === '<5') return;
        const tables = consistent(shown.cells, Number(shown.total));
        shown.cells.forEach((text, i) => {
          if (text === '<5') expect(new Set(tables.map((t) => t[i])).size).toBeGreaterThan(1);
        });
      }),
      { numRuns: 300 },
    );
  });
});

/** Every table that fits what is shown, by brute force. */
function consistent(cells: readonly string[], total: number): readonly (readonly number[])[] {
  if (cells.length === 0) return total === 0 ? [[]] : [];
  const [first, ...rest] = cells;
  const options =
    first === '<5'
      ? [1, 2, 3, 4]
      : first === '*'
        ? Array.from({ length: total + 1 }, (_, n) => n).filter((n) => n === 0 || n >= 5)
        : [Number(first)];
  return options
    .filter((n) => n <= total)
    .flatMap((n) => consistent(rest, total - n).map((tail) => [n, ...tail]));
}
