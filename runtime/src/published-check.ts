/**
 * The check at start: the published files are those of this database, and not newer than it.
 *
 * A database restored from a backup is the likeliest way to two histories by accident: it would sign other leaves under sizes that the
 * world has seen. Source: audit-log.md D7 and D8. Leaves to others: going on from there (publish.ts).
 */
import { join } from 'node:path';
import {
  bundlesOf,
  equalBytes,
  openCheckpoint,
  PlexusError,
  tilePath,
  tilesOf,
  type Bytes,
  type Suite,
  type Tile,
  type VerifierKey,
} from '@plexus/core';
import { readIfThere } from './files.js';
import { rootAt } from './nodes.js';
import type { LogStore, SignedHead } from './port.js';
import { readTile } from './tile-file.js';

/** The published head, if there is one. Errors: environment/LOG_BEHIND, LOG_CONFLICT. */
export async function checkPublished(
  suite: Suite,
  store: LogStore,
  folder: string,
  key: VerifierKey,
): Promise<SignedHead | undefined> {
  const { size } = await store.tree();
  const signed = await store.lastSigned();
  const note = await readIfThere(join(folder, 'checkpoint'));
  const published = note === undefined ? undefined : readHead(suite, note, key);
  for (const head of [signed, published]) {
    if (head === undefined) continue;
    if (head.size > size) throw behind(head.size, `has ${String(size)} leaves`);
    if (!equalBytes(head.root, await rootAt(suite, store, head.size)))
      throw conflict(`checkpoint ${String(head.size)}`);
    if (head.size > (signed?.size ?? 0)) throw behind(head.size, 'does not know of the signature');
  }
  if (published !== undefined)
    for (const tile of rightEdge(published.size)) {
      const found = await readIfThere(join(folder, tilePath(tile)));
      if (found === undefined || !equalBytes(found, await readTile(store, tile)))
        throw conflict(tilePath(tile));
    }
  return published;
}

function readHead(suite: Suite, note: Bytes, key: VerifierKey): SignedHead {
  try {
    const { size, root } = openCheckpoint(suite, note, key).checkpoint;
    return { size: Number(size), root, note };
  } catch (cause) {
    throw conflict('checkpoint', cause);
  }
}

/** The last tile of each level and the last bundle: what a crash, or a copy that stopped half way, would lack. */
function rightEdge(size: number): readonly Tile[] {
  const last = new Map([...tilesOf(size), ...bundlesOf(size)].map((tile) => [tile.level, tile]));
  return [...last.values()];
}

function behind(published: number, what: string): PlexusError {
  return new PlexusError(
    'LOG_BEHIND',
    `log: ${String(published)} leaves are published, the database ${what}`,
  );
}

function conflict(place: string, cause?: unknown): PlexusError {
  return new PlexusError('LOG_CONFLICT', `log: the published ${place} is not of this database`, {
    cause,
  });
}
