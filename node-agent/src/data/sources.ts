/**
 * The steward's source config: which files are read, and into which staging table. Written at the hospital, approved with the mapping.
 *
 * Source: data.md sections 3 and 4. Leaves to others: reading (csv.ts), the SELECT over the staging tables (mapping.ts).
 */
import {
  canonicalBytes,
  digest,
  hex,
  PlexusError,
  type Digest,
  type JsonObject,
  type Suite,
} from '@plexus/core';

export interface CsvSource {
  readonly kind: 'csv';
  readonly path: string;
  /** The Encoding Standard's name, such as utf-8, utf-16le or gb18030; or iso-8859-1, which is Latin-1 proper. */
  readonly encoding: string;
  readonly delimiter: string;
  /** True: the first line names the columns. A list: the file has no header and these are its columns. */
  readonly header: true | readonly string[];
  /** Texts that mean missing. An empty unquoted field always does. */
  readonly nulls: readonly string[];
  /** The columns to load; undefined loads all. */
  readonly columns: readonly string[] | undefined;
  /** The steward's word that these are published or synthetic data: profile `open` and a `split` column are allowed. */
  readonly open: boolean;
}

/** Staging table → source. */
export type Sources = ReadonlyMap<string, CsvSource>;

/** A table or column name that needs no thought in SQL. */
export const PLAIN_NAME: RegExp = /^[A-Za-z][A-Za-z0-9_]{0,62}$/;
const KEYS = ['kind', 'path', 'encoding', 'delimiter', 'header', 'nulls', 'columns', 'open'];

/**
 * Parses the `sources` section of the agent's config.
 *
 * Errors   operator/DATA_CONFIG_INVALID, naming the path of the first problem.
 */
export function parseSources(value: unknown, path = 'sources'): Sources {
  const sources = new Map<string, CsvSource>();
  for (const [name, given] of Object.entries(mapping(value, path))) {
    if (!PLAIN_NAME.test(name)) fail(`${path}.${name}`, 'expected a plain name');
    sources.set(name, parseSource(given, `${path}.${name}`));
  }
  return sources;
}

/** SHA-256 of the config of the named sources: one of the three digests that a steward signs. */
export function sourcesDigest(suite: Suite, sources: Sources, names: readonly string[]): Digest {
  const picked: Record<string, JsonObject> = {};
  for (const name of names) {
    const source = sources.get(name);
    if (source === undefined) fail(`sources.${name}`, 'expected this source, is absent');
    picked[name] = {
      ...source,
      header: source.header === true ? true : [...source.header],
      nulls: [...source.nulls],
      columns: source.columns === undefined ? undefined : [...source.columns],
    };
  }
  return digest(hex(suite.sha256(canonicalBytes(picked))));
}

function parseSource(value: unknown, path: string): CsvSource {
  const fields = mapping(value, path);
  for (const key of Object.keys(fields))
    if (!KEYS.includes(key)) fail(`${path}.${key}`, `unknown key; expected ${KEYS.join(', ')}`);
  if (fields['kind'] !== 'csv') fail(`${path}.kind`, 'expected csv');
  const file = fields['path'];
  if (typeof file !== 'string' || file === '') fail(`${path}.path`, 'expected a path');
  const delimiter = fields['delimiter'] ?? ',';
  if (typeof delimiter !== 'string' || delimiter.length !== 1 || /["\r\n]/.test(delimiter))
    fail(`${path}.delimiter`, 'expected one character');
  const header = fields['header'] ?? true;
  const columns = fields['columns'];
  const open = fields['open'] ?? false;
  if (typeof open !== 'boolean') fail(`${path}.open`, 'expected true or false');
  return {
    kind: 'csv',
    path: file,
    encoding: encodingOf(fields['encoding'] ?? 'utf-8', `${path}.encoding`),
    delimiter,
    header: header === true ? true : names(header, `${path}.header`),
    nulls: fields['nulls'] === undefined ? [] : texts(fields['nulls'], `${path}.nulls`),
    columns: columns === undefined ? undefined : names(columns, `${path}.columns`),
    open,
  };
}

/** The Encoding Standard's own name for a label, so that `UTF8` and `utf-8` are one config. */
function encodingOf(label: unknown, path: string): string {
  if (typeof label !== 'string') fail(path, 'expected an encoding');
  // the Encoding Standard reads these labels as windows-1252, which puts letters where Latin-1 has control characters
  if (/^(latin-?1|iso-?8859-1)$/i.test(label)) return 'iso-8859-1';
  try {
    return new TextDecoder(label).encoding;
  } catch {
    return fail(path, 'expected an encoding of the WHATWG Encoding Standard');
  }
}

function names(value: unknown, path: string): readonly string[] {
  const list = texts(value, path);
  if (list.length === 0 || !list.every((name) => PLAIN_NAME.test(name)))
    fail(path, 'expected plain names');
  if (new Set(list.map((name) => name.toLowerCase())).size !== list.length)
    fail(path, 'expected each name once');
  return list;
}

function texts(value: unknown, path: string): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : fail(path, 'expected a list');
  return list.map((item) => (typeof item === 'string' ? item : fail(path, 'expected texts')));
}

function mapping(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return fail(path, 'expected a mapping');
  return { ...value };
}

function fail(path: string, text: string): never {
  throw new PlexusError('DATA_CONFIG_INVALID', `${path}: ${text}`);
}
