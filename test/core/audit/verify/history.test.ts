import { describe, expect, it } from 'vitest';
import { nodeSuite as suite } from '@plexus/suite';
import type { Bytes } from '../../../../core/src/base/bytes.ts';
import { signCheckpoint } from '../../../../core/src/audit/checkpoint.ts';
import type { GivenHead } from '../../../../core/src/audit/verify/history.ts';
import { verifyBundle } from '../../../../core/src/audit/verify/verify.ts';
import { bundleOf, filesOf, readerOf, smallLog } from '../../../audit-bundle.ts';
import { LOG_SEED, ORIGIN } from '../../../audit-log.ts';
import { findingsOf } from './findings-of.ts';

const log = smallLog();
const files = filesOf(log);
const withFile = (path: string, bytes: Bytes) =>
  findingsOf(bundleOf(log, new Map([...files, [path, bytes]])));
const noteOf = (size: bigint, root: Bytes, seed = LOG_SEED) =>
  signCheckpoint(suite, ORIGIN, { size, root }, seed);
const given = (note: Bytes): GivenHead[] => [{ name: 'kept.note', note }];
const lie = suite.sha256();

describe('V5: whatever head somebody kept is a prefix', () => {
  it('of this log: no finding, and the warning about split views goes away', () => {
    const report = verifyBundle(suite, readerOf(bundleOf(log)), {
      heads: given(noteOf(1n, log.hashes[0]!)),
    });
    expect(report.findings.map(({ code }) => code)).toEqual(['A107']);
    expect(withFile('heads/h01.note', noteOf(1n, log.hashes[0]!))).toEqual([]);
  });

  it('not of this log: the coordinator signed two histories', () => {
    expect(withFile('heads/h01.note', noteOf(1n, lie))).toEqual([
      'FAIL A207 checkpoint 1: not a prefix of size 2 (held by hospital h01)',
    ]);
    expect(findingsOf(bundleOf(log), given(noteOf(2n, lie)))).toEqual([
      'FAIL A206 checkpoint 2: fork: another root was signed for the same size',
    ]);
    expect(findingsOf(bundleOf(log), given(noteOf(9n, lie)))).toEqual([
      'FAIL A207 checkpoint 9: not a prefix of size 2 (held by --head file)',
    ]);
    expect(withFile('log/checkpoints/1', noteOf(1n, lie))).toEqual([
      'FAIL A207 checkpoint 1: not a prefix of size 2 (held by bundle)',
    ]);
  });

  it('notes that the log key did not sign, or under the name of another size', () => {
    expect(withFile('heads/h01.note', noteOf(1n, lie, new Uint8Array(32).fill(9)))).toEqual([
      'FAIL A201 file heads/h01.note: log signature missing',
    ]);
    expect(withFile('log/checkpoints/7', noteOf(1n, log.hashes[0]!))).toEqual([
      'FAIL A201 file log/checkpoints/7: malformed',
    ]);
  });
});
