/**
 * Tiles: the tree and its entries as immutable files.
 *
 * Source: C2SP tlog-tiles; audit-log.md 3.5. Indexes count in base 1000 in the path, 256 hashes a tile.
 * Leaves to others: writing and reading the files.
 */
import { concat, type Bytes } from '../base/bytes.js';
import { PlexusError } from '../base/error.js';
import type { NodeReader } from './tree.js';

export const TILE_WIDTH = 256;
const MAX_LEVEL = 63;
const HASH_BYTES = 32;
const MAX_ENTRY = 65_535;

export interface Tile {
  /** Tree level in steps of 8: tile level l holds nodes of tree level 8·l. `entries` is the entry bundle. */
  readonly level: number | 'entries';
  readonly index: bigint;
  /** Hashes or entries: 256 for a full tile. */
  readonly width: number;
}

export function tilePath({ level, index, width }: Tile): string {
  const digits = String(index).padStart(Math.ceil(String(index).length / 3) * 3, '0');
  const groups = digits.match(/\d{3}/g) ?? [];
  const name = groups.map((group, i) => (i < groups.length - 1 ? `x${group}` : group)).join('/');
  const partial = width === TILE_WIDTH ? '' : `.p/${String(width)}`;
  return `tile/${String(level)}/${name}${partial}`;
}

/** The tile that a path names, or undefined. One tile has one path. Total on peer input. */
export function parseTilePath(path: string): Tile | undefined {
  const match =
    /^tile\/(entries|0|[1-9]\d?)\/((?:x\d{3}\/){0,5}\d{3})(?:\.p\/([1-9]\d{0,2}))?$/.exec(path);
  if (match === null) return undefined;
  const [, where = '', groups = '', partial] = match;
  const level = where === 'entries' ? where : Number(where);
  const width = partial === undefined ? TILE_WIDTH : Number(partial);
  if ((level !== 'entries' && level > MAX_LEVEL) || (partial !== undefined && width >= TILE_WIDTH))
    return undefined;
  const tile: Tile = { level, index: BigInt(groups.replace(/[x/]/g, '')), width };
  return tilePath(tile) === path ? tile : undefined; // leading groups of zeros are another spelling
}

/** Every tile of a tree of this size, entry bundles left out: per level the full ones, then the partial one if any. */
export function tilesOf(size: number): readonly Tile[] {
  const tiles: Tile[] = [];
  for (let level = 0, nodes = size; nodes > 0; level++, nodes = Math.floor(nodes / TILE_WIDTH))
    tiles.push(...tilesOfLevel(level, nodes));
  return tiles;
}

/** The entry bundles of a log of this size: the shape of its level-0 tiles. */
export function bundlesOf(size: number): readonly Tile[] {
  return tilesOfLevel('entries', size);
}

/** The tiles and bundles of `size` that did not exist at `from`: what publishing a new head has to write. */
export function tilesSince(from: number, size: number): readonly Tile[] {
  const before = new Set([...tilesOf(from), ...bundlesOf(from)].map(tilePath));
  return [...tilesOf(size), ...bundlesOf(size)].filter((tile) => !before.has(tilePath(tile)));
}

/** Hash i of tile n at level l = MTH(D[(256n+i)·256^l : (256n+i+1)·256^l]): always a complete subtree. */
export function tileBytes(tile: Tile, node: NodeReader): Bytes {
  const { level, index, width } = tile;
  if (level === 'entries')
    throw new PlexusError('STATE_UNEXPECTED', 'tile: a bundle has no hashes');
  const first = Number(index) * TILE_WIDTH;
  return concat(...Array.from({ length: width }, (_, i) => node(8 * level, first + i)));
}

/** Errors: peer/TILE_INVALID unless the bytes are `width` hashes. */
export function parseTile(bytes: Bytes, width: number): readonly Bytes[] {
  if (bytes.length !== width * HASH_BYTES)
    throw new PlexusError(
      'TILE_INVALID',
      `tile: expected ${String(width * HASH_BYTES)} bytes, got ${String(bytes.length)}`,
    );
  return Array.from({ length: width }, (_, i) =>
    bytes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES),
  );
}

/** u16be length, then the entry. Errors: bug/STATE_UNEXPECTED on an entry that is too long. */
export function encodeBundle(entries: readonly Bytes[]): Bytes {
  return concat(
    ...entries.flatMap((entry) => {
      if (entry.length > MAX_ENTRY)
        throw new PlexusError('STATE_UNEXPECTED', 'bundle: entry longer than 65535 bytes');
      return [Uint8Array.of(entry.length >> 8, entry.length & 255), entry];
    }),
  );
}

/** Errors: peer/TILE_INVALID on a torn entry or more than 256 of them. */
export function parseBundle(bytes: Bytes): readonly Bytes[] {
  const entries: Bytes[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
    const end = at + 2 + length;
    if (end > bytes.length || entries.length === TILE_WIDTH)
      throw new PlexusError('TILE_INVALID', `bundle: torn or overlong at byte ${String(at)}`);
    entries.push(bytes.subarray(at + 2, end));
    at = end;
  }
  return entries;
}

function tilesOfLevel(level: Tile['level'], nodes: number): readonly Tile[] {
  const full = Math.floor(nodes / TILE_WIDTH);
  const width = nodes % TILE_WIDTH;
  const tiles: Tile[] = [];
  for (let i = 0; i < full; i++) tiles.push({ level, index: BigInt(i), width: TILE_WIDTH });
  if (width > 0) tiles.push({ level, index: BigInt(full), width });
  return tiles;
}
