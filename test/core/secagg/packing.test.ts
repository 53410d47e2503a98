/** Words to bytes and back (secure-aggregation.md 7): cutting commutes with adding. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  layoutBytes,
  layoutWords,
  makeLayout,
  type Layout,
} from '../../../core/src/secagg/layout.ts';
import {
  addPacked,
  addPackedPiece,
  cutToField,
  packVector,
  requirePacked,
} from '../../../core/src/secagg/packing.ts';

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

/** Layouts of every packing, in any order, so that sections start at any byte of a word. */
const layouts = fc
  .array(
    fc.record({
      encoding: fc.constantFrom('fixed16', 'fixed24', 'fixed32', 'residue32', 'count32'),
      length: fc.integer({ min: 1, max: 40 }),
    }),
    { minLength: 1, maxLength: 5 },
  )
  .map((sections) =>
    makeLayout(
      sections.map(({ encoding, length }, i) => ({
        name: `update/s${String(i)}`,
        ...{ encoding, length },
        ...(encoding.startsWith('fixed') && { clip: '1' }),
      })),
    ),
  );

/** Byte by byte, as section 7 says it. */
function packedPlainly({ sections }: Layout, words: Uint32Array): number[] {
  let at = 0;
  return sections.flatMap(({ encoding, length }) => {
    const count = encoding === 'fixed16' ? Math.ceil(length / 2) : length;
    const part = [...words.subarray(at, at + count)];
    at += count;
    const shifts = encoding === 'fixed24' ? [0, 8, 16] : [0, 8, 16, 24];
    return part.flatMap((word) => shifts.map((shift) => (word >>> shift) & 255));
  });
}

test('whatever the layout and wherever the bytes lie in memory, packing is that of section 7', () => {
  fc.assert(
    fc.property(layouts, fc.nat(), fc.nat({ max: 3 }), (any, seed, shift) => {
      const words = Uint32Array.from({ length: layoutWords(any) }, (_, i) =>
        Math.imul(i + seed, 0x9e3779b1),
      );
      const packed = packVector(any, words);
      expect([...packed]).toEqual(packedPlainly(any, words));
      const room = new Uint8Array(packed.length + shift);
      room.set(packed, shift);
      const sum = words.slice();
      addPacked(any, room.subarray(shift), sum);
      const twice = words.map((word) => 2 * word);
      cutToField(any, sum);
      cutToField(any, twice);
      expect(sum).toEqual(twice);
    }),
  );
});

test('a vector that comes in pieces, cut anywhere, adds up to the vector', () => {
  fc.assert(
    fc.property(layouts, fc.nat(), fc.array(fc.nat()), (any, seed, cuts) => {
      const words = Uint32Array.from({ length: layoutWords(any) }, (_, i) =>
        Math.imul(i + seed, 0x9e3779b1),
      );
      const packed = packVector(any, words);
      const [whole, pieces] = [words.slice(), words.slice()];
      addPacked(any, packed, whole);
      const borders = [0, ...cuts.map((cut) => cut % packed.length), packed.length];
      borders.sort((a, b) => a - b);
      borders.slice(1).forEach((end, i) => {
        const from = borders[i] ?? 0;
        addPackedPiece(any, packed.subarray(from, end), from, pieces);
      });
      expect(pieces).toEqual(whole);
    }),
  );
});

test('the bytes of a parameter are 2, 3 and 4, whatever the number of hospitals', () => {
  for (const [encoding, bytes] of [
    ['fixed16', 2],
    ['fixed24', 3],
    ['fixed32', 4],
  ] as const) {
    const section = { name: 'update/w', length: 100_000, encoding, clip: '1' };
    expect(layoutBytes(makeLayout([section]))).toBe(100_000 * bytes + 8); // and the two check words
  }
});

test('a piece that reaches beyond the layout is VECTOR_LENGTH_MISMATCH and adds nothing', () => {
  const accumulator = new Uint32Array(WORDS);
  for (const [offset, length] of [
    [0, 26],
    [24, 2],
    [26, 0],
  ] as const)
    expect(() => {
      addPackedPiece(layout, new Uint8Array(length).fill(1), offset, accumulator);
    }).toThrow(expect.objectContaining({ code: 'VECTOR_LENGTH_MISMATCH' }));
  expect(accumulator).toEqual(new Uint32Array(WORDS));
  expect(() => {
    requirePacked(layout, 24);
  }).toThrow(expect.objectContaining({ code: 'VECTOR_LENGTH_MISMATCH' }));
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
