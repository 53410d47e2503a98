/** What somebody may put where a bundle is expected: it is named, never followed, and nothing waits for it. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { concat, MAX_READ_BYTES, TAR_END, tarHeader, utf8, verifyBundle } from '@plexus/core';
import { nodeSuite as suite } from '@plexus/suite';
import { archiveReader, folderReader, MEANINGS, openBundle, reportLines } from '@plexus/auditor';
import { bundleOf, smallLog } from '../audit-bundle.ts';
import { projectFiles, projectRoot } from '../arch/project.ts';
import { freshFolder, tarOf, writeFolder, writeTar } from './on-disk.ts';

const bundle = bundleOf(smallLog());
const plain = { red: String, yellow: String, green: String, dim: String };

function linesOf(path: string): readonly string[] {
  const { findings } = verifyBundle(suite, openBundle(path));
  return findings
    .filter(({ level }) => level === 'FAIL')
    .map(({ where, text }) => `${where}: ${text}`);
}

describe('a folder that is no honest bundle', () => {
  it('links, pipes, depths and files that cannot be read are findings', () => {
    const folder = writeFolder(bundle);
    symlinkSync('/etc/passwd', join(folder, 'heads'));
    expect(spawnSync('sh', ['-c', 'mkfifo "$0"', join(folder, 'pipe')]).status).toBe(0);
    mkdirSync(join(folder, ...Array.from({ length: 20 }, () => 'd')), { recursive: true });
    expect(linesOf(folder)).toEqual([
      'file d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d: unsafe or unlisted archive entry (device)',
      'file heads: unsafe or unlisted archive entry (link)',
      'file pipe: unsafe or unlisted archive entry (device)',
    ]);
    expect(folderReader(join(folder, 'absent')).refused()).toEqual([
      { path: '', what: 'unreadable' },
    ]);
  });

  it('a required file that is a link is missing, wherever it leads', () => {
    const folder = writeFolder(bundle);
    const elsewhere = writeFolder(bundle);
    rmSync(join(folder, 'log/checkpoint'));
    symlinkSync(join(elsewhere, 'log/checkpoint'), join(folder, 'log/checkpoint'));
    expect(linesOf(folder)).toContain('file log/checkpoint: listed in bundle.json but missing');
  });

  it('a file larger than any of a bundle is not read into memory', () => {
    const folder = writeFolder(bundle);
    truncateSync(join(folder, 'bundle.json'), MAX_READ_BYTES + 1);
    expect(folderReader(folder).read('bundle.json')).toBeUndefined();
    expect(folderReader(folder).read('../x')).toBeUndefined();
    expect(linesOf(folder)).toEqual(['bundle: bundle.json is malformed or of unknown version']);
  });

  it('a file that changed since it was hashed is not read', () => {
    const folder = writeFolder(bundle);
    const reader = folderReader(folder);
    writeFileSync(
      join(folder, 'README.txt'),
      bundle.get('README.txt')!.map((byte) => byte ^ 1),
    );
    expect(reader.read('README.txt')).toBeUndefined();
  });

  it('names of files are printed without what a terminal obeys', () => {
    const folder = writeFolder(bundle);
    writeFileSync(join(folder, 'a\u001b[2J\u202e'), '');
    const lines = reportLines(verifyBundle(suite, folderReader(folder)), plain);
    expect(lines.join('\n')).toContain('FAIL A103 file a?[2J?: ');
    expect(lines.join('\n')).not.toMatch(/[^\n\x20-\x7e]/);
  });
});

describe('a tar file that is no honest bundle', () => {
  const text = utf8('x'.repeat(512));
  const readerOf = (...parts: readonly Uint8Array[]) => archiveReader(writeTar(concat(...parts)))!;

  it('paths that lead out, twice the same, a torn end and other forms of tar are refused', () => {
    const odd = readerOf(
      tarHeader('/etc/passwd', 512),
      text,
      tarHeader('../up', 512),
      text,
      tarHeader('README.txt', 512),
      text,
      tarHeader('README.txt', 512),
      text,
      TAR_END,
    );
    expect(odd.list().map(({ path }) => path)).toEqual(['README.txt']);
    expect(odd.refused()).toEqual([
      { path: '/etc/passwd', what: 'absolute path' },
      { path: '../up', what: '..' },
      { path: 'README.txt', what: 'duplicate' },
    ]);
    const torn = (at: number) => [{ path: `byte ${String(at)} of the archive`, what: 'torn' }];
    expect(readerOf(tarHeader('a', 512), text).refused()).toEqual(torn(0));
    expect(readerOf(tarHeader('a', 512), text, TAR_END, utf8('more')).refused()).toEqual(
      torn(1024),
    );
    expect(readerOf(tarHeader('a', 2 ** 32), text, TAR_END).refused()).toEqual(torn(0));
    expect(readerOf().refused()).toEqual(torn(0));
    const link = tarHeader('a', 0).with(156, 0x32);
    expect(readerOf(link, TAR_END).refused()).toEqual(torn(0));
  });

  it('files are found at their places, and no others', () => {
    const reader = archiveReader(writeTar(tarOf(bundle)))!;
    expect(reader.refused()).toEqual([]);
    for (const [path, bytes] of bundle) expect(reader.read(path)).toEqual(bytes);
    expect(reader.read('absent')).toBeUndefined();
    expect(archiveReader(freshFolder())).toBeUndefined();
  });
});

describe('the findings', () => {
  it('each have a meaning, and no meaning is of a finding that does not exist', () => {
    const sources = projectFiles(
      'core/src/audit/verify/*.ts',
      'core/src/audit/leaf.ts',
      'core/src/audit/shape.ts',
    );
    const raised = new Set(
      sources.flatMap(
        (path) => readFileSync(join(projectRoot, path), 'utf8').match(/(?<=')A\d{3}(?=')/g) ?? [],
      ),
    );
    expect([...raised].sort()).toEqual(Object.keys(MEANINGS).sort());
  });

  it('of one code are printed twenty times, then counted', () => {
    const folder = writeFolder(bundle);
    for (let i = 0; i < 30; i++) writeFileSync(join(folder, `stray${String(i)}`), '');
    const lines = reportLines(verifyBundle(suite, folderReader(folder)), plain);
    expect(lines.filter((line) => line.startsWith('FAIL A103'))).toHaveLength(20);
    expect(lines).toContain('     A103 10 more like it');
    expect(lines.at(-1)).toContain('30 findings');
  });
});
