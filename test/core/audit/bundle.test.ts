import { describe, expect, it } from 'vitest';
import { nodeSuite as suite } from '@plexus/suite';
import { fromUtf8, utf8 } from '../../../core/src/base/bytes.ts';
import {
  bundleFile,
  bundleIndex,
  digestInPath,
  isBundlePath,
  isSafePath,
  parseBundleIndex,
  profileOf,
  REQUIRED_FILES,
} from '../../../core/src/audit/bundle.ts';
import { codeOf } from './vectors.ts';

const head = { origin: 'coord.example.org/plexus/onco', size: 3, root: `${'A'.repeat(43)}=` };
const files = ['log/checkpoint', 'README.txt', 'log/tile/entries/000.p/3'].map((path) =>
  bundleFile(suite, path, utf8(path)),
);

describe('the files of a bundle', () => {
  const digest = 'ab'.repeat(32);

  it('are those of the layout and no other', () => {
    for (const path of [
      ...REQUIRED_FILES,
      `trust/manifests/${digest}.json`,
      'log/checkpoints/0',
      'log/checkpoints/48211',
      'log/tile/0/x001/x234/067',
      'log/tile/entries/000.p/3',
      'heads/h07.note',
      `blobs/sha256/ab/${digest}`,
      'anchors/256.tsr',
      'anchors/256.ots',
    ])
      expect(isBundlePath(path) && isSafePath(path), path).toBe(true);
    for (const path of [
      'bundle.json',
      'readme.txt',
      'README.txt/x',
      'log/checkpoints/07',
      'log/tile/zero',
      'log/tile/0/1',
      'trust/manifests/ab.json',
      `trust/manifests/${digest}.yaml`,
      `blobs/sha256/cd/${digest}`,
      'heads/H07.note',
      'heads/.note',
      'anchors/1.exe',
      'x/README.txt',
    ])
      expect(isBundlePath(path), path).toBe(false);
  });

  it('named by their content say so', () => {
    expect(digestInPath(`trust/manifests/${digest}.json`)).toBe(digest);
    expect(digestInPath(`blobs/sha256/ab/${digest}`)).toBe(digest);
    expect(digestInPath('log/checkpoint')).toBeUndefined();
  });

  it('enter the index only so', () => {
    const stray = bundleFile(suite, 'stray.txt', utf8('x'));
    expect(codeOf(() => bundleIndex(head, [...files, stray]))).toBe('STATE_UNEXPECTED');
  });
});

describe('bundle.json (audit-log.md 12)', () => {
  it('lists files by path and reads back', () => {
    const bytes = bundleIndex(head, files);
    const index = parseBundleIndex(bytes);
    expect(index).toMatchObject({ v: 1, ...head, profile: 'log', from: 0, to: 3 });
    expect(index?.files.map(({ path }) => path)).toEqual([
      'README.txt',
      'log/checkpoint',
      'log/tile/entries/000.p/3',
    ]);
    expect(profileOf([...files, { path: 'blobs/sha256/ab/cd' }])).toBe('full');
  });

  it.each([
    ['a space', (text: string) => text.replace(':', ': ')],
    ['an unknown member', (text: string) => text.replace('"v":1', '"v":1,"w":1')],
    ['another version', (text: string) => text.replace('"v":1', '"v":2')],
    ['no list', (text: string) => text.replace(/"files":\[.*\],/, '"files":{},')],
    ['a digest in capitals', (text: string) => text.replace(/"sha256":"[0-9a-f]/, '"sha256":"A')],
    ['a negative size', (text: string) => text.replace('"bytes":1', '"bytes":-1')],
    ['files out of order', (text: string) => text.replace('README', 'zEADME')],
    ['an unsafe path', (text: string) => text.replace('log/checkpoint', 'log/../check')],
    ['an unknown member of a file', (text: string) => text.replace('{"bytes"', '{"b":1,"bytes"')],
  ])('%s is refused', (_, change) => {
    const text = fromUtf8(bundleIndex(head, files));
    expect(change(text)).not.toBe(text);
    expect(parseBundleIndex(utf8(change(text)))).toBeUndefined();
  });

  it('paths are relative and plain', () => {
    for (const path of [
      '/a',
      'a//b',
      '../a',
      'a/..',
      'a/.',
      '.a',
      'a b',
      'a\\b',
      'c:d',
      '',
      'bundle.json',
      'é',
    ])
      expect(isSafePath(path)).toBe(false);
    expect(isSafePath('log/tile/0/x001/234.p/5')).toBe(true);
    const twice = [...files, files[0]!];
    expect(codeOf(() => bundleIndex(head, twice))).toBe('STATE_UNEXPECTED');
  });
});
