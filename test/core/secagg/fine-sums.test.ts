/** Two sections a value (data.md 9): what they carry, and how finely. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nodeSuite as suite } from '@plexus/suite';
import { fineSections, joinFine, splitFine } from '../../../core/src/secagg/fine-sums.ts';
import { makeLayout } from '../../../core/src/secagg/layout.ts';
import { decodeSum, encodeVector } from '../../../core/src/secagg/quantise.ts';
import { bytes, seedOf } from './session.ts';

const real = fc.double({ min: -16384, max: 16384, noNaN: true });

function sumThroughWords(most: number, hospitals: readonly Float64Array[]): Float64Array {
  const length = hospitals[0]?.length ?? 0;
  const layout = makeLayout([
    { name: 'update/w', length: 3, encoding: 'fixed16', clip: '1' },
    ...fineSections('stat/hessian', length, most),
  ]);
  const sum = new Uint32Array(0x1000);
  let words = 0;
  hospitals.forEach((values, u) => {
    const split = splitFine(suite, layout, most, 'stat/hessian', values, seedOf(u));
    const all = new Map([['update/w', new Float64Array(3)], ...split]);
    const encoded = encodeVector(suite, layout, most, all, seedOf(u)).words;
    words = encoded.length;
    encoded.forEach((word, i) => (sum[i] = (sum[i] ?? 0) + word));
  });
  const decoded = decodeSum(layout, most, sum.slice(0, words), hospitals.length);
  return joinFine(decoded, 'stat/hessian');
}

test.each([
  [512, 1.1e-9],
  [16, 1.2e-10],
])('at most %i hospitals: each adds an error below %f', (most, error) => {
  fc.assert(
    fc.property(
      fc.array(fc.array(real, { minLength: 4, maxLength: 4 }), { minLength: 1, maxLength: 16 }),
      (hospitals) => {
        const vectors = hospitals.map((values) => Float64Array.from(values));
        const got = sumThroughWords(most, vectors);
        for (let i = 0; i < 4; i++) {
          const exact = vectors.reduce((sum, values) => sum + (values[i] ?? 0), 0);
          expect(Math.abs((got[i] ?? 0) - exact)).toBeLessThan(error * vectors.length);
        }
      },
    ),
  );
});

test('both ends of the range, and what is not finite', () => {
  const got = sumThroughWords(512, [Float64Array.of(16384, -16384, 0, 1 / 3)]);
  [16384, -16384, 0, 1 / 3].forEach((value, i) => {
    expect(Math.abs((got[i] ?? 0) - value)).toBeLessThan(1.1e-9);
  });
  const zero = sumThroughWords(512, [Float64Array.of(Number.NaN)]);
  expect(Math.abs(zero[0] ?? 1)).toBeLessThan(0.004); // counted by the encoder; the coarse step is all that is promised
});

test('a statistic beyond the range is refused, never clipped in silence (VALUE_OUT_OF_RANGE)', () => {
  expect(() => sumThroughWords(16, [Float64Array.of(16384.5)])).toThrow(
    expect.objectContaining({ code: 'VALUE_OUT_OF_RANGE' }),
  );
});

test('above 512 hospitals the fine clip would not cover the coarse step (LAYOUT_INVALID)', () => {
  expect(() => fineSections('stat/x', 1, 513)).toThrow(
    expect.objectContaining({ code: 'LAYOUT_INVALID' }),
  );
});

test('sections that are not there are our bug (VALUES_MISMATCH)', () => {
  const layout = makeLayout(fineSections('stat/x', 2, 16));
  for (const call of [
    () => splitFine(suite, layout, 16, 'stat/y', new Float64Array(2), bytes(1)),
    () => splitFine(suite, layout, 16, 'stat/x', new Float64Array(3), bytes(1)),
    () => joinFine(new Map(), 'stat/x'),
  ])
    expect(call).toThrow(expect.objectContaining({ code: 'VALUES_MISMATCH' }));
});
