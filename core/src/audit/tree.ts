/**
 * The append-only tree: what is kept of it, how a leaf enters, and proofs from stored nodes.
 *
 * Kept are the hashes of complete subtrees, (level, index) covering the leaves index·2^level .. (index+1)·2^level − 1. They never
 * change once written. Source: RFC 6962 sections 2.1.1 and 2.1.2. Leaves to others: verification (merkle.ts), storage.
 */
import type { Bytes } from '../base/bytes.js';
import { PlexusError } from '../base/error.js';
import type { Suite } from '../base/suite.js';
import { emptyRoot, nodeHash } from './merkle.js';

export interface TreeState {
  readonly size: number;
  /** Roots of the complete subtrees that the leaves split into, largest first: one for each 1 bit of size. */
  readonly frontier: readonly Bytes[];
}

export interface TreeNode {
  readonly level: number;
  readonly index: number;
  readonly hash: Bytes;
}

/** Gives the hash of a complete subtree of a tree at least as large as the one asked about. */
export type NodeReader = (level: number, index: number) => Bytes;

export const EMPTY_TREE: TreeState = { size: 0, frontier: [] };

/** `completed`: the subtrees that are complete from now on, the leaf itself first. They must be stored with the leaf (L3). */
export function appendLeafHash(
  suite: Suite,
  tree: TreeState,
  leafHash: Bytes,
): { readonly tree: TreeState; readonly completed: readonly TreeNode[] } {
  const frontier = [...tree.frontier];
  const completed: TreeNode[] = [{ level: 0, index: tree.size, hash: leafHash }];
  let hash = leafHash;
  let index = tree.size;
  for (let level = 1; index % 2 === 1; level++) {
    const left = frontier.pop();
    if (left === undefined)
      throw new PlexusError('STATE_UNEXPECTED', 'tree: frontier does not fit its size');
    hash = nodeHash(suite, left, hash);
    index = (index - 1) / 2;
    completed.push({ level, index, hash });
  }
  frontier.push(hash);
  return { tree: { size: tree.size + 1, frontier }, completed };
}

export function rootOf(suite: Suite, tree: TreeState): Bytes {
  const last = tree.frontier.at(-1);
  if (last === undefined) return emptyRoot(suite);
  return tree.frontier
    .slice(0, -1)
    .reduceRight((right, left) => nodeHash(suite, left, right), last);
}

/** The tree of a size, from its stored nodes: what a writer needs to go on after a restart. */
export function treeAt(size: number, node: NodeReader): TreeState {
  const frontier: Bytes[] = [];
  let start = 0;
  for (let level = 52; level >= 0; level--) {
    const width = 2 ** level;
    if (start + width > size) continue;
    frontier.push(node(level, start / width));
    start += width;
  }
  return { size, frontier };
}

/** PATH(index, D[size]). Errors: bug/STATE_UNEXPECTED on an index outside the tree. */
export function inclusionPath(
  suite: Suite,
  index: number,
  size: number,
  node: NodeReader,
): readonly Bytes[] {
  if (!Number.isSafeInteger(size) || !(index >= 0 && index < size))
    throw new PlexusError('STATE_UNEXPECTED', 'inclusion path: index outside the tree');
  const path: Bytes[] = [];
  let from = 0;
  let to = size;
  while (to - from > 1) {
    const middle = from + splitOf(to - from);
    if (index < middle) {
      path.push(rangeHash(suite, middle, to, node));
      to = middle;
    } else {
      path.push(rangeHash(suite, from, middle, node));
      from = middle;
    }
  }
  return path.reverse();
}

/** PROOF(m, D[n]); empty for m = n. Errors: bug/STATE_UNEXPECTED unless 0 < m ≤ n. */
export function consistencyPath(
  suite: Suite,
  m: number,
  n: number,
  node: NodeReader,
): readonly Bytes[] {
  if (!Number.isSafeInteger(n) || !(m > 0 && m <= n))
    throw new PlexusError('STATE_UNEXPECTED', 'consistency path: expected 0 < m ≤ n');
  const path: Bytes[] = [];
  let from = 0;
  let to = n;
  let whole = true; // true while the old tree starts where the range does: its root is known to the verifier
  while (m !== to) {
    const middle = from + splitOf(to - from);
    if (m <= middle) {
      path.push(rangeHash(suite, middle, to, node));
      to = middle;
    } else {
      path.push(rangeHash(suite, from, middle, node));
      from = middle;
      whole = false;
    }
  }
  if (!whole) path.push(rangeHash(suite, from, to, node));
  return path.reverse();
}

/** MTH(D[from:to]) of a range that RFC 6962 splits off: complete subtrees are read, the ragged right edge is computed. */
export function rangeHash(suite: Suite, from: number, to: number, node: NodeReader): Bytes {
  const width = to - from;
  const level = Math.log2(width);
  if (Number.isInteger(level) && from % width === 0) return node(level, from / width);
  const middle = from + splitOf(width);
  return nodeHash(suite, rangeHash(suite, from, middle, node), rangeHash(suite, middle, to, node));
}

/** The largest power of two below n, for n ≥ 2. */
function splitOf(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}
