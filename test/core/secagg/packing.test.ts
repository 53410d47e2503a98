/** Words to bytes and back (secure-aggregation.md 7): cutting commutes with adding. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { makeLayout } from '../../../core/src/secagg/layout.ts';
import { addPacked, cutToField, packVector } from '../../../core/src/secagg/packing.ts';

const layout = makeLayout([
  { name: 'update/a', length: 3, encoding: 'fixed24', clip: '1' },
  { name: 'update/b', length: 3, encoding: 'fixed16', clip: '1' },
]);
const WORDS = 7;
const vector = fc
  .array(fc.nat({ max: 0xffff_ffff }), { minLength: WORDS, maxLength: WORDS })
  .map((words) => Uint32Array.from(words));

test('24-bit fields take three bytes, little-endian; the others four', () => {
  const words = Uint32Array.of(0xff030201, 0, 0x00060504, 0x10090807, 0, 1, 0x9e3779b1);
  expect([...packVector(layout, words)]).toEqual([
    1, 2, 3, 0, 0, 0, 4, 5, 6, 7, 8, 9, 16, 0, 0, 0, 0, 1, 0, 0, 0, 0xb1, 0x79, 0x37, 0x9e,
  ]);
});

test('the cut sum of packed vectors is the cut sum of the vectors', () => {
  fc.assert(
    fc.property(fc.array(vector, { minLength: 1, maxLength: 5 }), (vectors) => {
      const packed = new Uint32Array(WORDS);
      const plain = new Uint32Array(WORDS);
      for (const words of vectors) {
        addPacked(layout, packVector(layout, words), packed);
        words.forEach((word, i) => (plain[i] = (plain[i] ?? 0) + word));
      }
      cutToField(layout, packed);
      cutToField(layout, plain);
      expect(packed).toEqual(plain);
    }),
  );
});

test('bytes of another length are VECTOR_LENGTH_MISMATCH and add nothing', () => {
  const accumulator = new Uint32Array(WORDS);
  for (const length of [0, 24, 26])
    expect(() => {
      addPacked(layout, new Uint8Array(length).fill(1), accumulator);
    }).toThrow(expect.objectContaining({ code: 'VECTOR_LENGTH_MISMATCH' }));
  expect(accumulator).toEqual(new Uint32Array(WORDS));
});

test('words of another layout are our bug (VALUES_MISMATCH)', () => {
  const other = new Uint32Array(WORDS + 1);
  for (const call of [
    () => packVector(layout, other),
    () => {
      addPacked(layout, new Uint8Array(25), other);
    },
    () => {
      cutToField(layout, other);
    },
  ])
    expect(call).toThrow(expect.objectContaining({ code: 'VALUES_MISMATCH' }));
});
