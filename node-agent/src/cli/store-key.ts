/** The store key of a folder: made once at enrolment where it is a file, brought by the hospital's own means otherwise. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { PlexusError, type Bytes } from '@plexus/core';
import { readStoreKey } from '@plexus/runtime';
import { readConfig } from '../config.js';
import { writeWhole } from '../store/files.js';
import type { AgentFolder } from './folder.js';

/** Secret. Errors: operator/STORE_KEY_INVALID; those of the configuration. */
export function storeKeyOf(folder: AgentFolder): Bytes {
  return readStoreKey(readConfig(folder.config).storeKey);
}

/** The same, after making the key file if the configuration names one that is not there. Secret. */
export function makeStoreKey(folder: AgentFolder): Bytes {
  const source = readConfig(folder.config).storeKey;
  if (source.kind === 'file' && !existsSync(source.path)) {
    try {
      mkdirSync(dirname(source.path), { recursive: true, mode: 0o700 });
    } catch (cause) {
      throw new PlexusError('FILE_UNWRITABLE', `${source.path}: cannot be made`, { cause });
    }
    writeWhole(source.path, `${randomBytes(32).toString('hex')}\n`, 0o600);
  }
  return readStoreKey(source);
}
