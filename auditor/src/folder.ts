/**
 * An evidence bundle that lies in a folder.
 *
 * What is no plain file is refused and named, not followed: the folder may come from anybody. Source: audit-log.md section 12.
 */
import { readdirSync, type Dirent } from 'node:fs';
import { join } from 'node:path';
import { MAX_READ_BYTES, type BundleEntry, type BundleReader, type Bytes } from '@plexus/core';
import { bytesOf, digestOf, withFile } from './stored.js';

type Refused = ReturnType<BundleReader['refused']>[number];

/** Deeper than any path of a bundle. */
const MOST_LEVELS = 16;

/** Reads and hashes every file once; `read` answers only bytes that still have that hash. */
export function folderReader(folder: string): BundleReader {
  const entries: BundleEntry[] = [];
  const refused: Refused[] = [];
  walk(folder, '', 0);
  const byPath = new Map(entries.map((entry) => [entry.path, entry]));

  function walk(at: string, below: string, level: number): void {
    let found: Dirent[];
    try {
      found = readdirSync(at, { withFileTypes: true });
    } catch {
      refused.push({ path: below, what: 'unreadable' });
      return;
    }
    for (const one of found.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = `${below}${one.name}`;
      const file = join(at, one.name);
      if (one.isSymbolicLink()) refused.push({ path, what: 'link' });
      else if (one.isDirectory() && level < MOST_LEVELS) walk(file, `${path}/`, level + 1);
      else if (!one.isFile()) refused.push({ path, what: 'device' });
      else {
        const entry = withFile(file, (fd, bytes) => ({
          path,
          bytes,
          sha256: digestOf(fd, 0, bytes),
        }));
        if (entry === undefined) refused.push({ path, what: 'unreadable' });
        else entries.push(entry);
      }
    }
  }

  function read(path: string): Bytes | undefined {
    const entry = byPath.get(path);
    if (entry === undefined || entry.bytes > MAX_READ_BYTES) return undefined;
    return withFile(join(folder, path), (fd, bytes) =>
      bytes === entry.bytes && digestOf(fd, 0, bytes) === entry.sha256
        ? bytesOf(fd, 0, bytes)
        : undefined,
    );
  }

  return { list: () => entries, refused: () => refused, read };
}
