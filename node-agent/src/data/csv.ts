/**
 * The CSV connector: one file into one staging table of texts with `_row` (1, 2, …), or a code and nothing.
 *
 * DuckDB reads what it can (UTF-8, UTF-16, Latin-1); other encodings are decoded here and appended. Any rejected line refuses the
 * file, and messages name lines and counts, never a value (I9).
 * Source: data.md sections 4 and 8; RFC 4180. Leaves to others: what the texts mean (the mapping's SELECT).
 */
import { open, type FileHandle } from 'node:fs/promises';
import { CsvError, parse } from 'csv-parse/sync';
import { PlexusError } from '@plexus/core';
import { quoteName, quoteText, type LoadingEngine } from './duckdb.js';
import { PLAIN_NAME, type CsvSource } from './sources.js';

export interface StagedTable {
  readonly rowCount: number;
}

/** Encodings that the engine reads itself, by the name that sources.ts gives them. */
const ENGINE_ENCODINGS: ReadonlyMap<string, string> = new Map([
  ['utf-8', 'utf-8'],
  ['utf-16le', 'utf-16'],
  ['iso-8859-1', 'latin-1'],
]);
const MAX_LINE_BYTES = 2_000_000;
const MAX_LINES_NAMED = 10;

/**
 * Loads a source into a staging table named after it.
 *
 * Errors   operator/DATA_SOURCE_UNREADABLE, DATA_EMPTY, DATA_ENCODING, DATA_HEADER, DATA_CSV_SHAPE; those of the engine.
 */
export async function loadCsv(
  engine: LoadingEngine,
  name: string,
  source: CsvSource,
): Promise<StagedTable> {
  const start = await readStart(name, source);
  const engineEncoding = ENGINE_ENCODINGS.get(source.encoding);
  const columns =
    source.header === true ? headerNames(name, source, start.firstLine) : source.header;
  const listed = listedColumns(name, source, columns);
  if (engineEncoding === undefined) await appendDecoded(engine, name, source, columns, listed);
  else await readByEngine(engine, name, source, columns, listed, engineEncoding);
  await refuseNul(engine, name, listed);
  const [count] = await engine.rows(`SELECT count(*)::INTEGER FROM ${quoteName(name)}`, name);
  const rowCount = Number(count?.[0]);
  if (rowCount === 0)
    throw new PlexusError(
      'DATA_EMPTY',
      `${name}: no rows${source.header === true ? ' after the header' : ''}`,
    );
  return { rowCount };
}

async function readByEngine(
  engine: LoadingEngine,
  name: string,
  source: CsvSource,
  columns: readonly string[],
  listed: readonly string[],
  encoding: string,
): Promise<void> {
  const types = columns.map((column) => `${quoteText(column)}: 'VARCHAR'`).join(', ');
  const options = [
    'auto_detect = false', // every choice is ours: a sniffer's guess may change with the data
    'header = false',
    `skip = ${source.header === true ? '1' : '0'}`,
    `delim = ${quoteText(source.delimiter)}`,
    `quote = '"'`,
    `escape = '"'`,
    'strict_mode = true',
    `nullstr = [${['', ...source.nulls].map(quoteText).join(', ')}]`,
    `columns = {${types}}`,
    `encoding = ${quoteText(encoding)}`,
    `max_line_size = ${String(MAX_LINE_BYTES)}`,
    'store_rejects = true',
    'rejects_limit = 0', // keep every rejected line: they are counted
  ];
  const table = quoteName(name);
  await engine.run(
    `CREATE TABLE ${table} AS SELECT row_number() OVER () AS _row, ${listed.map(quoteName).join(', ')}
     FROM read_csv(${quoteText(source.path)}, ${options.join(', ')})`,
    name,
  );
  await refuseRejects(engine, name, columns.length);
}

