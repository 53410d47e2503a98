/** A coordinator's log for tests: leaves, signed checkpoints and the evidence that travels beside a message. It can be told to lie. */
import {
  appendLeafHash,
  base64,
  consistencyPath,
  EMPTY_TREE,
  formatVkey,
  fromUtf8,
  inclusionPath,
  leafBytes,
  leafHash,
  rfc3339,
  rootOf,
  signCheckpoint,
  verifierKey,
  type Bytes,
  type Evidence,
  type NodeReader,
  type TreeState,
} from '@plexus/core';
import { nodeSuite as suite } from '@plexus/suite';

const SEED = new Uint8Array(32).fill(4);
const ORIGIN = 'coord.example.org/plexus/onco';

export const PINNED = {
  origin: ORIGIN,
  vkey: formatVkey(verifierKey(suite, ORIGIN, 1, suite.ed25519PublicKey(SEED))),
};

export interface FederationLog {
  append(leaf: Bytes): number;
  size(): number;
  note(size?: number): string;
  /** Proof from a head of size `from` to the newest one. */
  consistency(from: number): readonly string[];
  evidence(from: number, seq: number, also?: readonly number[]): Evidence;
  entries(seq: number, limit: number): Promise<readonly Bytes[]>;
}

export function federationLog(first: readonly Bytes[] = []): FederationLog {
  const leaves: Bytes[] = [];
  const trees: TreeState[] = [EMPTY_TREE];
  const nodes = new Map<string, Bytes>();
  const node: NodeReader = (level, index) => {
    const hash = nodes.get(`${String(level)}/${String(index)}`);
    if (hash === undefined) throw new Error('no such node');
    return hash;
  };
  const append = (leaf: Bytes): number => {
    const before = trees.at(-1) ?? EMPTY_TREE;
    const { tree, completed } = appendLeafHash(suite, before, leafHash(suite, leaf));
    for (const { level, index, hash } of completed)
      nodes.set(`${String(level)}/${String(index)}`, hash);
    trees.push(tree);
    leaves.push(leaf);
    return leaves.length - 1;
  };
  for (const leaf of first) append(leaf);
  const note = (size = leaves.length): string => {
    const root = rootOf(suite, trees[size] ?? EMPTY_TREE);
    return fromUtf8(signCheckpoint(suite, ORIGIN, { size: BigInt(size), root }, SEED));
  };
  const consistency = (from: number): readonly string[] =>
    from === 0 ? [] : consistencyPath(suite, from, leaves.length, node).map((hash) => base64(hash));
  return {
    append,
    size: () => leaves.length,
    note,
    consistency,
    entries: (seq, limit) => Promise.resolve(leaves.slice(seq, seq + limit)),
    evidence(from, seq, also = []) {
      const included = (at: number) => ({
        seq: at,
        bytes: base64(leaves[at] ?? new Uint8Array()),
        inclusion: inclusionPath(suite, at, leaves.length, node).map((hash) => base64(hash)),
      });
      const { inclusion, ...leaf } = included(seq);
      const others = also.length === 0 ? {} : { also: also.map(included) };
      const proof = { leaf, inclusion, ...others };
      return { checkpoint: note(), from, consistency: consistency(from), ...proof };
    },
  };
}

/** A leaf of the coordinator's study machine. */
export function stamped(draft: Parameters<typeof leafBytes>[0], seq: number, nowMs: number): Bytes {
  const zero = '00'.repeat(32);
  return leafBytes(draft, {
    seq,
    log: PINNED.origin,
    time: rfc3339(nowMs),
    salt: 'AAAAAAAAAAAAAAAAAAAAAA',
    source: { system: 'coordinator', version: '0.1.0', build_sha256: zero, node: 'a' },
    transition: { machine: 'study/heart-small', n: seq, input: zero, state: zero },
  });
}
