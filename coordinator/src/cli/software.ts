/** What this program says of itself in the log: name, version, and a digest over the files it runs from. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LeafSource } from '@plexus/core';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** The digest covers the coordinator's own modules, sorted by path; what it imports is pinned by the lock file. */
export function software(): LeafSource {
  const hash = createHash('sha256');
  const files = readdirSync(ROOT, { recursive: true, encoding: 'utf8' });
  for (const file of files.filter((name) => /\.(js|ts)$/.test(name)).sort())
    hash
      .update(file)
      .update('\0')
      .update(readFileSync(join(ROOT, file)));
  return {
    system: 'plexus-coordinator',
    version: versionOf(readFileSync(join(ROOT, '..', 'package.json'), 'utf8')),
    build_sha256: hash.digest('hex'),
    node: 'coordinator',
  };
}

function versionOf(manifest: string): string {
  return /"version": "([^"]+)"/.exec(manifest)?.[1] ?? '0.0.0';
}
