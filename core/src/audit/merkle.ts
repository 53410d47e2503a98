/**
 * Merkle tree hashing and proof verification.
 *
 * Source: RFC 6962 section 2.1 (hashing); RFC 9162 sections 2.1.3.2 and 2.1.4.2 (verification); audit-log.md 3.1.
 * Everything a verifier takes here is peer-controlled: it answers false, it never throws.
 * Leaves to others: building trees and proofs (tree.ts).
 */
import { equalBytes, type Bytes } from '../base/bytes.js';
import type { Suite } from '../base/suite.js';

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);
const NOTHING = new Uint8Array(0);

/** A proof in a tree of at most 2^63 leaves has no more hashes. */
export const MAX_PROOF = 63;

/** SHA-256(""), the root of no leaves. */
export function emptyRoot(suite: Suite): Bytes {
  return suite.sha256(NOTHING);
}

/** SHA-256(0x00 ‖ data). */
export function leafHash(suite: Suite, data: Bytes): Bytes {
  return suite.sha256(LEAF, data);
}

/** SHA-256(0x01 ‖ left ‖ right). */
export function nodeHash(suite: Suite, left: Bytes, right: Bytes): Bytes {
  return suite.sha256(NODE, left, right);
}

/**
 * True if the leaf stands at `index` of the tree (size, root).
 *
 * Shapes   hashes: 32 bytes each, at most 63. index, size: bigint, as `>>` on numbers ends at 2^31.
 */
export function verifyInclusion(
  suite: Suite,
  leaf: Bytes,
  index: bigint,
  size: bigint,
  proof: readonly Bytes[],
  root: Bytes,
): boolean {
  if (!areHashes([leaf, root, ...proof]) || proof.length > MAX_PROOF) return false;
  if (index < 0n || index >= size) return false;
  let fn = index;
  let sn = size - 1n;
  let r = leaf;
  for (const p of proof) {
    if (sn === 0n) return false;
    if (isOdd(fn) || fn === sn) {
      r = nodeHash(suite, p, r);
      while (!isOdd(fn) && fn !== 0n) {
        fn >>= 1n;
        sn >>= 1n;
      }
    } else {
      r = nodeHash(suite, r, p);
    }
    fn >>= 1n;
    sn >>= 1n;
  }
  return sn === 0n && equalBytes(r, root);
}

/**
 * True if the tree (m, root1) is a prefix of (n, root2). Refuses m = 0: every tree extends the empty one, so it says nothing.
 */
export function verifyConsistency(
  suite: Suite,
  m: bigint,
  n: bigint,
  proof: readonly Bytes[],
  root1: Bytes,
  root2: Bytes,
): boolean {
  if (!areHashes([root1, root2, ...proof]) || proof.length > MAX_PROOF) return false;
  if (m <= 0n || m > n) return false;
  if (m === n) return proof.length === 0 && equalBytes(root1, root2);
  if (proof.length === 0) return false;
  const [first, ...rest] = isPowerOfTwo(m) ? [root1, ...proof] : proof;
  if (first === undefined) return false;
  let fn = m - 1n;
  let sn = n - 1n;
  while (isOdd(fn)) {
    fn >>= 1n;
    sn >>= 1n;
  }
  let fr = first;
  let sr = first;
  for (const c of rest) {
    if (sn === 0n) return false;
    if (isOdd(fn) || fn === sn) {
      fr = nodeHash(suite, c, fr);
      sr = nodeHash(suite, c, sr);
      while (!isOdd(fn) && fn !== 0n) {
        fn >>= 1n;
        sn >>= 1n;
      }
    } else {
      sr = nodeHash(suite, sr, c);
    }
    fn >>= 1n;
    sn >>= 1n;
  }
  return sn === 0n && equalBytes(fr, root1) && equalBytes(sr, root2);
}

function areHashes(hashes: readonly Bytes[]): boolean {
  return hashes.every((hash) => hash.length === 32);
}

function isOdd(value: bigint): boolean {
  return (value & 1n) === 1n;
}

function isPowerOfTwo(value: bigint): boolean {
  return (value & (value - 1n)) === 0n;
}