/** Any line that the reader put aside refuses the file. */
async function refuseRejects(engine: LoadingEngine, name: string, expected: number): Promise<void> {
  // the last number of `Expected Number of Columns: 14 Found: 15`; the text itself may quote a line
  const rejects = await engine.rows(
    `SELECT line::INTEGER, error_type::VARCHAR, column_idx::INTEGER,
            regexp_extract(error_message, '^Expected Number of Columns: [0-9]+ Found: ([0-9]+)$', 1)
     FROM reject_errors ORDER BY line, error_type LIMIT ${String(MAX_LINES_NAMED)}`,
    name,
  );
  const [counted] = await engine.rows(
    'SELECT count(DISTINCT line)::INTEGER FROM reject_errors',
    name,
  );
  const [first] = rejects;
  await engine.run('DELETE FROM reject_errors', name);
  if (first === undefined) return;
  const line = `line ${String(Number(first[0]))}`;
  const others = Number(counted?.[0]) - 1;
  const more =
    others === 0 ? '' : ` (${String(others)} more such ${others === 1 ? 'line' : 'lines'})`;
  const kind = String(first[1]);
  if (kind === 'INVALID ENCODING')
    throw new PlexusError(
      'DATA_ENCODING',
      `${name}: ${line}, column ${String(Number(first[2]))}: not valid in the declared encoding; declare \`encoding\`${more}`,
    );
  const found = String(first[3]);
  throw shapeError(name, line, kind, expected, found, more);
}

function shapeError(
  name: string,
  line: string,
  kind: string,
  expected: number,
  found: string,
  more: string,
): PlexusError {
  const text =
    kind === 'MISSING COLUMNS' || kind === 'TOO MANY COLUMNS'
      ? `expected ${String(expected)} fields, got ${found === '' ? 'another number' : found}`
      : kind === 'UNQUOTED VALUE'
        ? 'a quote is not closed, or stands inside a field'
        : kind === 'LINE SIZE OVER MAXIMUM'
          ? `longer than ${String(MAX_LINE_BYTES)} bytes`
          : 'not readable as CSV';
  return new PlexusError('DATA_CSV_SHAPE', `${name}: ${line}: ${text}${more}`);
}

/** Encodings the engine lacks (GB18030, GBK, Shift_JIS …): decoded strictly, parsed strictly, appended. */
async function appendDecoded(
  engine: LoadingEngine,
  name: string,
  source: CsvSource,
  columns: readonly string[],
  listed: readonly string[],
): Promise<void> {
  const records = parseCsv(name, source, await decodeWhole(name, source), columns.length);
  const nulls = new Set(['', ...source.nulls]);
  const at = listed.map((column) => columns.indexOf(column));
  const rows = records.slice(source.header === true ? 1 : 0);
  const staged = `_staged_${name}`;
  const fields = listed.map((column) => `${quoteName(column)} VARCHAR`).join(', ');
  await engine.run(`CREATE TABLE ${quoteName(staged)} (${fields})`, name);
  await engine.append(
    staged,
    rows.map((record) =>
      at.map((i) => {
        const value = record[i] ?? '';
        return nulls.has(value) ? undefined : value;
      }),
    ),
  );
  await engine.run(
    `CREATE TABLE ${quoteName(name)} AS SELECT row_number() OVER () AS _row, * FROM ${quoteName(staged)}`,
    name,
  );
  await engine.run(`DROP TABLE ${quoteName(staged)}`, name);
}

async function decodeWhole(name: string, source: CsvSource): Promise<string> {
  return withFile(name, source, async (file) => {
    const decoder = new TextDecoder(source.encoding, { fatal: true });
    try {
      return decoder.decode(await file.readFile());
    } catch (thrown) {
      if (!(thrown instanceof TypeError)) throw thrown;
      throw new PlexusError('DATA_ENCODING', `${name}: not valid ${source.encoding}`);
    }
  });
}

function parseCsv(
  name: string,
  source: CsvSource,
  text: string,
  expected: number,
): readonly (readonly string[])[] {
  try {
    const records: readonly (readonly string[])[] = parse(text, {
      delimiter: source.delimiter,
      max_record_size: MAX_LINE_BYTES,
      relax_column_count: true, // counted here, so that one message serves both readers
      skip_empty_lines: true,
    });
    const wrong = records.flatMap((record, i) => (record.length === expected ? [] : [i]));
    const [first] = wrong;
    if (first === undefined) return records;
    const more = wrong.length === 1 ? '' : ` (${String(wrong.length - 1)} more such lines)`;
    const found = String(records[first]?.length);
    throw shapeError(name, `record ${String(first + 1)}`, 'MISSING COLUMNS', expected, found, more);
  } catch (thrown) {
    if (!(thrown instanceof CsvError)) throw thrown;
    const line = typeof thrown['lines'] === 'number' ? `line ${String(thrown['lines'])}` : 'a line';
    const kind =
      thrown.code === 'CSV_MAX_RECORD_SIZE' ? 'LINE SIZE OVER MAXIMUM' : 'UNQUOTED VALUE';
    // no `cause`: the parser's error holds the record
    throw shapeError(name, line, kind, expected, '', '');
  }
}

