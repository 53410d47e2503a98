/**
 * V4: the leaves hash to the tiles, the tiles to each other, and all of them to the signed root.
 *
 * Every tile file present is checked, those of older sizes too: a partial tile is a prefix of what stands there now.
 * Source: audit-log.md 3.5 and section 10. Leaves to others: what the leaves say.
 */
import { base64, equalBytes, hex, type Bytes } from '../../base/bytes.js';
import { PlexusError } from '../../base/error.js';
import type { Suite } from '../../base/suite.js';
import { leafHash } from '../merkle.js';
import {
  bundlesOf,
  parseBundle,
  parseTilePath,
  TILE_WIDTH,
  tilePath,
  tilesOf,
  type Tile,
} from '../tiles.js';
import { appendLeafHash, EMPTY_TREE, rootOf, treeAt, type NodeReader } from '../tree.js';
import type { BundleReader } from './files.js';
import { atCheckpoint, atLeaf, type AuditFinding, FindingList, inFile, inTile } from './finding.js';
import type { SignedHead } from './signed-head.js';

export interface VerifiedTree {
  readonly entries: readonly Bytes[];
  readonly hashes: readonly Bytes[];
  /** Root of the first `size` leaves. */
  readonly rootAt: (size: number) => Bytes;
  readonly tiles: number;
}

export function checkTree(
  suite: Suite,
  reader: BundleReader,
  head: SignedHead,
): { readonly tree: VerifiedTree | undefined; readonly findings: readonly AuditFinding[] } {
  const findings = new FindingList();
  // the coordinator may sign any size: what is absent is not enumerated, so the work is bounded by the files there are
  const bundles = reader.list().filter(({ path }) => path.startsWith('log/tile/entries/')).length;
  if (Math.ceil(head.size / TILE_WIDTH) > bundles) {
    const has = `${String(bundles)} entry bundles, too few for ${String(head.size)} leaves`;
    findings.push(inTile('A202', 'entries', has));
    return { tree: undefined, findings: findings.all() };
  }
  const entries = readEntries(reader, head.size, findings);
  if (entries === undefined) return { tree: undefined, findings: findings.all() };
  const hashes = entries.map((entry) => leafHash(suite, entry));
  const { root, node } = growTree(suite, hashes);
  const tiles = checkTiles(reader, head.size, entries, node, findings);
  if (!equalBytes(root, head.root))
    findings.push(
      atCheckpoint(
        'FAIL',
        'A205',
        String(head.size),
        `root recomputed from the leaves is ${base64(root)}, checkpoint says ${base64(head.root)}`,
      ),
    );
  const rootAt = (size: number): Bytes => rootOf(suite, treeAt(size, node));
  return { tree: { entries, hashes, rootAt, tiles }, findings: findings.all() };
}

/** The entries of the newest bundles, or undefined when one is absent or torn: then nothing above can be computed. */
function readEntries(
  reader: BundleReader,
  size: number,
  findings: FindingList,
): readonly Bytes[] | undefined {
  const entries: Bytes[] = [];
  let whole = true;
  for (const tile of bundlesOf(size)) {
    const found = readBundle(reader, tile, findings);
    if (found === undefined) whole = false;
    else for (const entry of found) entries.push(entry);
  }
  return whole ? entries : undefined;
}

function readBundle(
  reader: BundleReader,
  tile: Tile,
  findings: FindingList,
): readonly Bytes[] | undefined {
  const bytes = reader.read(`log/${tilePath(tile)}`);
  if (bytes === undefined) {
    findings.push(inTile('A202', nameOf(tile), 'missing'));
    return undefined;
  }
  try {
    const entries = parseBundle(bytes);
    if (entries.length === tile.width) return entries;
    findings.push(
      inTile(
        'A202',
        nameOf(tile),
        `length ${String(entries.length)} expected ${String(tile.width)}`,
      ),
    );
  } catch (thrown) {
    if (!(thrown instanceof PlexusError)) throw thrown;
    findings.push(
      inTile('A202', nameOf(tile), `length ${String(bytes.length)} expected whole entries`),
    );
  }
  return undefined;
}

