/**
 * Where a researcher's credentials live: `--home`, else `$XDG_CONFIG_HOME/plexus`, else `~/.config/plexus`. One file, mode 0600.
 *
 * Leaves to others: getting them (cli/enrol.ts).
 */
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { asPlexusError, PlexusError } from '@plexus/core';
import type { Credentials } from './research-api.js';

const FILE = 'credentials.json';
const TEXTS = ['federation', 'id', 'host', 'caPem', 'chainPem', 'keyPem'] as const;

export function homeFolder(chosen: string | undefined): string {
  const base = process.env['XDG_CONFIG_HOME'] ?? join(homedir(), '.config');
  return chosen ?? join(base, 'plexus');
}

/** Errors: operator/FILE_UNWRITABLE. */
export function saveCredentials(home: string, credentials: Credentials): void {
  const file = join(home, FILE);
  try {
    mkdirSync(home, { recursive: true, mode: 0o700 });
    writeFileSync(`${file}.new`, `${JSON.stringify(credentials, undefined, 2)}\n`, { mode: 0o600 });
    renameSync(`${file}.new`, file); // a crash leaves the old credentials or the new ones, never half
  } catch (thrown) {
    throw asPlexusError(thrown, 'FILE_UNWRITABLE');
  }
}

/** Errors: operator/NOT_ENROLLED if there are none; operator/CONFIG_INVALID if others can read them or they are not ours. */
export function loadCredentials(home: string): Credentials {
  const file = join(home, FILE);
  let text: string;
  let mode: number;
  try {
    text = readFileSync(file, 'utf8');
    ({ mode } = statSync(file));
  } catch (cause) {
    throw new PlexusError('NOT_ENROLLED', `${file}: expected credentials`, { cause });
  }
  if ((mode & 0o077) !== 0)
    throw new PlexusError('CONFIG_INVALID', `${file}: expected mode 0600, others can read the key`);
  const fields = readFields(text);
  const [federation, id, host, caPem, chainPem, keyPem] = TEXTS.map((name) => fields?.[name]);
  const port = fields?.['port'];
  const log = fields?.['log'];
  const { origin, vkey } = isFields(log) ? log : {};
  if (
    isText(federation) &&
    isText(id) &&
    isText(host) &&
    isText(caPem) &&
    isText(chainPem) &&
    isText(keyPem) &&
    typeof port === 'number' &&
    isText(origin) &&
    isText(vkey)
  )
    return { federation, id, host, port, caPem, chainPem, keyPem, log: { origin, vkey } };
  throw new PlexusError('CONFIG_INVALID', `${file}: expected what plexus enrol wrote`);
}

function readFields(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isFields(value) ? value : undefined;
  } catch {
    return undefined; // a JSON error quotes its input, and there is a key in it
  }
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
