/** A naive tree for tests, straight from RFC 6962 section 2.1, and one grown leaf by leaf with its nodes kept in a map. */
import { nodeSuite as suite } from '@plexus/suite';
import type { Bytes } from '../../../core/src/base/bytes.ts';
import { leafHash, nodeHash } from '../../../core/src/audit/merkle.ts';
import {
  appendLeafHash,
  EMPTY_TREE,
  type NodeReader,
  type TreeState,
} from '../../../core/src/audit/tree.ts';

export function leavesOf(count: number): readonly Bytes[] {
  return Array.from({ length: count }, (_, i) =>
    leafHash(suite, i < 256 ? Uint8Array.of(i) : Uint8Array.of(i & 255, i >> 8)),
  );
}

function split(n: number): number {
  let k = 1;
  while (k << 1 < n) k <<= 1;
  return k;
}

/** MTH of leaf hashes. */
export function naiveRoot(leaves: readonly Bytes[]): Bytes {
  const [only] = leaves;
  if (only === undefined) return suite.sha256();
  if (leaves.length === 1) return only;
  const k = split(leaves.length);
  return nodeHash(suite, naiveRoot(leaves.slice(0, k)), naiveRoot(leaves.slice(k)));
}

/** PATH. */
export function naivePath(index: number, leaves: readonly Bytes[]): readonly Bytes[] {
  if (leaves.length <= 1) return [];
  const k = split(leaves.length);
  return index < k
    ? [...naivePath(index, leaves.slice(0, k)), naiveRoot(leaves.slice(k))]
    : [...naivePath(index - k, leaves.slice(k)), naiveRoot(leaves.slice(0, k))];
}

/** SUBPROOF; PROOF(m) = SUBPROOF(m, leaves, true). */
export function naiveProof(m: number, leaves: readonly Bytes[], whole = true): readonly Bytes[] {
  if (m === leaves.length) return whole ? [] : [naiveRoot(leaves)];
  const k = split(leaves.length);
  return m <= k
    ? [...naiveProof(m, leaves.slice(0, k), whole), naiveRoot(leaves.slice(k))]
    : [...naiveProof(m - k, leaves.slice(k), false), naiveRoot(leaves.slice(0, k))];
}

export interface Grown {
  readonly trees: readonly TreeState[];
  readonly node: NodeReader;
}

/** `trees[n]` is the tree of the first n leaves. */
export function grow(leaves: readonly Bytes[]): Grown {
  const nodes = new Map<string, Bytes>();
  const trees: TreeState[] = [EMPTY_TREE];
  let tree = EMPTY_TREE;
  for (const leaf of leaves) {
    const appended = appendLeafHash(suite, tree, leaf);
    tree = appended.tree;
    trees.push(tree);
    for (const { level, index, hash } of appended.completed) {
      const name = `${String(level)}/${String(index)}`;
      if (nodes.has(name)) throw new Error(`node ${name}: written twice`);
      nodes.set(name, hash);
    }
  }
  const node: NodeReader = (level, index) => {
    const found = nodes.get(`${String(level)}/${String(index)}`);
    if (found === undefined)
      throw new Error(`node ${String(level)}/${String(index)}: never completed`);
    return found;
  };
  return { trees, node };
}
