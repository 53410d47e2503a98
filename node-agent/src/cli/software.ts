/** What this program says of itself in the site log: name, version, and a digest over the files it runs from. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LeafSource } from '@plexus/core';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** The digest covers the agent's own modules, by path; what they import is pinned by the lock file. */
export function software(hospital: string): LeafSource {
  const hash = createHash('sha256');
  const files = readdirSync(ROOT, { recursive: true, encoding: 'utf8' });
  for (const file of files.filter((name) => /\.(js|ts)$/.test(name)).sort())
    hash.update(`${file}\0`).update(readFileSync(join(ROOT, file)));
  const manifest = readFileSync(join(ROOT, '..', 'package.json'), 'utf8');
  return {
    system: 'plexus-agent',
    version: /"version": "([^"]+)"/.exec(manifest)?.[1] ?? '0.0.0',
    build_sha256: hash.digest('hex'),
    node: `hospital/${hospital}`,
  };
}
