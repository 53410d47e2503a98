import { describe, expect, it } from 'vitest';
import { nodeSuite as suite } from '@plexus/suite';
import type { Bytes } from '../../../core/src/base/bytes.ts';
import { verifyConsistency, verifyInclusion } from '../../../core/src/audit/merkle.ts';
import {
  consistencyPath,
  EMPTY_TREE,
  inclusionPath,
  rootOf,
  treeAt,
} from '../../../core/src/audit/tree.ts';
import { grow, leavesOf, naivePath, naiveProof, naiveRoot } from './forest.ts';
import { codeOf } from './vectors.ts';

/** Wrong versions of a proof: one bit flipped in each hash, each dropped, each doubled, neighbours swapped. */
function mutations(proof: readonly Bytes[], bit: number): readonly (readonly Bytes[])[] {
  const extra = new Uint8Array(32).fill(7);
  return [
    [...proof, extra],
    [extra, ...proof],
    ...proof.flatMap((hash, i) => {
      const flipped = hash.slice();
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      const swapped = i > 0 ? [proof.with(i, proof[i - 1]!).with(i - 1, hash)] : [];
      return [
        proof.with(i, flipped),
        proof.toSpliced(i, 1),
        proof.toSpliced(i, 0, hash),
        ...swapped,
      ];
    }),
    proof.map((hash, i) => (i === 0 ? hash.slice(1) : hash)).filter(() => proof.length > 0),
  ].filter((wrong) => wrong.length > 0 || proof.length > 0);
}

describe('trees of every size up to 256 (audit-log.md 3.1)', () => {
  const leaves = leavesOf(256);
  const { trees, node } = grow(leaves);
  const roots = trees.map((tree) => rootOf(suite, tree));

  it('roots, paths and the state after a restart agree with the naive tree', () => {
    for (let n = 0; n <= 256; n++) {
      expect(roots[n]).toEqual(naiveRoot(leaves.slice(0, n)));
      expect(treeAt(n, node)).toEqual(trees[n]);
    }
    for (const n of [1, 2, 3, 7, 8, 100, 255, 256])
      for (let i = 0; i < n; i++) {
        expect(inclusionPath(suite, i, n, node)).toEqual(naivePath(i, leaves.slice(0, n)));
        expect(consistencyPath(suite, i + 1, n, node)).toEqual(
          naiveProof(i + 1, leaves.slice(0, n)),
        );
      }
  });

  it('every inclusion and consistency proof is accepted', () => {
    for (let n = 1; n <= 256; n++)
      for (let i = 0; i < n; i++) {
        const path = inclusionPath(suite, i, n, node);
        if (!verifyInclusion(suite, leaves[i]!, BigInt(i), BigInt(n), path, roots[n]!))
          expect.fail(`inclusion of ${String(i)} in ${String(n)}`);
        const proof = consistencyPath(suite, i + 1, n, node);
        if (!verifyConsistency(suite, BigInt(i + 1), BigInt(n), proof, roots[i + 1]!, roots[n]!))
          expect.fail(`consistency of ${String(i + 1)} and ${String(n)}`);
      }
  });

  // every size up to 40, and those around the powers of two beyond: the shapes repeat
  const sizes = [...Array(40).keys(), 63, 64, 65, 127, 128, 129, 200, 255, 256].filter(
    (n) => n > 0,
  );

  it('every mutated proof, index, size and root is refused', () => {
    for (const n of sizes)
      for (let i = 0; i < n; i += n > 40 ? 13 : 1) {
        const N = BigInt(n);
        const I = BigInt(i);
        const M = I + 1n;
        const path = inclusionPath(suite, i, n, node);
        const proof = consistencyPath(suite, i + 1, n, node);
        const where = `${String(i)} ${String(n)}`;
        for (const wrong of mutations(path, (31 * i + n) % 256))
          if (verifyInclusion(suite, leaves[i]!, I, N, wrong, roots[n]!)) expect.fail(where);
        for (const [index, root] of [
          [I + 1n, roots[n]!],
          [I - 1n, roots[n]!],
          [I, roots[n - 1]!],
          [I, roots[n]!.slice(1)],
        ] as const)
          if (verifyInclusion(suite, leaves[i]!, index, N, path, root)) expect.fail(where);
        for (const wrong of mutations(proof, (17 * i + n) % 256))
          if (verifyConsistency(suite, M, N, wrong, roots[i + 1]!, roots[n]!)) expect.fail(where);
        if (verifyConsistency(suite, M, N, proof, roots[i]!, roots[n]!)) expect.fail(where);
        if (verifyConsistency(suite, M, N, proof, roots[i + 1]!, roots[n - 1]!)) expect.fail(where);
        if (i + 1 < n && verifyConsistency(suite, M + 1n, N, proof, roots[i + 1]!, roots[n]!))
          expect.fail(where);
      }
  });

  it('size 0 proves nothing, and a path outside the tree is a bug', () => {
    expect(verifyConsistency(suite, 0n, 5n, [], roots[0]!, roots[5]!)).toBe(false);
    expect(verifyConsistency(suite, 0n, 0n, [], roots[0]!, roots[0]!)).toBe(false);
    expect(verifyInclusion(suite, leaves[0]!, 0n, 0n, [], roots[0]!)).toBe(false);
    expect(verifyConsistency(suite, 6n, 5n, [], roots[6]!, roots[5]!)).toBe(false);
    expect(codeOf(() => inclusionPath(suite, 5, 5, node))).toBe('STATE_UNEXPECTED');
    expect(codeOf(() => consistencyPath(suite, 0, 5, node))).toBe('STATE_UNEXPECTED');
    expect(rootOf(suite, EMPTY_TREE)).toEqual(suite.sha256());
  });
});
