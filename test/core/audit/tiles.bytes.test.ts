import { describe, expect, it } from 'vitest';
import { nodeSuite as suite } from '@plexus/suite';
import { concat, fromHex, hex } from '../../../core/src/base/bytes.ts';
import { encodeBundle, parseBundle, parseTile, tileBytes } from '../../../core/src/audit/tiles.ts';
import { grow, leavesOf, naiveRoot } from './forest.ts';
import { codeOf, vectors } from './vectors.ts';

const file = vectors<{ bundleParse: { hex: string; ok: boolean; entries?: string[] }[] }>(
  'tiles/paths.json',
);

describe('the bytes of tiles (audit-log.md 3.5)', () => {
  const leaves = leavesOf(700);
  const { node } = grow(leaves);

  it('level 0 is the leaf hashes, level 1 the roots of 256 each', () => {
    expect(tileBytes({ level: 0, index: 1n, width: 256 }, node)).toEqual(
      concat(...leaves.slice(256, 512)),
    );
    expect(tileBytes({ level: 0, index: 2n, width: 188 }, node)).toEqual(
      concat(...leaves.slice(512)),
    );
    const level1 = parseTile(tileBytes({ level: 1, index: 0n, width: 2 }, node), 2);
    expect(level1).toEqual([naiveRoot(leaves.slice(0, 256)), naiveRoot(leaves.slice(256, 512))]);
    expect(tileBytes({ level: 0, index: 0n, width: 256 }, node)).toHaveLength(8192);
  });

  it('another length is refused, and a bundle has no hashes', () => {
    expect(codeOf(() => parseTile(new Uint8Array(33), 1))).toBe('TILE_INVALID');
    expect(codeOf(() => tileBytes({ level: 'entries', index: 0n, width: 1 }, node))).toBe(
      'STATE_UNEXPECTED',
    );
  });

  it('a root tile of a log that is one tile is the tree', () => {
    const hashes = parseTile(tileBytes({ level: 0, index: 0n, width: 256 }, node), 256);
    expect(naiveRoot(hashes)).toEqual(node(8, 0));
    expect(suite.sha256()).toHaveLength(32);
  });
});

describe('entry bundles', () => {
  it.each(file?.bundleParse ?? [])('parse $hex', ({ hex: text, ok, entries }) => {
    const bytes = fromHex(text);
    expect(codeOf(() => parseBundle(bytes))).toBe(ok ? 'none' : 'TILE_INVALID');
    if (!ok) return;
    expect(parseBundle(bytes).map(hex)).toEqual(entries);
    expect(encodeBundle(parseBundle(bytes))).toEqual(bytes);
  });

  it('an entry fits 16 bits, a bundle 256 entries', () => {
    const longest = new Uint8Array(65_535).fill(1);
    expect(parseBundle(encodeBundle([longest]))).toEqual([longest]);
    expect(codeOf(() => encodeBundle([new Uint8Array(65_536)]))).toBe('STATE_UNEXPECTED');
    expect(codeOf(() => parseBundle(new Uint8Array(2 * 257)))).toBe('TILE_INVALID');
  });
});
