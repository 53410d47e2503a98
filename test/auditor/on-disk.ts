/** Bundles on disk, as a folder and as a tar file, and the built `plexus-audit` as a process of its own. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { concat, TAR_END, tarHeader, tarPadding, type Bytes } from '@plexus/core';
import type { Files } from '../audit-bundle.ts';

const BINARY = fileURLToPath(new URL('../../auditor/bin/plexus-audit.js', import.meta.url));

export function freshFolder(): string {
  return mkdtempSync(join(tmpdir(), 'plexus-auditor-'));
}

export function writeFolder(files: Files): string {
  const folder = freshFolder();
  for (const [path, bytes] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  }
  return folder;
}

export function tarOf(files: Files): Bytes {
  const sorted = [...files].sort(([a], [b]) => (a < b ? -1 : 1));
  const parts = sorted.flatMap(([path, bytes]) => [
    tarHeader(path, bytes.length),
    bytes,
    new Uint8Array(tarPadding(bytes.length)),
  ]);
  return concat(...parts, TAR_END);
}

export function writeTar(bytes: Bytes): string {
  const file = join(freshFolder(), 'evidence.tar');
  writeFileSync(file, bytes);
  return file;
}

export interface Ran {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

export function plexusAudit(...args: readonly string[]): Ran {
  const env = { ...process.env, NO_COLOR: '1' };
  const ran = spawnSync(process.execPath, [BINARY, ...args], { env, encoding: 'utf8' });
  return { status: ran.status, out: ran.stdout, err: ran.stderr };
}
