import { describe, expect, it } from 'vitest';
import { nodeSuite as suite } from '@plexus/suite';
import { concat, fromUtf8, utf8 } from '../../../../core/src/base/bytes.ts';
import { cosign } from '../../../../core/src/audit/cosignature.ts';
import { formatSignatureLine, parseNote } from '../../../../core/src/audit/note.ts';
import { openOrFind } from '../../../../core/src/audit/verify/signed-head.ts';
import { verifierKey } from '../../../../core/src/audit/vkey.ts';
import { bundleOf, filesOf, smallLog } from '../../../audit-bundle.ts';
import { checkpointOf, LOG_SEED, ORIGIN } from '../../../audit-log.ts';
import { findingsOf } from './findings-of.ts';

const log = smallLog();
const files = filesOf(log);
const withFile = (path: string, bytes: Uint8Array) =>
  findingsOf(bundleOf(log, new Map([...files, [path, bytes]])));

describe('V3: the checkpoint is the log key’s', () => {
  it('another key, a broken signature, another origin or no note at all', () => {
    const other = checkpointOf(log, new Uint8Array(32).fill(7));
    expect(withFile('log/checkpoint', other)).toEqual([
      'FAIL A201 file log/checkpoint: log signature missing',
    ]);
    const note = fromUtf8(checkpointOf(log));
    expect(withFile('log/checkpoint', utf8(note.replace('\n2\n', '\n1\n')))).toEqual([
      'FAIL A201 file log/checkpoint: log signature does not verify',
    ]);
    expect(withFile('log/checkpoint', utf8('nothing'))).toEqual([
      'FAIL A201 file log/checkpoint: malformed',
    ]);
    const key = verifierKey(suite, ORIGIN, 1, suite.ed25519PublicKey(LOG_SEED));
    expect(openOrFind(suite, utf8(note), key)).toMatchObject({ kind: 'opened' });
    const without = new Map(files);
    without.delete('log/checkpoint');
    expect(findingsOf(bundleOf(log, without))).toEqual([
      'FAIL A101 file log/checkpoint: required in every bundle but not listed',
      'FAIL A201 file log/checkpoint: malformed',
    ]);
  });

  it('unknown lines are counted, not trusted', () => {
    const line = cosign(suite, parseNote(checkpointOf(log)).text, 'w1', LOG_SEED, 5n);
    const cosigned = concat(checkpointOf(log), utf8(`${formatSignatureLine(line)}\n`));
    expect(withFile('log/checkpoint', cosigned)).toEqual([
      'NOTE A903 checkpoint 2: 1 unknown signature lines ignored',
    ]);
  });

  it('the trust policy names exactly one log', () => {
    expect(withFile('trust/policy.txt', utf8('quorum none\n'))).toEqual([
      'FAIL A105 bundle: policy refused at line 1: expected one log',
    ]);
    expect(withFile('trust/policy.txt', utf8('# x\nlog nonsense\n'))).toEqual([
      'FAIL A105 bundle: policy refused at line 2: expected a verifier key',
    ]);
  });
});
