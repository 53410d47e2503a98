/**
 * The hospital's keys on disk: `keys/<role>.sealed` under the store key, the steward's approval key in a file of its own, and the TLS
 * key with its certificates in one file, so that no crash can leave a key beside another key's certificate.
 *
 * Source: audit-log.md 9.4; secure-aggregation.md 4.8. Leaves to others: where the store key comes from (runtime), what a key is for.
 */
import { chmodSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { concat, fromHex, fromUtf8, hex, PlexusError, type Bytes, type Suite } from '@plexus/core';
import type { HospitalKeys } from '../app/hospital-keys.js';
import { readIfThere, writeWhole } from './files.js';

/** What the agent's process itself needs; the approval key is not among them. Secret. */
export type AgentKeys = Omit<HospitalKeys, 'approval'>;

/** PEM. Secret: `keyPem`. */
export interface TlsFiles {
  readonly keyPem: string;
  /** Leaf first. */
  readonly chainPem: string;
}

const SEALED = ['statement', 'cosign', 'site-log', 'data'] as const;
const NONCE_BYTES = 24;
const KEY_END = '-----END PRIVATE KEY-----\n';

/** Errors: operator/FILE_UNWRITABLE. `nonce` draws bytes. */
export function writeKeys(
  suite: Suite,
  folder: string,
  keys: HospitalKeys,
  storeKey: Bytes,
  random: (length: number) => Bytes,
): void {
  makeFolder(folder);
  for (const role of SEALED) {
    const nonce = random(NONCE_BYTES);
    const sealed = concat(nonce, suite.secretboxSeal(storeKey, nonce, keys[role]));
    writeWhole(join(folder, `${role}.sealed`), sealed, 0o600);
  }
  writeWhole(join(folder, 'approval.key'), `${hex(keys.approval)}\n`, 0o600);
}

/** Errors: operator/AGENT_NOT_ENROLLED if one is absent; environment/SECRET_UNOPENABLE under another store key. */
export function readKeys(suite: Suite, folder: string, storeKey: Bytes): AgentKeys {
  const open = (role: (typeof SEALED)[number]): Bytes => {
    const sealed = present(join(folder, `${role}.sealed`));
    const nonce = sealed.slice(0, NONCE_BYTES);
    const opened =
      nonce.length === NONCE_BYTES
        ? suite.secretboxOpen(storeKey, nonce, sealed.slice(NONCE_BYTES))
        : undefined;
    if (opened?.length !== 32)
      throw new PlexusError('SECRET_UNOPENABLE', `key ${role}: does not open under the store key`);
    return opened;
  };
  const [statement, cosign] = [open('statement'), open('cosign')];
  return { statement, cosign, 'site-log': open('site-log'), data: open('data') };
}

/** The steward's seed. Errors: operator/AGENT_NOT_ENROLLED; operator/FILE_UNREADABLE if others may read it or it is no key. */
export function readApprovalKey(folder: string): Bytes {
  const path = join(folder, 'approval.key');
  const text = fromUtf8(present(path)).trim();
  if ((statSync(path).mode & 0o077) !== 0)
    throw new PlexusError('FILE_UNREADABLE', `${path}: expected a file that nobody else may read`);
  if (!/^[0-9a-f]{64}$/.test(text))
    throw new PlexusError('FILE_UNREADABLE', `${path}: expected 32 bytes in hex`);
  return fromHex(text);
}

export function writeTls(folder: string, { keyPem, chainPem }: TlsFiles): void {
  makeFolder(folder);
  writeWhole(join(folder, 'tls.pem'), keyPem + chainPem, 0o600);
}

/** Errors: operator/AGENT_NOT_ENROLLED; operator/FILE_UNREADABLE. */
export function readTls(folder: string): TlsFiles {
  const path = join(folder, 'tls.pem');
  const text = fromUtf8(present(path));
  const end = text.indexOf(KEY_END);
  if (end < 0)
    throw new PlexusError('FILE_UNREADABLE', `${path}: expected a key before its certificates`);
  const at = end + KEY_END.length;
  return { keyPem: text.slice(0, at), chainPem: text.slice(at) };
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    chmodSync(folder, 0o700);
  } catch (cause) {
    throw new PlexusError('FILE_UNWRITABLE', `${folder}: cannot be made`, { cause });
  }
}

function present(path: string): Uint8Array {
  const bytes = readIfThere(path);
  if (bytes === undefined) throw new PlexusError('AGENT_NOT_ENROLLED', `${path}: expected a key`);
  return bytes;
}
