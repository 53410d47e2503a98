import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  columnValues,
  encodeRows,
  featureColumns,
  fromUnit,
  publicScaling,
  scalingFromMoments,
  toUnit,
  unitInterval,
} from '../../../core/src/data-schema/encode.ts';
import { parseDataSchema } from '../../../core/src/data-schema/parse.ts';
import { sample } from './sample.ts';

const parsed = parseDataSchema(sample, 'data');
if (parsed.kind !== 'parsed') throw new Error('expected a schema');
const { schema } = parsed;
const columns = [
  Float64Array.of(45, 65),
  Float64Array.of(0, 2),
  Float64Array.of(200, NaN),
  Float64Array.of(1, 0),
  Float64Array.of(0, 1),
];

describe('encoding (data.md 2)', () => {
  it('the layout follows from the schema: first value dropped, indicator after its feature', () => {
    expect(featureColumns(schema).map((column) => column.name)).toEqual([
      'age',
      'pain=atypical',
      'pain=3',
      'chol',
      'chol?missing',
      'sex',
    ]);
  });

  it('constants of the schema need no round; federated columns wait for one', () => {
    expect(publicScaling(schema)).toEqual([
      { centre: 55, spread: 10 },
      undefined,
      undefined,
      undefined,
      { centre: 0, spread: 1 },
      { centre: 0, spread: 1 },
    ]);
  });

  it('rows are scaled, and what is missing becomes the centre', () => {
    const scaling = publicScaling(schema).map((known) => known ?? { centre: 0.5, spread: 0.5 });
    expect([...encodeRows(schema, columns, scaling)]).toEqual([
      -1, -1, -1, 399, 0, 1, 1, -1, 1, 0, 1, 0,
    ]);
  });

  it('a scaling of another length, or an absent column, is a bug of ours', () => {
    expect(() => encodeRows(schema, columns, [])).toThrow(
      expect.objectContaining({ code: 'STATE_UNEXPECTED' }),
    );
    expect(() => columnValues(schema, featureColumns(schema)[0]!, [])).toThrow(
      expect.objectContaining({ code: 'STATE_UNEXPECTED' }),
    );
  });

  it('moments of unit values over several hospitals give mean and spread of the pooled values', () => {
    const column = featureColumns(schema)[3]!;
    const interval = unitInterval(schema, column);
    const value = fc.double({ min: 50, max: 700, noNaN: true });
    fc.assert(
      fc.property(fc.array(value, { minLength: 2, maxLength: 50 }), (pooled) => {
        const units = pooled.map((x) => toUnit(interval, x));
        expect(units.every((u) => Math.abs(u) <= 1 + 1e-12)).toBe(true);
        expect(fromUnit(interval, units[0]!)).toBeCloseTo(pooled[0]!, 9);
        const n = pooled.length;
        const mean = pooled.reduce((a, b) => a + b, 0) / n;
        const variance = pooled.reduce((a, x) => a + (x - mean) ** 2, 0) / (n - 1);
        fc.pre(variance > 1);
        const got = scalingFromMoments(
          interval,
          n,
          units.reduce((a, b) => a + b, 0),
          units.reduce((a, b) => a + b * b, 0),
        );
        expect(got.centre).toBeCloseTo(mean, 8);
        expect(got.spread / Math.sqrt(variance)).toBeCloseTo(1, 6);
      }),
    );
  });

  it('a constant column, one value and no value get spread 1', () => {
    const interval = { middle: 375, half: 325 };
    expect(scalingFromMoments(interval, 4, 2, 1)).toEqual({ centre: 537.5, spread: 1 });
    expect(scalingFromMoments(interval, 1, 0.5, 0.25)).toEqual({ centre: 537.5, spread: 1 });
    expect(scalingFromMoments(interval, 0, 0, 0)).toEqual({ centre: 375, spread: 1 });
  });
});
