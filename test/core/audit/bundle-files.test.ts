import { describe, expect, it } from 'vitest';
import { nodeSuite as suite } from '@plexus/suite';
import { fromUtf8, utf8 } from '../../../core/src/base/bytes.ts';
import {
  BUNDLE_README,
  logFiles,
  soloPolicy,
  tileFile,
} from '../../../core/src/audit/bundle-files.ts';
import { parseTrustPolicy } from '../../../core/src/audit/policy.ts';
import { parseBundle } from '../../../core/src/audit/tiles.ts';
import { formatVkey, verifierKey } from '../../../core/src/audit/vkey.ts';
import { grow, leavesOf } from './forest.ts';

describe('the files that follow from a log (audit-log.md 12)', () => {
  const { node } = grow(leavesOf(300));
  const source = { size: 300, node, entry: (seq: number) => utf8(String(seq)) };

  it('checkpoint, tiles and entries, one at a time', () => {
    const files = [...logFiles(source, utf8('note'))];
    expect(files.map(({ path, bytes }) => `${path} ${String(bytes.length)}`)).toEqual([
      'log/checkpoint 4',
      'log/tile/0/000 8192',
      'log/tile/0/001.p/44 1408',
      'log/tile/1/000.p/1 32',
      'log/tile/entries/000 1170',
      'log/tile/entries/001.p/44 220',
    ]);
    const last = tileFile({ level: 'entries', index: 1n, width: 44 }, source);
    expect(parseBundle(last.bytes).map(fromUtf8)).toEqual(
      Array.from({ length: 44 }, (_, i) => String(256 + i)),
    );
  });

  it('the policy of a log that nobody cosigns names its key', () => {
    const key = verifierKey(
      suite,
      'coord.example.org/plexus/onco',
      1,
      suite.ed25519PublicKey(new Uint8Array(32)),
    );
    expect(parseTrustPolicy(suite, fromUtf8(soloPolicy(formatVkey(key))))).toMatchObject({
      logs: [{ key }],
      quorum: undefined,
    });
    expect(fromUtf8(BUNDLE_README)).toContain('plexus-audit verify');
  });
});
