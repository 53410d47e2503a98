/** What the demo reads out of the exported log itself. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  bundlesOf,
  parseBundle,
  parseBundleIndex,
  readLeaf,
  tilePath,
  PlexusError,
} from '@plexus/core';

/** The engine that hospitals said they trained with; several are joined. Errors: operator/FILE_UNREADABLE. */
export function engineOf(evidence: string): string {
  const index = parseBundleIndex(read(join(evidence, 'bundle.json')));
  const engines = new Set<string>();
  for (const tile of bundlesOf(index?.size ?? 0))
    for (const bytes of parseBundle(read(join(evidence, 'log', tilePath(tile))))) {
      const leaf = readLeaf(bytes);
      if (leaf.kind !== 'leaf' || leaf.leaf.type !== 'round.ready') continue;
      const { engine } = leaf.leaf.data;
      if (typeof engine === 'string') engines.add(engine);
    }
  return [...engines].sort().join(', ');
}

function read(path: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(path));
  } catch (cause) {
    throw new PlexusError('FILE_UNREADABLE', `${path}: cannot be read`, { cause });
  }
}
