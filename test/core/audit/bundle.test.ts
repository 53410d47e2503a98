import { describe, expect, it } from 'vitest';
import { nodeSuite as suite } from '@plexus/suite';
import { fromUtf8, utf8 } from '../../../core/src/base/bytes.ts';
import {
  bundleFile,
  bundleIndex,
  isSafePath,
  parseBundleIndex,
  profileOf,
} from '../../../core/src/audit/bundle.ts';
import { codeOf } from './vectors.ts';

const head = { origin: 'coord.example.org/plexus/onco', size: 3, root: 'pT0=' };
const files = ['log/checkpoint', 'README.txt', 'log/tile/entries/000.p/3'].map((path) =>
  bundleFile(suite, path, utf8(path)),
);

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
