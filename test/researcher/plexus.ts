/** Runs the built `plexus` as a process of its own, as a person would. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const BINARY = fileURLToPath(new URL('../../researcher/bin/plexus.js', import.meta.url));

export interface Ran {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

export function plexus(cwd: string, ...args: readonly string[]): Ran {
  const env = { ...process.env, NO_COLOR: '1' };
  const ran = spawnSync(process.execPath, [BINARY, ...args], { cwd, env, encoding: 'utf8' });
  return { status: ran.status, out: ran.stdout, err: ran.stderr };
}

export function freshFolder(): string {
  return mkdtempSync(join(tmpdir(), 'plexus-researcher-'));
}
