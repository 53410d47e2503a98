/**
 * The bytes of a tile or entry bundle: from the store before it is published, from its file afterwards.
 *
 * Leaves to others: their form (core's tiles.ts), writing and comparing them (publish.ts, published-check.ts).
 */
import { join } from 'node:path';
import { encodeBundle, parseBundle, TILE_WIDTH, tileFile, tilePath } from '@plexus/core';
import type { Bytes, Tile } from '@plexus/core';
import { readIfThere } from './files.js';
import { withNodes } from './nodes.js';
import type { LogStore } from './port.js';

const HASH_BYTES = 32;

export async function readTile(store: LogStore, tile: Tile): Promise<Bytes> {
  const first = Number(tile.index) * TILE_WIDTH;
  const entries = tile.level === 'entries' ? await store.entries(first, tile.width) : [];
  const entry = (seq: number): Bytes => entries[seq - first] ?? new Uint8Array(0);
  return withNodes(store, (node) => tileFile(tile, { node, entry }).bytes);
}

/** A partial tile that is gone is the beginning of the full one. Undefined if neither is there. */
export async function readPublishedTile(folder: string, tile: Tile): Promise<Bytes | undefined> {
  const own = await readIfThere(join(folder, tilePath(tile)));
  if (own !== undefined || tile.width === TILE_WIDTH) return own;
  const full = await readIfThere(join(folder, tilePath({ ...tile, width: TILE_WIDTH })));
  if (full === undefined) return undefined;
  return tile.level === 'entries'
    ? encodeBundle(parseBundle(full).slice(0, tile.width))
    : full.slice(0, HASH_BYTES * tile.width);
}
