/** Shamir over GF(2^16): any t shares rebuild, t − 1 say nothing, bad abscissae are refused. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nodeSuite as suite } from '@plexus/suite';
import { multiply, multiplyPublic } from '../../../core/src/secagg/field.ts';
import { quorum } from '../../../core/src/secagg/rules.ts';
import { rebuildSecret, splitSecret } from '../../../core/src/secagg/shamir.ts';
import { bytes, seedOf } from './session.ts';

const coefficients = (threshold: number, key = 1) =>
  suite.keystream(bytes(key), 32 * (threshold - 1));

describe('T16: any t shares rebuild the secret', () => {
  test.each([3, 4, 7, 30, 100, 500])('n = %i, random subsets of t', (n) => {
    const t = quorum(n, Math.max(1, Math.ceil(n / 3) - 1));
    const secret = seedOf(n);
    const abscissae = Array.from({ length: n }, (_, i) => 1 + ((i * 131) % 65535));
    const shares = splitSecret(secret, coefficients(t), t, abscissae);
    expect(shares.map(({ abscissa }) => abscissa)).toEqual(abscissae);
    fc.assert(
      fc.property(fc.shuffledSubarray([...shares], { minLength: t, maxLength: t }), (subset) => {
        expect(rebuildSecret(subset)).toEqual(secret);
      }),
      { numRuns: 5 },
    );
    expect(rebuildSecret(shares.slice(0, t - 1))).not.toEqual(secret);
  });

  test('an altered share rebuilds another secret', () => {
    const [one, two, three] = splitSecret(seedOf(1), coefficients(3), 3, [5, 6, 65535]);
    if (one === undefined || two === undefined || three === undefined) throw new Error('three');
    const altered = { ...two, share: two.share.map((byte, i) => (i === 9 ? byte ^ 1 : byte)) };
    expect(rebuildSecret([one, two, three])).toEqual(seedOf(1));
    expect(rebuildSecret([one, altered, three])).not.toEqual(seedOf(1));
  });
});

describe('T16: t − 1 shares say nothing', () => {
  test('for every secret and every pair of shares there is exactly one polynomial of degree 2, in GF(16) inside GF(2^16)', () => {
    // the subfield of 16 elements: 0 and the powers of g = x^(65535 / 15), closed under both operations
    let g = 1;
    for (let i = 0; i < 65535 / 15; i++) g = multiply(g, 2);
    const field = [0];
    for (let i = 0, value = 1; i < 15; i++, value = multiply(value, g)) field.push(value);
    const [x1, x2] = [g, multiply(g, g)];
    const at = (x: number, a0: number, a1: number, a2: number): number =>
      a0 ^ multiply(x, a1 ^ multiply(x, a2));
    const counts = new Map<string, number>();
    for (const a0 of field)
      for (const a1 of field)
        for (const a2 of field) {
          const view = [a0, at(x1, a0, a1, a2), at(x2, a0, a1, a2)].join();
          counts.set(view, (counts.get(view) ?? 0) + 1);
        }
    expect(counts.size).toBe(16 ** 3);
    expect([...counts.values()].every((count) => count === 1)).toBe(true);
  });

  test('splitSecret deals the value of that very polynomial', () => {
    const two = (value: number): number[] => [value >> 8, value & 255];
    const full = new Uint8Array(32);
    full.set(two(0x1234));
    const polynomial = new Uint8Array(64);
    polynomial.set(two(0xabcd));
    polynomial.set(two(0x00ff), 32);
    const [share] = splitSecret(full, polynomial, 3, [7, 8, 9]);
    const expected = 0x1234 ^ multiplyPublic(7, 0xabcd) ^ multiplyPublic(multiply(7, 7), 0x00ff);
    expect([...(share?.share.subarray(0, 2) ?? [])]).toEqual(two(expected));
  });
});

describe('T16: what cannot be shared or rebuilt is refused (SHARES_INVALID)', () => {
  const refused = expect.objectContaining({ code: 'SHARES_INVALID' }) as Error;
  test.each([
    ['abscissa 0', 2, [0, 1, 2]],
    ['a repeated abscissa', 2, [1, 2, 2]],
    ['an abscissa of 17 bits', 2, [1, 65536]],
    ['a threshold of 1', 1, [1, 2, 3]],
    ['a threshold above the number of receivers', 4, [1, 2, 3]],
  ])('%s', (_, threshold, abscissae) => {
    const given = suite.keystream(bytes(1), 32 * Math.max(0, threshold - 1));
    expect(() => splitSecret(bytes(1), given, threshold, abscissae)).toThrow(refused);
  });

  test('wrong lengths', () => {
    expect(() => splitSecret(bytes(1, 31), coefficients(2), 2, [1, 2])).toThrow(refused);
    expect(() => splitSecret(bytes(1), bytes(1, 31), 2, [1, 2])).toThrow(refused);
    expect(() => rebuildSecret([])).toThrow(refused);
    expect(() => rebuildSecret([{ abscissa: 1, share: bytes(1, 31) }])).toThrow(refused);
    const share = { abscissa: 1, share: bytes(1) };
    expect(() => rebuildSecret([share, share])).toThrow(refused);
    expect(() => rebuildSecret([{ ...share, abscissa: 0 }])).toThrow(refused);
  });
});
