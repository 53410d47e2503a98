import { describe, expect, it } from 'vitest';
import {
  bundlesOf,
  parseTilePath,
  tilePath,
  tilesOf,
  tilesSince,
} from '../../../core/src/audit/tiles.ts';
import { vectors } from './vectors.ts';

interface Vectors {
  entriesPathForIndex: [number, number, string][];
  tilePath: [number, number, number, string][];
  parse: { level: string; index: string; ok: boolean; n?: number | string; p?: number }[];
  tileSet: { size: number; full: Record<string, number>; partial: Record<string, number> }[];
}

const file = vectors<Vectors>('tiles/paths.json');

describe.skipIf(!file)('tile paths (audit-log.md 3.5)', () => {
  it('of tiles', () => {
    for (const [level, index, partial, want] of file!.tilePath)
      expect(tilePath({ level, index: BigInt(index), width: partial === 0 ? 256 : partial })).toBe(
        want,
      );
  });

  it('of entry bundles', () => {
    for (const [entry, size, want] of file!.entriesPathForIndex) {
      const index = Math.floor(entry / 256);
      const width = Math.min(256, size - 256 * index);
      expect(tilePath({ level: 'entries', index: BigInt(index), width })).toBe(want);
    }
  });

  it.each(file?.parse ?? [])('parse $level $index', ({ level, index, ok, n, p }) => {
    const tile = parseTilePath(`tile/${level}/${index}`);
    expect(tile).toEqual(
      ok ? { level: Number(level), index: BigInt(n ?? 0), width: p === 0 ? 256 : p } : undefined,
    );
  });

  it('of a log of a size', () => {
    for (const { size, full, partial } of file!.tileSet) {
      const tiles = tilesOf(size);
      const counts: Record<string, number> = {};
      const widths: Record<string, number> = {};
      for (const { level, width } of tiles)
        if (width === 256) counts[level] = (counts[level] ?? 0) + 1;
        else widths[level] = width;
      expect([counts, widths]).toEqual([full, partial]);
    }
  });
});

describe('which tiles a head needs', () => {
  it('a log of none has none, and bundles follow level 0', () => {
    expect([...tilesOf(0), ...bundlesOf(0)]).toEqual([]);
    expect(bundlesOf(300).map(tilePath)).toEqual(['tile/entries/000', 'tile/entries/001.p/44']);
  });

  it('a new head adds only what changed', () => {
    expect(tilesSince(300, 301).map(tilePath)).toEqual([
      'tile/0/001.p/45',
      'tile/entries/001.p/45',
    ]);
    expect(tilesSince(255, 256).map(tilePath)).toEqual([
      'tile/0/000',
      'tile/1/000.p/1',
      'tile/entries/000',
    ]);
    expect(tilesSince(256, 256)).toEqual([]);
  });

  it('one tile has one path', () => {
    for (const path of [
      'tile/0/x000/001',
      'tile/00/001',
      'tile/0/1',
      'tile/0/001.p/0',
      'tile/0/001.p/01',
      'tile/0/001.p/256',
      '/tile/0/001',
      'tile/0/001\n',
      'tile/entries/x000/x000/000',
    ])
      expect(parseTilePath(path)).toBeUndefined();
    expect(parseTilePath('tile/entries/x001/000.p/7')).toEqual({
      level: 'entries',
      index: 1000n,
      width: 7,
    });
  });
});
