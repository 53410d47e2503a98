/**
 * The hospital's mapping of its own data to a study: sources, each column's unit, class and level, and one SQL SELECT.
 *
 * It lives in `mappings/<study>.yaml` at the hospital; no researcher's SQL runs here (I8). A steward signs the digests of schema,
 * mapping and source config, and any changed byte asks for a new approval.
 * Source: data.md section 3. Leaves to others: checking and running the SQL (duckdb.ts, features.ts), the signature (store/).
 */
import { readFile } from 'node:fs/promises';
import { parseDocument } from 'yaml';
import {
  canonicalBytes,
  type DataClass,
  type DataSchema,
  digest,
  type Digest,
  type Finding,
  hex,
  type Json,
  type Level,
  PlexusError,
  schemaFields,
  type Suite,
} from '@plexus/core';
import { sourcesDigest, type Sources } from './sources.js';

export interface MappedColumn {
  readonly unit: string | undefined;
  readonly class: DataClass;
  readonly level: Level;
}

export interface Mapping {
  /** Staging tables that the SELECT may name. */
  readonly sources: readonly string[];
  readonly columns: ReadonlyMap<string, MappedColumn>;
  readonly sql: string;
  /** SHA-256 of the file's bytes. */
  readonly digest: Digest;
}

/** What a steward approves. */
export interface ApprovalDigests {
  readonly schema: Digest;
  readonly mapping: Digest;
  readonly source: Digest;
}

const CLASSES: readonly DataClass[] = [
  'personal',
  'health-status',
  'medical-application',
  'payment',
  'resources',
  'public-health',
];
const LEVELS: readonly Level[] = [1, 2, 3, 4, 5];

/** Errors: operator/DATA_SOURCE_UNREADABLE, operator/DATA_CONFIG_INVALID. */
export async function readMapping(suite: Suite, path: string): Promise<Mapping> {
  try {
    return parseMapping(suite, await readFile(path));
  } catch (thrown) {
    if (thrown instanceof PlexusError) throw thrown;
    throw new PlexusError('DATA_SOURCE_UNREADABLE', 'mapping: cannot read', { cause: thrown });
  }
}

/** Errors: operator/DATA_CONFIG_INVALID. */
export function parseMapping(suite: Suite, bytes: Uint8Array): Mapping {
  const document = parseDocument(new TextDecoder().decode(bytes), { version: '1.2' });
  if (document.errors.length > 0) fail('mapping', 'expected YAML');
  const fields = record(document.toJS({ maxAliasCount: 0 }), 'mapping', [
    'source',
    'columns',
    'sql',
  ]);
  const given: unknown = fields['source'];
  const sources: readonly unknown[] = Array.isArray(given) ? given : [given];
  const sql = fields['sql'];
  if (typeof sql !== 'string' || sql.trim() === '') fail('mapping.sql', 'expected one SELECT');
  const columns = new Map<string, MappedColumn>();
  for (const [name, column] of Object.entries(record(fields['columns'], 'mapping.columns')))
    columns.set(name, parseColumn(column, `mapping.columns.${name}`));
  return {
    sources: sources.map((name) =>
      typeof name === 'string' ? name : fail('mapping.source', 'expected names of sources'),
    ),
    columns,
    sql,
    digest: digest(hex(suite.sha256(bytes))),
  };
}

export function approvalDigests(
  suite: Suite,
  schema: DataSchema,
  mapping: Mapping,
  sources: Sources,
): ApprovalDigests {
  return {
    // a parsed schema holds JSON only
    schema: digest(hex(suite.sha256(canonicalBytes(schema as unknown as Json)))),
    mapping: mapping.digest,
    source: sourcesDigest(suite, sources, mapping.sources),
  };
}

/** True if the steward's signature still covers every byte. */
export function isApproved(approved: ApprovalDigests | undefined, now: ApprovalDigests): boolean {
  return (
    approved?.schema === now.schema &&
    approved.mapping === now.mapping &&
    approved.source === now.source
  );
}

/** What a mapping says of its columns against what the study asks: names, units, levels. Problems all at once. */
export function checkMapping(
  schema: DataSchema,
  mapping: Mapping,
  hospitalMaxLevel: Level,
): readonly Finding[] {
  const problems: Finding[] = [];
  const fields = schemaFields(schema);
  const limit = Math.min(schema.maxLevel, hospitalMaxLevel);
  for (const field of fields) {
    const place = `column ${field.name}`;
    const column = mapping.columns.get(field.name);
    if (column === undefined) {
      problems.push({
        code: 'DATA_COLUMN_MISSING',
        text: `${place}: expected it in the mapping's columns`,
      });
      continue;
    }
    const unit = 'unit' in field ? field.unit : undefined;
    if (column.unit !== unit)
      problems.push({
        code: 'DATA_UNIT_MISMATCH',
        text: `${place}: expected ${unitText(unit)}, got ${unitText(column.unit)}`,
      });
    if (column.level > limit)
      problems.push({
        code: 'DATA_LEVEL_EXCEEDED',
        text: `${place}: level ${String(column.level)}, limit ${String(limit)}`,
      });
  }
  for (const name of mapping.columns.keys())
    if (!fields.some((field) => field.name === name))
      problems.push({
        code: 'DATA_COLUMN_UNEXPECTED',
        text: `column ${name}: the study does not name it`,
      });
  return problems;
}

function parseColumn(value: unknown, path: string): MappedColumn {
  const fields = record(value, path, ['unit', 'class', 'level']);
  const unit = fields['unit'];
  if (unit !== undefined && typeof unit !== 'string') fail(`${path}.unit`, 'expected a UCUM unit');
  const dataClass = CLASSES.find((name) => name === fields['class']);
  const level = LEVELS.find((number) => number === fields['level']);
  if (dataClass === undefined) fail(`${path}.class`, `expected ${CLASSES.join(', ')}`);
  if (level === undefined) fail(`${path}.level`, 'expected 1 to 5');
  return { unit, class: dataClass, level };
}

function record(
  value: unknown,
  path: string,
  allowed?: readonly string[],
): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    fail(path, 'expected a mapping');
  for (const key of Object.keys(value))
    if (allowed?.includes(key) === false)
      fail(`${path}.${key}`, `unknown key; expected ${allowed.join(', ')}`);
  return { ...value };
}

function unitText(unit: string | undefined): string {
  return unit === undefined ? 'no unit' : `unit ${unit}`;
}

function fail(path: string, text: string): never {
  throw new PlexusError('DATA_CONFIG_INVALID', `${path}: ${text}`);
}
