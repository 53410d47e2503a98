/** Shamir over GF(2^16): any t shares rebuild, t − 1 say nothing, bad abscissae are refused. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nodeSuite as suite } from '@plexus/suite';
import { invertPublic, multiply, multiplyPublic } from '../../../core/src/secagg/field.ts';
import { rebuildSecret, splitSecret, type Share } from '../../../core/src/secagg/shamir.ts';
import { bytes, seedOf } from './session.ts';
import { coefficientsOf, rebuildEverySize } from './sharings.ts';

describe('T16 Shamir for 3 to 500 hospitals: any t shares rebuild the secret', () => {
  test('every n up to 60, then every 40th: both thresholds of the design, random subsets in random order; t − 1 give another', () => {
    const sizes = Array.from({ length: 498 }, (_, i) => i + 3).filter(
      (n) => n <= 60 || n % 40 === 20,
    );
    const { sharings } = rebuildEverySize(sizes, 2, 1);
    expect(sharings).toBe(2 * sizes.length);
  });

  test('an altered share rebuilds another secret', () => {
    const [one, two, three] = splitSecret(seedOf(1), coefficientsOf(3, 1), 3, [5, 6, 65535]);
    if (one === undefined || two === undefined || three === undefined) throw new Error('three');
    const altered = { ...two, share: two.share.map((byte, i) => (i === 9 ? byte ^ 1 : byte)) };
    expect(rebuildSecret([one, two, three])).toEqual(seedOf(1));
    expect(rebuildSecret([one, altered, three])).not.toEqual(seedOf(1));
  });
});

describe('T16 t − 1 shares are independent of the secret', () => {
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

  test.each([
    [0, 1],
    [0, 65535],
    [1, 7],
    [0xffff, 300],
    [0xbeef, 2],
  ])(
    't = 2, secret %i: the share at %i takes every one of 65536 values once as the coefficient runs through all of them',
    (secret, abscissa) => {
      const shared = elementsOf(Array<number>(16).fill(secret));
      const seen = new Uint8Array(0x10000);
      for (let first = 0; first <= 0xffff; first += 16) {
        const coefficients = elementsOf(Array.from({ length: 16 }, (_, i) => first + i));
        const [share] = splitSecret(shared, coefficients, 2, [abscissa, abscissa ^ 0x100]);
        for (const value of numbersOf(share!.share)) seen[value] = seen[value]! + 1;
      }
      expect(seen.every((count) => count === 1)).toBe(true);
    },
  );

  test('any t: for any t − 1 shares and any other secret there is exactly one polynomial, and splitSecret deals those shares with it', () => {
    const abscissae = fc.uniqueArray(fc.integer({ min: 1, max: 65535 }), {
      minLength: 2,
      maxLength: 24,
    });
    fc.assert(
      fc.property(abscissae, fc.nat({ max: 250 }), (xs, key) => {
        const t = xs.length;
        const held = splitSecret(seedOf(key), coefficientsOf(t, key), t, xs).slice(1);
        const other = seedOf(key + 1000);
        const found = solve(held, other);
        expect(splitSecret(other, found, t, xs).slice(1)).toEqual(held);
      }),
      { numRuns: 25 },
    );
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

describe('T16 what cannot be shared or rebuilt is refused (SHARES_INVALID)', () => {
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
    expect(() => splitSecret(bytes(1, 31), coefficientsOf(2, 1), 2, [1, 2])).toThrow(refused);
    expect(() => splitSecret(bytes(1), bytes(1, 31), 2, [1, 2])).toThrow(refused);
    expect(() => rebuildSecret([])).toThrow(refused);
    expect(() => rebuildSecret([{ abscissa: 1, share: bytes(1, 31) }])).toThrow(refused);
    const share = { abscissa: 1, share: bytes(1) };
    expect(() => rebuildSecret([share, share])).toThrow(refused);
    expect(() => rebuildSecret([{ ...share, abscissa: 0 }])).toThrow(refused);
  });
});

/** 16 elements as a secret, or as the coefficients of one degree. */
function elementsOf(values: readonly number[]): Uint8Array {
  return Uint8Array.from(values.flatMap((value) => [value >> 8, value & 255]));
}

function numbersOf(elements: Uint8Array): readonly number[] {
  return Array.from({ length: 16 }, (_, e) => (elements[2 * e]! << 8) | elements[2 * e + 1]!);
}

/**
 * The coefficients with which `secret` gives these t − 1 shares, by elimination: Σ_d c_d · x^d = share − secret at each x.
 *
 * Every pivot is there, so there is one solution and no other: the matrix is that of Vandermonde, times x.
 */
function solve(shares: readonly Share[], secret: Uint8Array): Uint8Array {
  const rows = shares.map(({ abscissa, share }) => {
    const powers = [abscissa];
    while (powers.length < shares.length) powers.push(multiplyPublic(powers.at(-1)!, abscissa));
    return [...powers, ...numbersOf(share.map((byte, i) => byte ^ secret[i]!))];
  });
  rows.forEach((_, column) => {
    const pivot = rows.findIndex((row, i) => i >= column && row[column] !== 0);
    expect(pivot).toBeGreaterThanOrEqual(column);
    [rows[column], rows[pivot]] = [rows[pivot]!, rows[column]!];
    const scale = invertPublic(rows[column][column]!);
    rows[column] = rows[column].map((value) => multiplyPublic(value, scale));
    rows.forEach((row, i) => {
      const factor = row[column]!;
      if (i !== column)
        rows[i] = row.map((value, k) => value ^ multiplyPublic(factor, rows[column]![k]!));
    });
  });
  return elementsOf(rows.flatMap((row) => row.slice(shares.length)));
}
