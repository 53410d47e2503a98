/**
 * The same training on every Node that the product supports gives the same bytes. npm ships the binaries as packages; they are
 * fetched into a temporary folder. Skips loudly where no registry answers.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { digestInProcess } from './engine-runs.ts';

const VERSIONS = ['20', '22', '24', '26'];
/** Of training-digest.mjs. */
const ENGINES = ['dense', 'wasm'];

const folder = mkdtempSync(join(tmpdir(), 'plexus-versions-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Path of a version's binary, or undefined after a loud line. */
function fetchNode(version: string): string | undefined {
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  const target = join(folder, version);
  mkdirSync(target);
  try {
    const run = { cwd: target, timeout: 600_000, encoding: 'utf8' } as const;
    const packed = execFileSync('npm', ['pack', `${name}@${version}`, '--silent'], run).trim();
    execFileSync('tar', ['xzf', packed, 'package/bin/node'], run);
  } catch (thrown) {
    console.warn(`SKIPPED: Node ${version} cannot be fetched: ${String(thrown).split('\n')[0]!}`);
    return undefined;
  }
  return join(target, 'package', 'bin', 'node');
}

const nodes = VERSIONS.flatMap((version) => {
  const path = fetchNode(version);
  return path === undefined ? [] : [{ version, path }];
});

describe.skipIf(nodes.length < 2).each(ENGINES)('the %s engine', (engine) => {
  it(`gives the same bytes on Node ${nodes.map(({ version }) => version).join(', ')}`, async () => {
    const own = await digestInProcess(process.execPath, engine);
    expect(own).toMatch(/^[0-9a-f]{64}$/);
    for (const { version, path } of nodes) {
      const running = execFileSync(path, ['--version'], { encoding: 'utf8' });
      expect(running.startsWith(`v${version}.`)).toBe(true);
      expect(await digestInProcess(path, engine), `Node ${version}`).toBe(own);
    }
  });
});
