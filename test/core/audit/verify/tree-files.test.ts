import { describe, expect, it } from 'vitest';
import { nodeSuite as suite } from '@plexus/suite';
import { concat, utf8, type Bytes } from '../../../../core/src/base/bytes.ts';
import { signCheckpoint } from '../../../../core/src/audit/checkpoint.ts';
import { leafHash } from '../../../../core/src/audit/merkle.ts';
import { checkTree } from '../../../../core/src/audit/verify/tree-files.ts';
import { verifierKey } from '../../../../core/src/audit/vkey.ts';
import { bundleOf, filesOf, readerOf, type Files, smallLog } from '../../../audit-bundle.ts';
import { checkpointOf, genesis, keepLeaf, LOG_SEED, ORIGIN, startLog } from '../../../audit-log.ts';
import { findingsOf } from './findings-of.ts';

const log = smallLog();
const files = filesOf(log);
const flipped = (bytes: Bytes, at: number): Bytes => bytes.with(at, bytes[at]! ^ 1);

/** What an editor with a text editor and sha256sum can do: bundle.json is made anew. */
function relisted(changes: Record<string, Bytes>, gone: readonly string[] = []): readonly string[] {
  const changed = new Map([...files, ...Object.entries(changes)]);
  for (const path of gone) changed.delete(path);
  return findingsOf(bundleOf(log, changed));
}

describe('V4: leaves, tiles and root', () => {
  const bundle = 'log/tile/entries/000.p/2';
  const tile = 'log/tile/0/000.p/2';

  it('one changed byte of a leaf is named, though the files are listed anew', () => {
    const first = files.get(bundle)![1]! + 256 * files.get(bundle)![0]!;
    for (const [at, leaf] of [
      [2, 0],
      [first + 1, 0],
      [first + 4, 1],
    ] as const) {
      const lines = relisted({ [bundle]: flipped(files.get(bundle)!, at) });
      expect(lines).toContainEqual(
        expect.stringMatching(
          new RegExp(
            `^FAIL A203 leaf ${String(leaf)}: bytes do not hash to the tile: found \\w{64}`,
          ),
        ),
      );
      expect(lines).toContainEqual(
        expect.stringContaining('FAIL A205 checkpoint 2: root recomputed'),
      );
    }
  });

  it('a changed tile, with the leaf or alone', () => {
    expect(relisted({ [tile]: flipped(files.get(tile)!, 40) })).toEqual([
      expect.stringContaining('FAIL A203 leaf 1:'),
    ]);
    expect(relisted({ [tile]: files.get(tile)!.slice(1) })).toEqual([
      'FAIL A202 tile 0/0: length 63 expected 64',
    ]);
    expect(relisted({}, [tile])).toEqual(['FAIL A202 tile 0/0: missing']);
  });

  it('entries that are absent, torn or too few', () => {
    expect(relisted({}, [bundle])).toEqual([
      'FAIL A202 tile entries: 0 entry bundles, too few for 2 leaves',
    ]);
    const elsewhere = 'log/tile/entries/001.p/2';
    expect(relisted({ [elsewhere]: files.get(bundle)! }, [bundle])).toEqual([
      'FAIL A202 tile entries/0: missing',
    ]);
    expect(relisted({ [bundle]: files.get(bundle)!.slice(1) })[0]).toMatch(
      /^FAIL A202 tile entries\/0: length/,
    );
    const one = files
      .get(bundle)!
      .slice(0, 2 + files.get(bundle)![1]! + 256 * files.get(bundle)![0]!);
    expect(relisted({ [bundle]: one })).toEqual(['FAIL A202 tile entries/0: length 1 expected 2']);
  });

  it('files of other sizes are checked as prefixes, and others do not belong', () => {
    const older = files.get(tile)!.slice(0, 32);
    expect(relisted({ 'log/tile/0/000.p/1': older })).toEqual([]);
    expect(relisted({ 'log/tile/0/000.p/1': flipped(older, 3) })[0]).toMatch(/^FAIL A203 leaf 0/);
    const entry = concat(Uint8Array.of(0, 1), utf8('x'));
    expect(relisted({ 'log/tile/entries/000.p/1': entry })).toEqual([
      'FAIL A202 tile entries/0: entry 0 is not that of the newest bundle',
    ]);
    for (const path of [
      'log/tile/0/000',
      'log/tile/0/001.p/1',
      'log/tile/1/000.p/1',
      'log/tile/0/000.p/0',
      'log/tile/99/000.p/1',
    ])
      expect(relisted({ [path]: older })).toEqual([
        `FAIL A202 file ${path}: no tile of a log of this size`,
      ]);
  });

  it('tiles above level 0 are the roots of those below', () => {
    const long = startLog();
    genesis(long);
    for (let i = 1; i < 520; i++) {
      const leaf = utf8(`{"i":${String(i)}}`);
      keepLeaf(long, leaf, leafHash(suite, leaf));
    }
    const key = verifierKey(suite, ORIGIN, 1, suite.ed25519PublicKey(LOG_SEED));
    const head = { log: key, size: 520, root: suite.sha256() };
    const check = (given: Files) =>
      checkTree(suite, readerOf(given), head).findings.map(({ code, where }) => `${code} ${where}`);
    const all = filesOf(long);
    expect(check(all)).toEqual(['A205 checkpoint 520']);
    const path = 'log/tile/1/000.p/2';
    expect(check(new Map([...all, [path, flipped(all.get(path)!, 33)]]))).toEqual([
      'A204 tile 1/0',
      'A205 checkpoint 520',
    ]);
  });

  it('a signed size that no bundle could hold costs no more than a small one', () => {
    for (const size of [2n ** 53n, 2n ** 63n - 1n]) {
      const lie = signCheckpoint(suite, ORIGIN, { size, root: suite.sha256() }, LOG_SEED);
      expect(relisted({ 'log/checkpoint': lie })).toContainEqual(
        expect.stringMatching(/^FAIL A202 tile entries: 1 entry bundles, too few for \d+ leaves$/),
      );
    }
  });

  it('a root that the log key signed but the leaves do not give', () => {
    const lie = signCheckpoint(suite, ORIGIN, { size: 2n, root: suite.sha256() }, LOG_SEED);
    expect(relisted({ 'log/checkpoint': lie })).toContainEqual(
      expect.stringContaining('FAIL A205 checkpoint 2'),
    );
    expect(checkpointOf(log)).not.toEqual(lie);
  });
});
