import { describe, expect, it } from 'vitest';
import { nodeSuite as suite } from '@plexus/suite';
import type { Bytes } from '../../../core/src/base/bytes.ts';
import {
  leafHash,
  nodeHash,
  verifyConsistency,
  verifyInclusion,
} from '../../../core/src/audit/merkle.ts';
import {
  appendLeafHash,
  consistencyPath,
  inclusionPath,
  rootOf,
  treeAt,
  type NodeReader,
} from '../../../core/src/audit/tree.ts';

/** A log whose leaves are all alike has one hash a level, so trees beyond 2^32 can be held in a line. */
const levels: Bytes[] = [leafHash(suite, Uint8Array.of(9))];
for (let level = 1; level <= 60; level++)
  levels.push(nodeHash(suite, levels[level - 1]!, levels[level - 1]!));
const node: NodeReader = (level) => levels[level]!;

const sizes = [2 ** 31, 2 ** 32, 2 ** 53 - 1]
  .flatMap((n) => [n - 1, n, n + 1])
  .filter(Number.isSafeInteger);

describe.each(sizes)('a log of %d leaves', (size) => {
  const root = rootOf(suite, treeAt(size, node));
  const N = BigInt(size);

  it('proves its first, middle and last leaf', () => {
    for (const index of [0, 1, Math.floor(size / 2), 2 ** 31 - 1, size - 1].filter(
      (i) => i < size,
    )) {
      const path = inclusionPath(suite, index, size, node);
      expect(path.length).toBeLessThanOrEqual(63);
      expect(verifyInclusion(suite, levels[0]!, BigInt(index), N, path, root)).toBe(true);
      expect(verifyInclusion(suite, levels[0]!, BigInt(index), N, path.slice(1), root)).toBe(false);
      expect(verifyInclusion(suite, levels[0]!, BigInt(index) + N, N, path, root)).toBe(false);
    }
  });

  it('proves that it extends smaller logs', () => {
    for (const m of [1, 2 ** 30, 2 ** 31 - 1, size - 1].filter((m) => m < size)) {
      const before = rootOf(suite, treeAt(m, node));
      const proof = consistencyPath(suite, m, size, node);
      expect(verifyConsistency(suite, BigInt(m), N, proof, before, root)).toBe(true);
      expect(verifyConsistency(suite, BigInt(m), N, proof.slice(1), before, root)).toBe(false);
      expect(verifyConsistency(suite, BigInt(m), N, proof, root, before)).toBe(false);
    }
  });

  it.runIf(Number.isSafeInteger(size + 1))('grows by one leaf', () => {
    const grown = appendLeafHash(suite, treeAt(size, node), levels[0]!);
    expect(grown.tree).toEqual(treeAt(size + 1, node));
    expect(grown.completed[0]).toEqual({ level: 0, index: size, hash: levels[0] });
  });
});
