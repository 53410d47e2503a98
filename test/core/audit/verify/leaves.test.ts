import { describe, expect, it } from 'vitest';
import { nodeSuite as suite } from '@plexus/suite';
import { base64, utf8, type Bytes } from '../../../../core/src/base/bytes.ts';
import { canonicalBytes, type JsonObject } from '../../../../core/src/base/canonical-json.ts';
import { leafBytes } from '../../../../core/src/audit/leaf.ts';
import { leafHash } from '../../../../core/src/audit/merkle.ts';
import { checkLeaves } from '../../../../core/src/audit/verify/leaves.ts';
import { DRAFT, SAMPLES, STAMP } from '../sample-values.ts';

const first = leafBytes(DRAFT, STAMP);

function textsOf(entries: readonly Bytes[]): readonly string[] {
  const hashes = entries.map((entry) => leafHash(suite, entry));
  return checkLeaves(SAMPLES.origin, entries, hashes).findings.map(
    ({ code, leaf, text }) => `${code} ${String(leaf)}: ${text}`,
  );
}

describe('V6: each leaf by itself and against those before it', () => {
  it('in order, and pointing back at what stands there', () => {
    const link = { rel: 'previous', seq: 0, leaf: base64(leafHash(suite, first)) };
    const second = leafBytes({ ...DRAFT, links: [link] }, { ...STAMP, seq: 1 });
    expect(textsOf([first, second])).toEqual([]);
  });

  it('bytes that are no leaf, or hold a name', () => {
    const named = {
      ...DRAFT,
      ...STAMP,
      v: 1,
      entities: [],
      links: [],
      signed: [],
      study: 'Wang Wei',
    } as unknown as JsonObject;
    expect(textsOf([utf8('{"a":1 }'), canonicalBytes({ a: 1 }), canonicalBytes(named)])).toEqual([
      'A401 0: not canonical JSON at byte 6',
      'A402 1: unknown field a in unknown',
      'A408 2: study may hold personal data (rule P1)',
    ]);
  });

  it('a wrong place, another log, a time that goes back, a link that does not match', () => {
    const wrong = (change: Partial<typeof STAMP>, draft = DRAFT) => [
      first,
      leafBytes(draft, { ...STAMP, seq: 1, ...change }),
    ];
    expect(textsOf(wrong({ seq: 5 }))).toEqual(['A403 1: seq 5 stands at index 1']);
    expect(textsOf(wrong({ log: 'other.example.org/plexus/onco' }))).toEqual([
      'A404 1: log other.example.org/plexus/onco expected coord.example.org/plexus/onco',
    ]);
    expect(textsOf(wrong({ time: '2026-03-02T10:15:04.119Z' }))).toEqual([
      'A405 1: time goes back from 2026-03-02T10:15:04.120Z to 2026-03-02T10:15:04.119Z',
    ]);
    for (const seq of [0, 1, 7]) {
      const links = [{ rel: 'offer', seq, leaf: SAMPLES.hash }];
      expect(textsOf(wrong({}, { ...DRAFT, links }))).toEqual([
        `A407 1: link offer to leaf ${String(seq)} does not match`,
      ]);
    }
  });
});
