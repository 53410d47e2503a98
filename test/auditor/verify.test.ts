import { rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { base64, rootOf, signCheckpoint, utf8 } from '@plexus/core';
import { nodeSuite as suite } from '@plexus/suite';
import { bundleOf, filesOf } from '../audit-bundle.ts';
import { checkpointOf, heartLog, LOG_SEED, ORIGIN } from '../audit-log.ts';
import { freshFolder, plexusAudit, tarOf, writeFolder, writeTar } from './on-disk.ts';

const log = heartLog();
const bundle = bundleOf(log);
const root = base64(rootOf(suite, log.tree));
const entries = [...bundle.keys()].find((path) => path.startsWith('log/tile/entries/'))!;

describe('plexus-audit verify', () => {
  it('says ok, with size, root and what was checked, and exits 0', () => {
    const { status, out, err } = plexusAudit('verify', writeFolder(bundle));
    expect(err).toBe('');
    const lines = out.trimEnd().split('\n');
    expect(lines.slice(0, 10).map((line) => line.replace(/ +/g, ' ').slice(0, 12))).toEqual([
      'V1 files ok ',
      'V3 signed ok',
      'V4 tree ok 7',
      'V5 history o',
      'V6 leaves ok',
      'V7 keys ok 9',
      'V8 statement',
      'V9 driver ok',
      'V10 rounds o',
      'V13 named ok',
    ]);
    expect(lines.at(-1)).toBe(
      `ok: size ${String(log.tree.size)}, root ${root}; checked files, signed, tree, history, leaves, keys, statements, driver, rounds, named`,
    );
    expect(status).toBe(0);
  });

  it('reads the same bundle from a tar file, and through a link to it', () => {
    const tar = writeTar(tarOf(bundle));
    expect(plexusAudit('verify', tar).status).toBe(0);
    const link = join(freshFolder(), 'link');
    symlinkSync(tar, link);
    expect(plexusAudit('verify', link).status).toBe(0);
    expect(plexusAudit('verify', writeTar(utf8('no tar'))).out).toContain('(torn)');
  });

  it('names each finding by code, place and meaning, says not ok last, and exits 1', () => {
    const folder = writeFolder(bundle);
    const bytes = Buffer.from(bundle.get(entries)!);
    bytes.write('2', bytes.indexOf('"hospital":"h01"') + 14);
    writeFileSync(join(folder, entries), bytes);
    rmSync(join(folder, 'README.txt'));
    const { status, out } = plexusAudit('verify', folder);
    expect(out).toMatch(
      /^FAIL A203 leaf 1: bytes do not hash to the tile: found \w{64}, tile says \w{64}\n {10}the leaf was changed after it was logged$/m,
    );
    expect(out).toMatch(/^FAIL A101 file README.txt: listed in bundle.json but missing$/m);
    expect(out.trimEnd().split('\n').at(-1)).toMatch(
      new RegExp(
        `^not ok: size ${String(log.tree.size)}, root .{44}, \\d+ findings; checked files`,
      ),
    );
    expect(status).toBe(1);
  });

  it('prints one JSON object with --json', () => {
    const folder = writeFolder(bundle);
    const good = plexusAudit('verify', folder, '--json');
    expect(good.status).toBe(0);
    expect(JSON.parse(good.out)).toMatchObject({
      ok: true,
      size: log.tree.size,
      root,
      failures: 0,
    });
    writeFileSync(join(folder, 'stray'), '');
    const bad = plexusAudit('verify', '--json', folder);
    expect(bad.status).toBe(1);
    expect(JSON.parse(bad.out)).toMatchObject({
      ok: false,
      findings: [{ level: 'FAIL', code: 'A103', file: 'stray' }, {}, {}],
    });
  });

  it('takes heads and a policy that the reader brings along', () => {
    const folder = writeFolder(bundle);
    const own = freshFolder();
    const [head, policy] = [join(own, 'head.note'), join(own, 'policy.txt')];
    writeFileSync(head, checkpointOf(log));
    writeFileSync(policy, filesOf(log).get('trust/policy.txt')!);
    const given = plexusAudit('verify', '--head', head, '--policy', policy, folder);
    expect(given.status).toBe(0);
    expect(given.out).not.toMatch(/A107|A905/);
    const size = BigInt(log.tree.size);
    writeFileSync(head, signCheckpoint(suite, ORIGIN, { size, root: suite.sha256() }, LOG_SEED));
    const forked = plexusAudit('verify', '--head', head, folder);
    expect(forked.status).toBe(1);
    expect(forked.out).toContain('A206');
    writeFileSync(policy, '# nobody\nquorum none\n');
    const nobody = plexusAudit('verify', '--policy', policy, folder);
    expect(nobody.status).toBe(1);
    expect(nobody.out).toMatch(/A106[^]*A105/);
    expect(nobody.out.trimEnd().split('\n').at(-1)).toBe(
      'not ok: no signed head, 1 finding; checked files, signed',
    );
  });

  it('exits 2 when typed wrongly or there is nothing to read', () => {
    for (const args of [
      [],
      ['verify'],
      ['verify', '/x', '/y'],
      ['verify', '/x', '--loud'],
      ['x'],
    ]) {
      const { status, err } = plexusAudit(...args);
      expect(status, args.join(' ')).toBe(2);
      expect(err).not.toBe('');
    }
    const absent = plexusAudit('verify', join(freshFolder(), 'absent'));
    expect(absent.status).toBe(2);
    expect(absent.out).toBe('');
    expect(absent.err).toMatch(/^error FILE_UNREADABLE: nothing was checked\nwhy .*\nnext /);
    expect(plexusAudit('verify', '--head', '/absent', writeFolder(bundle)).status).toBe(2);
    expect(plexusAudit('--help').status).toBe(0);
  });
});
