import { expect, it } from 'vitest';
import { nodeSuite as suite } from '@plexus/suite';
import { hex, utf8 } from '../../../../core/src/base/bytes.ts';
import { checkNamed } from '../../../../core/src/audit/verify/named.ts';
import { bundleOf, filesOf, readerOf } from '../../../audit-bundle.ts';
import { heartLog } from '../../../audit-log.ts';
import { findingsOf } from './findings-of.ts';

const log = heartLog();

function pathOf(text: string, folder: 'blobs' | 'trust'): string {
  const digest = hex(suite.sha256(utf8(text)));
  return folder === 'trust'
    ? `trust/manifests/${digest}.json`
    : `blobs/sha256/${digest.slice(0, 2)}/${digest}`;
}

it('V13: blobs and manifests are in the bundle because a leaf names them', () => {
  // 'model 1' is what the fixture takes the digest of model_out of the first round from
  const files = new Map([...filesOf(log), [pathOf('model 1', 'blobs'), utf8('model 1')]]);
  expect(findingsOf(bundleOf(log, files))).toEqual([]);
  for (const folder of ['blobs', 'trust'] as const) {
    const path = pathOf('{}', folder);
    expect(findingsOf(bundleOf(log, new Map([...files, [path, utf8('{}')]])))).toEqual([
      `FAIL A103 file ${path}: unsafe or unlisted archive entry (no leaf names it)`,
    ]);
  }
  // a digest that a leaf names as a model is no manifest
  const path = pathOf('model 1', 'trust');
  expect(findingsOf(bundleOf(log, new Map([...files, [path, utf8('model 1')]])))).toHaveLength(1);
  expect(checkNamed(readerOf(filesOf(log)), [])).toMatchObject({ checked: 1, findings: [{}] });
});
