import { describe, expect, it } from 'vitest';
import {
  checkColumns,
  checkPatients,
  UNKNOWN_CATEGORY,
} from '../../../core/src/data-schema/check.ts';
import { parseDataSchema } from '../../../core/src/data-schema/parse.ts';
import { sample } from './sample.ts';

const parsed = parseDataSchema(sample, 'data');
if (parsed.kind !== 'parsed') throw new Error('expected a schema');
const { schema } = parsed;

/** Columns of `rows` good rows, with changes. */
function raw(rows: number, change: (columns: Float64Array[]) => void = () => undefined) {
  const columns = [50, 1, 200, 1, 0].map((x) => new Float64Array(rows).fill(x));
  change(columns);
  return columns;
}

function codes(columns: readonly Float64Array[], infinite: readonly number[] = []) {
  return checkColumns(schema, columns, infinite, 'standard').problems.map((p) => p.code);
}

describe('the checks of columns (data.md 7 and 8)', () => {
  it('good columns pass whole', () => {
    const checked = checkColumns(schema, raw(6), [], 'standard');
    expect(checked.problems).toEqual([]);
    expect(checked.rows).toHaveLength(6);
    expect(checked.values).toEqual(raw(6));
  });

  it.each([
    ['DATA_VALUE_MISSING', (c: Float64Array[]) => (c[0]![0] = NaN)],
    ['DATA_COLUMN_TYPE', (c: Float64Array[]) => (c[0]![0] = 50.5)],
    ['DATA_CATEGORY_UNKNOWN', (c: Float64Array[]) => (c[1]![0] = UNKNOWN_CATEGORY)],
    ['DATA_CATEGORY_UNKNOWN', (c: Float64Array[]) => (c[3]![0] = 2)],
    ['DATA_UNIT_SUSPECT', (c: Float64Array[]) => c[0]!.fill(600)],
    ['DATA_TOO_MANY_MISSING', (c: Float64Array[]) => c[2]!.fill(NaN, 0, 4)],
    ['DATA_VALUE_MISSING', (c: Float64Array[]) => (c[4]![0] = NaN)],
  ])('%s', (code, change) => {
    expect(codes(raw(9, change))).toEqual([code]);
  });

  it('a value that is not finite is named as such and not also as missing', () => {
    const columns = raw(9, (c) => (c[2]![0] = NaN));
    const checked = checkColumns(schema, columns, [0, 0, 1], 'standard');
    expect(checked.problems).toEqual([
      { code: 'DATA_NOT_FINITE', text: 'column chol: <5 rows are not finite' },
    ]);
    expect(checked.columns[2]?.missing).toBe('0');
  });

  it('outside the range: clamp moves, missing empties, refuse refuses', () => {
    const columns = raw(9, (c) => {
      c[0]![0] = 130;
      c[2]![0] = 3;
    });
    const checked = checkColumns(schema, columns, [], 'standard');
    expect(checked.problems).toEqual([]);
    expect(checked.values[0]?.[0]).toBe(110);
    expect(checked.values[2]?.[0]).toBeNaN();
    const strict = {
      ...schema,
      features: schema.features.map((f) =>
        f.name === 'age' ? ({ ...f, outside: 'refuse' } as typeof f) : f,
      ),
    };
    expect(checkColumns(strict, columns, [], 'standard').problems).toEqual([
      { code: 'DATA_OUT_OF_RANGE', text: 'column age: <5 rows outside 18..110' },
    ]);
  });

  it('drop-row leaves the row out of every column', () => {
    const checked = checkColumns(
      schema,
      raw(9, (c) => (c[1]![3] = NaN)),
      [],
      'standard',
    );
    expect([...checked.rows]).toEqual([0, 1, 2, 4, 5, 6, 7, 8]);
    expect(checked.values.map((column) => column.length)).toEqual([8, 8, 8, 8, 8]);
  });

  it('quantiles are told of large columns only', () => {
    expect(checkColumns(schema, raw(99), [], 'standard').columns[0]?.quantiles).toBeUndefined();
    expect(checkColumns(schema, raw(100), [], 'standard').columns[0]?.quantiles?.median).toBe(50);
  });

  it('too few patients: the hospital sits out, and the message tells no small count', () => {
    expect(checkPatients(4, 'standard')).toEqual([
      { code: 'DATA_TOO_FEW_PATIENTS', text: 'patients: expected at least 5, got <5' },
    ]);
    expect(checkPatients(5, 'standard')).toEqual([]);
  });
});
