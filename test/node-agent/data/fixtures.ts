/** A small hospital: a schema, a mapping, files in a fresh folder. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PlexusError, parseDataSchema, type DataSchema } from '@plexus/core';
import { nodeSuite } from '@plexus/suite';
import { DEFAULT_LIMITS } from '../../../node-agent/src/data/duckdb.ts';
import type { DataPolicy, DataRequest } from '../../../node-agent/src/data/features.ts';
import { approvalDigests, parseMapping } from '../../../node-agent/src/data/mapping.ts';
import { parseSources } from '../../../node-agent/src/data/sources.ts';

export const schemaValue = {
  unit: 'patient',
  maxLevel: 3,
  target: { name: 'sick', type: 'binary', class: 'health-status', level: 3 },
  features: [
    {
      name: 'age',
      type: 'number',
      unit: 'a',
      range: [18, 110],
      outside: 'refuse',
      missing: 'drop-row',
      maxMissing: 0.4,
      scale: 'federated',
      class: 'personal',
      level: 3,
    },
    {
      name: 'pain',
      type: 'category',
      values: ['none', 'some'],
      missing: 'drop-row',
      scale: 'none',
      class: 'health-status',
      level: 3,
    },
  ],
  consent: { mode: 'opt-out' },
  suppression: 'standard',
};

export const sql =
  'SELECT id AS patient, CAST(age AS DOUBLE) AS age, pain, CAST(sick AS INTEGER) > 0 AS sick FROM ward';

/** n good rows after the header id,age,pain,sick. */
export function goodCsv(rows = 8): string {
  const lines = Array.from(
    { length: rows },
    (_, i) => `p${String(i)},${String(40 + i)},${i % 2 === 0 ? 'none' : 'some'},${String(i % 2)}`,
  );
  return ['id,age,pain,sick', ...lines, ''].join('\n');
}

export interface Changes {
  readonly csv?: string | Uint8Array;
  readonly sql?: string;
  readonly source?: object;
  readonly schema?: object;
  readonly policy?: Partial<DataPolicy>;
  readonly limits?: { readonly memoryMb?: number; readonly deadlineMs?: number };
  readonly columns?: object;
  readonly approve?: boolean;
  readonly hospitalKey?: Uint8Array | undefined;
}

export function parsed(value: unknown): DataSchema {
  const result = parseDataSchema(value, 'data');
  if (result.kind === 'refused') throw new Error(JSON.stringify(result.problems));
  return result.schema;
}

export function temporary(): string {
  return mkdtempSync(join(tmpdir(), 'plexus-data-'));
}

export function request(changes: Changes = {}): DataRequest {
  const path = join(temporary(), 'ward.csv');
  writeFileSync(path, changes.csv ?? goodCsv());
  const schema = parsed({ ...schemaValue, ...changes.schema });
  const columns = {
    age: { unit: 'a', class: 'personal', level: 3 },
    pain: { class: 'health-status', level: 3 },
    sick: { class: 'health-status', level: 3 },
    ...changes.columns,
  };
  const text = JSON.stringify({ source: 'ward', columns, sql: changes.sql ?? sql });
  const mapping = parseMapping(nodeSuite, new TextEncoder().encode(text));
  const sources = parseSources({ ward: { kind: 'csv', path, ...changes.source } });
  return {
    study: 'study-1',
    schema,
    mapping,
    sources,
    approved:
      changes.approve === false ? undefined : approvalDigests(nodeSuite, schema, mapping, sources),
    policy: {
      maxLevel: 3,
      suppression: 'standard',
      heldOutFraction: 0.25,
      namespace: 'pid',
      ...changes.policy,
    },
    limits: { ...DEFAULT_LIMITS, ...changes.limits },
    hospitalKey: 'hospitalKey' in changes ? changes.hospitalKey : new Uint8Array(32).fill(7),
  };
}

/** Code and message of a refusal. */
export async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (thrown) {
    if (thrown instanceof PlexusError) return `${thrown.code} ${thrown.message}`;
    throw thrown;
  }
  return 'accepted';
}
