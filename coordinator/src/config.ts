/**
 * The coordinator's folder and its configuration: `coordinator.yaml`, and beside it keys, database, blobs and the published log.
 *
 * Leaves to others: making the files (cli/init.ts), what is in the database (runtime/).
 */
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromHex, PlexusError, type Bytes } from '@plexus/core';
import { parseDocument } from 'yaml';

export interface CoordinatorConfig {
  readonly federation: string;
  /** Where members reach the coordinator: a name or an address, in invites and in the server's certificate. */
  readonly host: string;
  readonly listen: string;
  /** 0 takes a free one at each start. */
  readonly port: number;
  readonly enrolPort: number;
  /** Name of the log; its checkpoints are signed under it. */
  readonly origin: string;
  /** Lifetime of members' certificates. */
  readonly memberDays: number;
}

export interface Folder {
  readonly config: string;
  readonly caCertificate: string;
  /** Secret, as are the two keys below. */
  readonly caKey: string;
  readonly logKey: string;
  readonly storeKey: string;
  readonly database: string;
  readonly blobs: string;
  readonly log: string;
  readonly socket: string;
}

export function folderAt(dir: string): Folder {
  const at = (name: string): string => join(dir, name);
  return {
    config: at('coordinator.yaml'),
    caCertificate: at('ca.crt.pem'),
    caKey: at('ca.key.pem'),
    logKey: at('log.key'),
    storeKey: at('store.key'),
    database: at('coordinator.db'),
    blobs: at('blobs'),
    log: at('log'),
    socket: at('coordinator.sock'),
  };
}

export function configText(config: CoordinatorConfig): string {
  return `# plexus-coordinator: restart it after a change.
federation: ${config.federation}
host: ${config.host} # where members reach this coordinator; in invites and in its certificate
listen: "${config.listen}" # address to listen on
port: ${String(config.port)} # for members, with mutual TLS
enrolPort: ${String(config.enrolPort)} # for enrolment only
origin: ${config.origin} # name of the log; never change it
memberDays: ${String(config.memberDays)} # lifetime of members' certificates
`;
}

/** Errors: operator/FILE_UNREADABLE; operator/COORDINATOR_CONFIG_INVALID naming the key. */
export function readConfig(file: string): CoordinatorConfig {
  const document = parseDocument(readText(file), { version: '1.2' });
  const [error] = document.errors;
  if (error !== undefined)
    throw invalid(file, `not YAML, line ${String(error.linePos?.[0].line ?? 0)}`);
  const value: unknown = document.toJS({ maxAliasCount: 0 });
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid(file, 'expected a mapping');
  const fields: Readonly<Record<string, unknown>> = { ...value };
  const known = [...Object.keys(TEXTS), ...Object.keys(NUMBERS)];
  for (const key of Object.keys(fields))
    if (!known.includes(key)) throw invalid(key, `unknown key; expected ${known.join(', ')}`);
  return {
    federation: text(fields, 'federation'),
    host: text(fields, 'host'),
    listen: text(fields, 'listen'),
    port: number(fields, 'port'),
    enrolPort: number(fields, 'enrolPort'),
    origin: text(fields, 'origin'),
    memberDays: number(fields, 'memberDays'),
  };
}

/** 32 bytes, kept as hex in a file that only its owner can read. Errors: operator/FILE_UNREADABLE, COORDINATOR_CONFIG_INVALID. */
export function readKey(file: string): Bytes {
  const line = readSecret(file).trim();
  if (!/^[0-9a-f]{64}$/.test(line)) throw invalid(file, 'expected 64 hex digits'); // the content is never shown
  return fromHex(line);
}

export function readSecret(file: string): string {
  const content = readText(file);
  if ((statSync(file).mode & 0o077) !== 0)
    throw invalid(file, 'expected mode 0600, others can read the key');
  return content;
}

export function writeSecret(file: string, content: string): void {
  writeFileSync(file, content, { mode: 0o600, flag: 'wx' });
  chmodSync(file, 0o600); // whatever the umask was
}

export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new PlexusError('FILE_UNREADABLE', `${file}: cannot be read`, { cause });
  }
}

const NAME = '[a-z][a-z0-9]*(-[a-z0-9]+)*';
const TEXTS = {
  federation: new RegExp(`^${NAME}$`),
  host: /^[a-z0-9][a-z0-9.:-]{0,252}$/,
  listen: /^[A-Za-z0-9.:-]{1,253}$/,
  origin: new RegExp(`^[a-z0-9][a-z0-9.-]*(:\\d{1,5})?/plexus/${NAME}$`),
} as const;
const NUMBERS = { port: [0, 65_535], enrolPort: [0, 65_535], memberDays: [1, 825] } as const;

function text(fields: Readonly<Record<string, unknown>>, key: keyof typeof TEXTS): string {
  const value = fields[key];
  if (typeof value === 'string' && TEXTS[key].test(value)) return value;
  throw invalid(key, `expected a text of the form ${TEXTS[key].source}`);
}

function number(fields: Readonly<Record<string, unknown>>, key: keyof typeof NUMBERS): number {
  const value = fields[key];
  const [least, most] = NUMBERS[key];
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most)
    return value;
  throw invalid(key, `expected a whole number in ${String(least)}..${String(most)}`);
}

function invalid(place: string, expectation: string): PlexusError {
  return new PlexusError('COORDINATOR_CONFIG_INVALID', `${place}: ${expectation}`);
}
