import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadCsv } from '../../../node-agent/src/data/csv.ts';
import { DEFAULT_LIMITS, withEngine } from '../../../node-agent/src/data/duckdb.ts';
import { parseSources } from '../../../node-agent/src/data/sources.ts';
import { refusal, temporary } from './fixtures.ts';

const folder = temporary();
let files = 0;

/** The staging table as rows of texts. */
async function table(bytes: string | Uint8Array, config: object = {}): Promise<unknown> {
  const path = join(folder, `${String(++files)}.csv`);
  writeFileSync(path, bytes);
  return read({ path, ...config });
}

async function read(config: object): Promise<unknown> {
  const source = parseSources({ ward: { kind: 'csv', ...config } }).get('ward')!;
  return withEngine(DEFAULT_LIMITS, async (engine) => {
    await loadCsv(engine, 'ward', source);
    const rows = await engine.rows('SELECT * FROM ward ORDER BY _row', 'test');
    return rows.map(([row, ...cells]) => [Number(row), ...cells]);
  });
}

const expected = [
  [1, '張', '1'],
  [2, null, '2'],
];
const text = 'name,n\n張,1\n,2\n';

describe('a CSV file becomes a table of texts', () => {
  it('UTF-8, with and without a byte order mark, with either line end', async () => {
    expect(await table(text)).toEqual(expected);
    expect(await table(`\ufeff${text}`)).toEqual(expected);
    expect(await table(text.replaceAll('\n', '\r\n'))).toEqual(expected);
  });

  it('UTF-16 with a byte order mark', async () => {
    const bytes = Buffer.from(`\ufeff${text}`, 'utf16le');
    expect(await table(bytes, { encoding: 'utf-16' })).toEqual(expected);
  });

  it('Latin-1', async () => {
    const bytes = Buffer.from('name,n\nZoë,1\n', 'latin1');
    expect(await table(bytes, { encoding: 'latin1' })).toEqual([[1, 'Zoë', '1']]);
    expect(await table(bytes, { encoding: 'windows-1252' })).toEqual([[1, 'Zoë', '1']]);
  });

  it('GB18030 and Shift_JIS give the table of the UTF-8 file', async () => {
    const rest = Buffer.from(',1\n,2\n');
    const gb = Buffer.concat([Buffer.from('name,n\n'), Buffer.from([0x8f, 0x88]), rest]);
    expect(await table(gb, { encoding: 'gb18030' })).toEqual(expected);
    expect(await table(gb, { encoding: 'gbk' })).toEqual(expected);
    const sjis = Buffer.concat([Buffer.from('name,n\n'), Buffer.from([0x92, 0xa3]), rest]);
    expect(await table(sjis, { encoding: 'shift_jis' })).toEqual(expected);
  });

  it('a file without a header is read by the steward’s names', async () => {
    expect(await table('1,?\n3,4\n', { header: ['a', 'b'], nulls: ['?'] })).toEqual([
      [1, '1', null],
      [2, '3', '4'],
    ]);
    expect(await table('\ufeff1,2\n', { header: ['a', 'b'] })).toEqual([[1, '1', '2']]);
  });

  it('only the listed columns are loaded, in the order of the list', async () => {
    expect(await table(text, { columns: ['n'] })).toEqual([
      [1, '1'],
      [2, '2'],
    ]);
  });

  it('quotes may hold delimiters, quotes and line ends', async () => {
    expect(await table('a;b\n"x;y";"p ""q""\nr"\n', { delimiter: ';' })).toEqual([
      [1, 'x;y', 'p "q"\nr'],
    ]);
  });
});

