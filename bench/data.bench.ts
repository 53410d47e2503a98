/**
 * The data layer against a SHA-256 of the same bytes, so that the ratios mean something on any machine (data.md section 10).
 *
 * Run: npx vitest bench --run bench/data.bench.ts. The file is synthetic: 100,000 rows of random numbers.
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, bench, describe } from 'vitest';
import { encodeRows, featureColumns, parseDataSchema, utf8 } from '@plexus/core';
import { nodeSuite } from '@plexus/suite';
import { loadCsv } from '../node-agent/src/data/csv.ts';
import { DEFAULT_LIMITS, withEngine } from '../node-agent/src/data/duckdb.ts';
import { loadDataset, type DataRequest } from '../node-agent/src/data/features.ts';
import { approvalDigests, parseMapping } from '../node-agent/src/data/mapping.ts';
import { dataKeys, pseudonym } from '../node-agent/src/data/patient-key.ts';
import { parseSources } from '../node-agent/src/data/sources.ts';

const ROWS = 100_000;
const NAMES = ['a', 'b', 'c', 'd', 'e', 'f'];
const folder = mkdtempSync(join(tmpdir(), 'plexus-bench-'));
const path = join(folder, 'rows.csv');
let state = 1;
const next = (): number => (state = (state * 48271) % 2147483647) / 2147483647;
const lines = Array.from(
  { length: ROWS },
  (_, i) => `p${String(i)},${NAMES.map(() => next().toFixed(4)).join(',')},${String(i % 2)}`,
);
writeFileSync(path, [`id,${NAMES.join(',')},sick`, ...lines, ''].join('\n'));
const bytes = readFileSync(path);

const common = { class: 'health-status', level: 3 };
const parsed = parseDataSchema(
  {
    unit: 'patient',
    maxLevel: 3,
    target: { name: 'sick', type: 'binary', ...common },
    features: NAMES.map((name) => ({
      ...common,
      name,
      type: 'number',
      unit: '1',
      range: [0, 1],
      outside: 'refuse',
      missing: 'refuse',
      scale: 'federated',
    })),
    consent: { mode: 'opt-out' },
    suppression: 'standard',
  },
  'data',
);
if (parsed.kind === 'refused') throw new Error('the bench schema is not valid');
const { schema } = parsed;
const columns: Readonly<Record<string, object>> = Object.fromEntries([
  ...NAMES.map((name) => [name, { ...common, unit: '1' }] as const),
  ['sick', common],
]);
const casts = NAMES.map((name) => `CAST(${name} AS DOUBLE) AS ${name}`).join(', ');
const sql = `SELECT id AS patient, ${casts}, CAST(sick AS INTEGER) > 0 AS sick FROM ward`;
const sources = parseSources({ ward: { kind: 'csv', path } });
const gb18030 = parseSources({ ward: { kind: 'csv', path, encoding: 'gb18030' } });
const mapping = parseMapping(nodeSuite, utf8(JSON.stringify({ source: 'ward', columns, sql })));
const hospitalKey = new Uint8Array(32).fill(1);
const request: DataRequest = {
  study: 'bench',
  schema,
  mapping,
  sources,
  approved: approvalDigests(nodeSuite, schema, mapping, sources),
  policy: { maxLevel: 3, suppression: 'standard', heldOutFraction: 0.25, namespace: 'pid' },
  limits: DEFAULT_LIMITS,
  hospitalKey,
};
const keys = dataKeys(nodeSuite, hospitalKey);
const dataset = await loadDataset(nodeSuite, request);
const scaling = featureColumns(schema).map(() => ({ centre: 0.5, spread: 0.3 }));
const few = { iterations: 3, time: 0, warmupIterations: 1, warmupTime: 0 };

async function loadOnly(given: typeof sources): Promise<void> {
  await withEngine(DEFAULT_LIMITS, async (engine) => {
    for (const [name, source] of given) await loadCsv(engine, name, source);
  });
}

afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe(`${String(ROWS)} rows, 8 columns, ${String(bytes.length)} bytes`, () => {
  bench('SHA-256 of the file', () => {
    createHash('sha256').update(bytes).digest();
  });
  bench(
    'open, lock and close the engine',
    () =>
      withEngine(DEFAULT_LIMITS, async (engine) => {
        await engine.lock();
      }),
    few,
  );
  bench('CSV (UTF-8) into text columns', () => loadOnly(sources), few);
  bench('CSV (GB18030) into text columns', () => loadOnly(gb18030), few);
  bench(
    'the whole path: load, select, check, pseudonyms, split',
    async () => {
      await loadDataset(nodeSuite, request);
    },
    few,
  );
  bench('1,000 pseudonyms', () => {
    for (let i = 0; i < 1000; i++) pseudonym(nodeSuite, keys, 'pid', `p${String(i)}`);
  });
  bench('rows to model input', () => void encodeRows(schema, dataset.columns, scaling), few);
});
