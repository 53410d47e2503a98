/** GF(2^16): the polynomial is irreducible with generator x, and both multiplications agree. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { invertPublic, multiply, multiplyPublic } from '../../../core/src/secagg/field.ts';

const element = fc.nat({ max: 0xffff });

test('T16 the powers of x run through all 65535 elements but 0, so every one of them has an inverse', () => {
  const seen = new Uint8Array(0x10000);
  let value = 1;
  for (let i = 0; i < 0xffff; i++) {
    expect(seen[value]).toBe(0);
    seen[value] = 1;
    value = multiply(value, 2);
  }
  expect(value).toBe(1);
  expect(seen[0]).toBe(0);
});

test('T16 multiplication commutes, associates and distributes over XOR; the tables agree with it', () => {
  fc.assert(
    fc.property(element, element, element, (a, b, c) => {
      expect(multiply(a, b)).toBe(multiply(b, a));
      expect(multiply(multiply(a, b), c)).toBe(multiply(a, multiply(b, c)));
      expect(multiply(a, b ^ c)).toBe(multiply(a, b) ^ multiply(a, c));
      expect(multiplyPublic(a, b)).toBe(multiply(a, b));
    }),
    { numRuns: 1000 },
  );
});

test('T16 a · 1/a = 1 for every a but 0', () => {
  const wrong: number[] = [];
  for (let a = 1; a <= 0xffff; a++) if (multiply(a, invertPublic(a)) !== 1) wrong.push(a);
  expect(wrong).toEqual([]);
});

test('T16 x^16 reduces to x^5 + x^3 + x^2 + 1', () => {
  expect(multiply(0x8000, 2)).toBe(0x002d);
});
