import { describe, expect, it } from 'vitest';
import { fromUtf8, utf8 } from '../../../../core/src/base/bytes.ts';
import { checkFiles } from '../../../../core/src/audit/verify/files.ts';
import { bundleOf, filesOf, readerOf, type Files, smallLog } from '../../../audit-bundle.ts';
import { findingsOf } from './findings-of.ts';

const good = bundleOf(smallLog());
const changedTo = (path: string, text: string): Files => new Map([...good, [path, utf8(text)]]);
const index = fromUtf8(good.get('bundle.json')!);

describe('V1: the files are those that bundle.json lists', () => {
  it('all of them, and no other', () => {
    expect(checkFiles(readerOf(good)).findings).toEqual([]);
    const without = new Map(good);
    without.delete('README.txt');
    expect(findingsOf(without)).toEqual([
      'FAIL A101 file README.txt: listed in bundle.json but missing',
    ]);
    expect(findingsOf(changedTo('extra.txt', 'x'))).toEqual([
      'FAIL A103 file extra.txt: unsafe or unlisted archive entry (not listed)',
    ]);
    expect(findingsOf(changedTo('README.txt', 'x'))[0]).toMatch(
      /^FAIL A102 file README.txt: size 1 sha256 2d711642\w+, bundle.json says size \d+ sha256 \w{64}$/,
    );
  });

  it('a listed file that is no file of a bundle, a required one not listed, and one that is not what its name says', () => {
    const relisted = (text: string) => findingsOf(changedTo('bundle.json', text));
    expect(relisted(index.replace('"README.txt"', '"README.md"'))).toEqual([
      'FAIL A101 file README.md: listed in bundle.json but missing',
      'FAIL A103 file README.md: unsafe or unlisted archive entry (no file of a bundle)',
      'FAIL A101 file README.txt: required in every bundle but not listed',
      'FAIL A103 file README.txt: unsafe or unlisted archive entry (not listed)',
    ]);
    const log = smallLog();
    const path = `trust/manifests/${'ab'.repeat(32)}.json`;
    expect(findingsOf(bundleOf(log, new Map([...filesOf(log), [path, utf8('{}')]])))).toEqual([
      expect.stringMatching(
        /^FAIL A102 file trust\/manifests\/\w+.json: sha256 \w{64} is not its name$/,
      ),
      `FAIL A103 file ${path}: unsafe or unlisted archive entry (no leaf names it)`,
    ]);
  });

  it('what the reader would not follow is named, hostile paths in a plain form', () => {
    const refused = [{ path: 'a\u001b[31m', what: 'link' as const }];
    expect(checkFiles(readerOf(good, refused)).findings).toMatchObject([
      { code: 'A103', where: 'file a?[31m', text: 'unsafe or unlisted archive entry (link)' },
    ]);
    expect(checkFiles(readerOf(changedTo('../x', ''))).findings).toMatchObject([{ code: 'A103' }]);
  });

  it('an index that is absent, malformed or says what its files do not', () => {
    expect(findingsOf(new Map())).toEqual([
      'FAIL A104 bundle: bundle.json is malformed or of unknown version',
    ]);
    for (const [from, to, what] of [
      ['"profile":"log"', '"profile":"full"', 'profile or range'],
      ['"from":0', '"from":1', 'profile or range'],
      ['"to":2', '"to":1', 'profile or range'],
      ['"origin":"coord', '"origin":"boord', 'origin'],
    ] as const)
      expect(findingsOf(changedTo('bundle.json', index.replace(from, to)))).toContainEqual(
        expect.stringContaining(`A104 bundle: bundle.json is malformed: ${what}`),
      );
    const root = index.replace(/"root":"./, (text) =>
      text.endsWith('B') ? '"root":"C' : '"root":"B',
    );
    expect(findingsOf(changedTo('bundle.json', root))).toEqual([
      'FAIL A104 bundle: bundle.json is malformed: root is not that of log/checkpoint',
    ]);
    const size = index.replace('"size":2', '"size":3').replace('"to":2', '"to":3');
    expect(findingsOf(changedTo('bundle.json', size))[0]).toContain(
      'size is not that of log/checkpoint',
    );
  });
});
