import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalDecimal, isCanonicalDecimal } from '../../../core/src/base/decimal.ts';

describe('canonical decimals', () => {
  it.each([
    ['007.50', '7.5'],
    ['+1', '1'],
    ['-0.0', '0'],
    ['1e-3', '0.001'],
    ['12.5e1', '125'],
    ['0.05e2', '5'],
    [-2.6, '-2.6'],
    [1e21, '1000000000000000000000'],
    [1e-7, '0.0000001'],
  ])('%s is written %s', (given, expected) => {
    expect(canonicalDecimal(given)).toBe(expected);
  });

  it.each([
    NaN,
    Infinity,
    '',
    '.5',
    '1.',
    '1 ',
    '0x10',
    'NaN',
    '１',
    null,
    undefined,
    true,
    '1e9999',
  ])('%s is no decimal', (given) => {
    expect(canonicalDecimal(given)).toBeUndefined();
  });

  it('every finite double keeps its value, and its spelling is canonical and stable', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (x) => {
        const text = canonicalDecimal(x)!;
        expect(Number(text)).toBe(x === 0 ? 0 : x);
        expect(isCanonicalDecimal(text)).toBe(true);
        expect(canonicalDecimal(text)).toBe(text);
      }),
    );
  });
});
