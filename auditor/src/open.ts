/** A bundle by its name on disk: a folder, or the same as one tar file. */
import { realpathSync, statSync } from 'node:fs';
import { PlexusError, type BundleReader } from '@plexus/core';
import { archiveReader } from './archive.js';
import { folderReader } from './folder.js';

/** Errors: operator/FILE_UNREADABLE if there is neither. Whatever is inside is for the verifier to judge. */
export function openBundle(path: string): BundleReader {
  const real = realPath(path);
  const reader = isFolder(real) ? folderReader(real) : archiveReader(real);
  if (reader === undefined)
    throw new PlexusError('FILE_UNREADABLE', `${path}: expected a folder or a tar file to read`);
  return reader;
}

/** The caller's own argument may be a link; nothing inside a bundle may. Errors: operator/FILE_UNREADABLE. */
export function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch (cause) {
    throw new PlexusError('FILE_UNREADABLE', `${path}: cannot read it`, { cause });
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