describe('what bad input gets (data.md 8): CSV', () => {
  const invalid = Uint8Array.of(0x61, 0x0a, 0x31, 0x0a, 0xff, 0xfe, 0x41, 0x0a);
  const cases: readonly (readonly [string, string | Uint8Array, object?])[] = [
    ['DATA_EMPTY ward: the file is empty', ''],
    ['DATA_EMPTY ward: no rows after the header', 'a,b\n'],
    [
      'DATA_ENCODING ward: line 3, column 1: not valid in the declared encoding; declare `encoding`',
      invalid,
    ],
    [
      'DATA_ENCODING ward: not valid in the declared encoding',
      Uint8Array.of(0x61, 0x0a, 0x31, 0x80, 0x0a),
      { encoding: 'latin1' },
    ],
    [
      'DATA_ENCODING ward: not valid gb18030',
      Uint8Array.of(0x61, 0x0a, 0x80, 0xff),
      { encoding: 'gb18030' },
    ],
    [
      'DATA_ENCODING ward: line 1: not valid utf-8; declare `encoding`',
      Uint8Array.of(0xff, 0x0a, 0x31),
    ],
    ['DATA_CSV_SHAPE ward: line 3: expected 2 fields, got 3', 'a,b\n1,2\n1,2,3\n'],
    [
      'DATA_CSV_SHAPE ward: line 2: expected 2 fields, got 1 (1 more such line)',
      'a,b\n1\n1,2\n3\n',
    ],
    [
      'DATA_CSV_SHAPE ward: line 2: a quote is not closed, or stands inside a field',
      'a,b\n1,"2\n3,4\n',
    ],
    [
      'DATA_CSV_SHAPE ward: expected one shape and one kind of line end throughout',
      'a,b\n1,2\r\n3,4\n5,6\r7,8\n',
    ],
    ['DATA_CSV_SHAPE ward: line 2: longer than 2000000 bytes', `a,b\n1,${'x'.repeat(2_000_100)}\n`],
    ['DATA_CSV_SHAPE ward: row 2: a NUL character', 'a,b\n1,2\n3,4\0\n'],
    [
      'DATA_CSV_SHAPE ward: record 2: expected 2 fields, got 3',
      'a,b\n1,2,3\n',
      { encoding: 'gbk' },
    ],
    [
      'DATA_CSV_SHAPE ward: line 2: a quote is not closed, or stands inside a field',
      'a,b\n1,"2\n',
      { encoding: 'gbk' },
    ],
    ['DATA_HEADER ward: column 3 repeats the name of column 2', 'a,b,B\n1,2,3\n'],
    ['DATA_HEADER ward: column 2 has no usable name', 'a,\n1,2\n'],
    ['DATA_HEADER ward: column 1 has a name that is taken (_row)', '_row,b\n1,2\n'],
    ['DATA_HEADER ward: line 1: not readable as a header', 'a,"b\n1,2\n'],
    ['DATA_HEADER ward: expected a column chol', 'a,b\n1,2\n', { columns: ['chol'] }],
  ];
  it.each(cases.map(([message, bytes, config = {}]) => [message, bytes, config] as const))(
    '%s',
    async (message, bytes, config) => {
      expect(await refusal(table(bytes, config))).toBe(message);
    },
  );

  it('a file that is absent, or a folder', async () => {
    expect(await refusal(read({ path: join(folder, 'absent.csv') }))).toBe(
      'DATA_SOURCE_UNREADABLE ward: cannot read (ENOENT)',
    );
    mkdirSync(join(folder, 'folder.csv'));
    expect(await refusal(read({ path: join(folder, 'folder.csv') }))).toBe(
      'DATA_SOURCE_UNREADABLE ward: cannot read (EISDIR)',
    );
  });

  it('any bytes give a table or a code of the catalogue, and never another error', async () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc.string({
        unit: fc.constantFrom('a', ',', '"', '\n', '\r', '\0', 'é', ' '),
        maxLength: 40,
      }),
    );
    const encoding = fc.constantFrom('utf-8', 'latin1', 'utf-16', 'gbk');
    await fc.assert(
      fc.asyncProperty(bytes, encoding, async (given, label) => {
        expect(await refusal(table(given, { encoding: label }))).toMatch(
          /^(accepted|DATA_(EMPTY|ENCODING|CSV_SHAPE|HEADER) )/,
        );
      }),
      { numRuns: 60 },
    );
  });
});