/** The header is read by us: the engine renames a repeated name without a word. */
function headerNames(name: string, source: CsvSource, line: string): readonly string[] {
  let names: readonly string[] | undefined;
  try {
    const parsed: readonly (readonly string[])[] = parse(line, { delimiter: source.delimiter });
    names = parsed[0];
  } catch {
    names = undefined;
  }
  if (names === undefined)
    throw new PlexusError('DATA_HEADER', `${name}: line 1: not readable as a header`);
  const seen = new Map<string, number>();
  names.forEach((column, i) => {
    const place = `${name}: column ${String(i + 1)}`;
    // the name itself is not told: in a file without a header it would be a cell
    if (column.trim() === '' || column.length > 128 || /\p{Cc}/u.test(column))
      throw new PlexusError('DATA_HEADER', `${place} has no usable name`);
    const key = column.toLowerCase();
    const before = seen.get(key);
    if (before !== undefined)
      throw new PlexusError('DATA_HEADER', `${place} repeats the name of column ${String(before)}`);
    if (key === '_row')
      throw new PlexusError('DATA_HEADER', `${place} has a name that is taken (_row)`);
    seen.set(key, i + 1);
  });
  return names;
}

function listedColumns(
  name: string,
  source: CsvSource,
  columns: readonly string[],
): readonly string[] {
  const listed = source.columns ?? columns;
  for (const column of listed)
    if (!columns.includes(column))
      throw new PlexusError('DATA_HEADER', `${name}: expected a column ${quoted(column)}`);
  return listed;
}

/** A name of the steward's own config may be told. */
function quoted(column: string): string {
  return PLAIN_NAME.test(column) ? column : 'of the list';
}

/** NUL passes the engine's reader and ends texts early elsewhere. */
async function refuseNul(
  engine: LoadingEngine,
  name: string,
  columns: readonly string[],
): Promise<void> {
  const anyNul = columns.map((column) => `contains(${quoteName(column)}, chr(0))`).join(' OR ');
  const [row] = await engine.rows(
    `SELECT min(_row)::INTEGER FROM ${quoteName(name)} WHERE ${anyNul}`,
    name,
  );
  const first = row?.[0];
  if (first !== null && first !== undefined)
    throw new PlexusError(
      'DATA_CSV_SHAPE',
      `${name}: row ${String(Number(first))}: a NUL character`,
    );
}

interface FileStart {
  readonly firstLine: string;
}

async function readStart(name: string, source: CsvSource): Promise<FileStart> {
  return withFile(name, source, async (file) => {
    const buffer = new Uint8Array(65_536);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
    if (bytesRead === 0) throw new PlexusError('DATA_EMPTY', `${name}: the file is empty`);
    let text: string;
    try {
      const decoder = new TextDecoder(source.encoding, { fatal: true });
      // stream: the block may end inside a character
      text = decoder.decode(buffer.subarray(0, bytesRead), { stream: true });
    } catch {
      if (source.header !== true) return { firstLine: '' }; // the reader will say which line
      text = new TextDecoder(source.encoding).decode(buffer.subarray(0, bytesRead));
      const firstLine = lineOf(text);
      if (firstLine.includes('\ufffd'))
        throw new PlexusError(
          'DATA_ENCODING',
          `${name}: line 1: not valid ${source.encoding}; declare \`encoding\``,
        );
      return { firstLine };
    }
    return { firstLine: lineOf(text) };
  });
}

function lineOf(text: string): string {
  return text.split(/\r\n|\n|\r/, 1)[0] ?? '';
}

async function withFile<T>(
  name: string,
  source: CsvSource,
  use: (file: FileHandle) => Promise<T>,
): Promise<T> {
  let file: FileHandle | undefined;
  try {
    file = await open(source.path, 'r');
    return await use(file);
  } catch (thrown) {
    if (thrown instanceof PlexusError) throw thrown;
    const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'unknown';
    throw new PlexusError('DATA_SOURCE_UNREADABLE', `${name}: cannot read (${code})`);
  } finally {
    await file?.close();
  }
}
