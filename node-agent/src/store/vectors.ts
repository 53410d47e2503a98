/**
 * Masked vectors as files named by their digest, from the commit that names them until the coordinator has taken them.
 *
 * Leaves to others: when one may go (app/deliveries.ts).
 */
import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PlexusError } from '@plexus/core';
import type { VectorStore } from '../app/ports.js';
import { writeWhole } from './files.js';

export function vectorFiles(folder: string): VectorStore {
  const at = (digest: string): string => join(folder, digest);
  return {
    async put(digest, bytes) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      writeWhole(at(digest), bytes, 0o600);
    },
    async read(digest, offset, length) {
      let file;
      try {
        file = await open(at(digest), 'r');
      } catch (cause) {
        throw new PlexusError('BLOB_ABSENT', 'vector: expected its file', { cause });
      }
      try {
        const bytes = new Uint8Array(length);
        const { bytesRead } = await file.read(bytes, 0, length, offset);
        return bytes.subarray(0, bytesRead);
      } finally {
        await file.close();
      }
    },
    async remove(digest) {
      await rm(at(digest), { force: true });
    },
  };
}
