/**
 * The coordinator's folder and its configuration: `coordinator.yaml`, and beside it keys, database, blobs and the published log.
 *
 * Leaves to others: making the files (cli/init.ts), what is in the database (runtime/).
 */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { PlexusError, type Bytes } from '@plexus/core';
import { openUnder, parseStoreKeySource, readStoreKey, sealUnder } from '@plexus/runtime';
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
  /** Where the key lies that seals the keys of CA and log: a path, `env:NAME` or `credential:NAME`. */
  readonly storeKey: string;
  /** Lifetime of members' certificates. */
  readonly memberDays: number;
}

export interface Folder {
  readonly config: string;
  readonly caCertificate: string;
  /** Sealed under the store key. */
  readonly caKey: string;
  readonly logKey: string;
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
    caKey: at('ca.key.sealed'),
    logKey: at('log.key.sealed'),
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
storeKey: ${config.storeKey} # seals the keys of CA and log; or env:NAME, or credential:NAME (systemd)
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
    storeKey: text(fields, 'storeKey'),
    memberDays: number(fields, 'memberDays'),
  };
}

/** The 32 bytes of the store key. Secret. Errors: operator/STORE_KEY_INVALID. */
export function storeKeyOf(dir: string, { storeKey }: Pick<CoordinatorConfig, 'storeKey'>): Bytes {
  return readStoreKey(parseStoreKeySource(storeKey, (path) => resolve(dir, path)));
}

/** Opens a key file that lies sealed. Secret. Errors: operator/FILE_UNREADABLE; environment/SECRET_UNOPENABLE under another store key. */
export function readSealed(file: string, storeKey: Bytes): Bytes {
  try {
    return openUnder(storeKey, basename(file), new Uint8Array(readFileSync(file)));
  } catch (cause) {
    if (cause instanceof PlexusError) throw cause;
    throw new PlexusError('FILE_UNREADABLE', `${file}: cannot be read`, { cause });
  }
}

export function writeSealed(file: string, storeKey: Bytes, secret: Bytes): void {
  writeSecret(file, sealUnder(storeKey, basename(file), secret));
}

export function writeSecret(file: string, content: string | Bytes): void {
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
  storeKey: /^[A-Za-z0-9_.:/-]{1,255}$/,
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