function growTree(suite: Suite, hashes: readonly Bytes[]): { root: Bytes; node: NodeReader } {
  const levels: Bytes[][] = [];
  let tree = EMPTY_TREE;
  for (const leaf of hashes) {
    const appended = appendLeafHash(suite, tree, leaf);
    tree = appended.tree;
    for (const { level, hash } of appended.completed) (levels[level] ??= []).push(hash);
  }
  const node: NodeReader = (level, index) => {
    const hash = levels[level]?.[index];
    if (hash === undefined) throw new PlexusError('STATE_UNEXPECTED', 'tree: node outside the log');
    return hash;
  };
  return { root: rootOf(suite, tree), node };
}

/** Compares every tile with what the leaves give; answers how many there are. */
function checkTiles(
  reader: BundleReader,
  size: number,
  entries: readonly Bytes[],
  node: NodeReader,
  findings: FindingList,
): number {
  const wanted = new Set(tilesOf(size).map((tile) => `log/${tilePath(tile)}`));
  const present = reader.list().filter(({ path }) => path.startsWith('log/tile/'));
  for (const { path } of present) {
    wanted.delete(path);
    const tile = parseTilePath(path.slice('log/'.length));
    const inside = tile !== undefined && isInside(tile, size);
    if (!inside) findings.push(inFile('FAIL', 'A202', path, 'no tile of a log of this size'));
    else if (tile.level === 'entries') checkOlderBundle(reader, tile, size, entries, findings);
    else checkTile(reader, tile.level, tile, node, findings);
  }
  for (const path of wanted) {
    const tile = parseTilePath(path.slice('log/'.length));
    if (tile !== undefined) findings.push(inTile('A202', nameOf(tile), 'missing'));
  }
  return present.length;
}

function checkTile(
  reader: BundleReader,
  level: number,
  tile: Tile,
  node: NodeReader,
  findings: FindingList,
): void {
  const bytes = reader.read(`log/${tilePath(tile)}`) ?? new Uint8Array(0);
  const expected = tile.width * 32;
  if (bytes.length !== expected) {
    findings.push(
      inTile('A202', nameOf(tile), `length ${String(bytes.length)} expected ${String(expected)}`),
    );
    return;
  }
  const first = Number(tile.index) * TILE_WIDTH;
  for (let i = 0; i < tile.width; i++) {
    const says = bytes.subarray(32 * i, 32 * (i + 1));
    const found = node(8 * level, first + i);
    if (equalBytes(says, found)) continue;
    findings.push(
      level === 0
        ? atLeaf(
            'A203',
            first + i,
            `bytes do not hash to the tile: found ${hex(found)}, tile says ${hex(says)}`,
          )
        : inTile(
            'A204',
            nameOf(tile),
            `hash ${String(i)} is not the hash of tile ${String(level - 1)}/${String(first + i)}`,
          ),
    );
  }
}

/** The bundle of an older size holds the first entries of the newest one. */
function checkOlderBundle(
  reader: BundleReader,
  tile: Tile,
  size: number,
  entries: readonly Bytes[],
  findings: FindingList,
): void {
  const first = Number(tile.index) * TILE_WIDTH;
  if (tile.width === Math.min(TILE_WIDTH, size - first)) return; // the newest: the entries come from it
  const older = readBundle(reader, tile, findings) ?? [];
  for (const [i, entry] of older.entries()) {
    const now = entries[first + i];
    if (now !== undefined && !equalBytes(entry, now))
      findings.push(
        inTile('A202', nameOf(tile), `entry ${String(first + i)} is not that of the newest bundle`),
      );
  }
}

function isInside(tile: Tile, size: number): boolean {
  const nodes = tile.level === 'entries' ? size : Math.floor(size / TILE_WIDTH ** tile.level);
  return tile.index < 2n ** 40n && Number(tile.index) * TILE_WIDTH + tile.width <= nodes;
}

function nameOf({ level, index }: Tile): string {
  return `${String(level)}/${String(index)}`;
}
