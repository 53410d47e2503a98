/** `npm run demo -- --json`, as somebody types it who has cloned the project: real processes, TLS, databases. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { projectRoot } from '../arch/project.ts';
import { sharedFile } from '../data.ts';

type Figures = Readonly<Record<string, number | null>>;

interface DemoResult {
  readonly data: string;
  readonly engine: string;
  readonly rounds: number;
  readonly accuracy: Readonly<Record<'federated' | 'local' | 'pooled', Figures>>;
  readonly auc: DemoResult['accuracy'];
  readonly log: { readonly size: number; readonly verified: boolean };
  readonly bytesOut: Figures;
  readonly paths: Readonly<Record<'dir' | 'log' | 'model', string>>;
  readonly seconds: number;
}

const KEYS = ['cleveland', 'hungarian', 'pooled_test', 'switzerland', 'va'];
const uci = sharedFile('data/uci-heart');
let folder: string;
let status: number | null;
let stdout = '';
let result: DemoResult;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'plexus-e2e-'));
  const start = join(projectRoot, 'sim', 'demo', 'start.mjs');
  const data = uci === undefined ? [] : ['--data', uci];
  const args = [start, '--json', '--dir', join(folder, 'state'), ...data];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (piece: Buffer) => (stderr += piece.toString('utf8')));
  child.stdout.on('data', (piece: Buffer) => (stdout += piece.toString('utf8')));
  status = await new Promise((settle) => child.once('close', settle));
  if (status !== 0) throw new Error(`status ${String(status)}\n${stderr}`);
  result = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as DemoResult;
}, 400_000);
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('the demo', () => {
  it('ends with status 0 and one JSON object on stdout', () => {
    expect(status).toBe(0);
    expect(stdout.trim().split('\n')).toHaveLength(1);
    expect(result).toMatchObject({ rounds: 15, log: { verified: true } });
    expect(result.engine).toMatch(/^dense\/\d/);
    for (const what of ['accuracy', 'auc'] as const)
      for (const who of ['federated', 'local', 'pooled'] as const)
        expect(Object.keys(result[what][who]).sort()).toEqual(KEYS);
  });

  it('has no number of one hospital in the log but roster indices and digests, and every byte that left is counted', () => {
    for (const bytes of Object.values(result.bytesOut)) expect(bytes).toBeGreaterThan(50_000);
    for (const path of Object.values(result.paths)) expect(existsSync(path)).toBe(true);
    expect(result.log.size).toBeGreaterThan(17 * 25);
  });

  it.skipIf(uci === undefined)('reaches the figures of the published benchmark on its data', () => {
    expect(result.data).toBe('uci-heart');
    const { pooled_test: all, ...hospitals } = result.accuracy.federated;
    const values = Object.values(hospitals).map(Number);
    expect(all).toBeGreaterThanOrEqual(0.78);
    expect(values.reduce((sum, x) => sum + x, 0) / values.length).toBeGreaterThanOrEqual(0.785);
    expect(result.auc.federated['pooled_test']).toBeGreaterThanOrEqual(0.875);
  });
});
