/** Where a long test writes what it counted: bench/results/long/<name>.json, with the machine that it ran on. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from './arch/project.ts';

const folder = join(projectRoot, 'bench', 'results', 'long');

export function writeResult(name: string, counted: object, startedMs: number): void {
  mkdirSync(folder, { recursive: true });
  const machine = {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    node: process.version,
  };
  const seconds = Math.round((performance.now() - startedMs) / 1000);
  const text = JSON.stringify({ ...counted, seconds, machine }, undefined, 2);
  writeFileSync(join(folder, `${name}.json`), `${text}\n`);
}

/** What the last run of the test wrote. */
export function readResult(name: string): Readonly<Record<string, unknown>> {
  return JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as Record<string, unknown>;
}
