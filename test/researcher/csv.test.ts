import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { csvField, parseCsv } from '../../researcher/src/csv.ts';

describe('CSV (RFC 4180)', () => {
  it('gives back any table that was written, whatever its fields hold', () => {
    const field = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', ' ', 'é') });
    const row = fc.tuple(field, field);
    fc.assert(
      fc.property(fc.array(row, { minLength: 1 }), fc.constantFrom('\n', '\r\n'), (rows, end) => {
        const text = [['x', 'y'], ...rows].map((r) => r.map(csvField).join(',')).join(end);
        expect(parseCsv(text).records.map(({ fields }) => fields)).toEqual(rows);
      }),
    );
  });

  it('counts lines through quoted line ends, and skips empty lines and a byte order mark', () => {
    const { header, records } = parseCsv('\uFEFFa,b\n"1\n2",x\n\n3,"y ""z"""\n');
    expect(header).toEqual(['a', 'b']);
    expect(records).toEqual([
      { line: 2, fields: ['1\n2', 'x'] },
      { line: 5, fields: ['3', 'y "z"'] },
    ]);
  });

  it('refuses a table without header or patient, a repeated name, an open or misplaced quote', () => {
    for (const [text, message] of [
      ['', 'line 1: expected a header'],
      ['a,b\n', 'line 2: expected a patient'],
      ['a,a\n1,2', 'line 1: column 2 repeats a name'],
      ['a\n"1', 'line 2: a quote is never closed'],
      ['a\n1"2"', 'line 2: a quote stands inside'],
      ['a\n"1"2', 'line 2: a quote stands inside'],
      ['a,b\n1,2,', 'line 2: expected 2 fields, got 3'],
    ] as const)
      expect(() => parseCsv(text)).toThrow(
        expect.objectContaining({
          code: 'CSV_SHAPE',
          message: expect.stringContaining(message) as string,
        }),
      );
  });
});
