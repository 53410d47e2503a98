/**
 * Small files that must be whole or absent: written beside their place, synced, then renamed over it.
 *
 * Leaves to others: what is in them (enrolment.ts, key-files.ts, requests.ts).
 */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { PlexusError } from '@plexus/core';

/** Errors: operator/FILE_UNWRITABLE. */
export function writeWhole(path: string, content: string | Uint8Array, mode: number): void {
  const beside = `${path}.new`;
  try {
    const file = openSync(beside, 'w', mode);
    try {
      writeFileSync(file, content);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(beside, path);
    const folder = openSync(dirname(path), 'r');
    try {
      fsyncSync(folder); // else the name itself may be lost with the power
    } finally {
      closeSync(folder);
    }
  } catch (cause) {
    throw new PlexusError('FILE_UNWRITABLE', `${path}: cannot be written`, { cause });
  }
}

/** The bytes, or undefined if there is no such file. Errors: operator/FILE_UNREADABLE. */
export function readIfThere(path: string): Uint8Array | undefined {
  try {
    return new Uint8Array(readFileSync(path));
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw new PlexusError('FILE_UNREADABLE', `${path}: cannot be read`, { cause });
  }
}
