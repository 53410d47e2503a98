import { describe, expect, it } from 'vitest';
import { nodeSuite as suite } from '@plexus/suite';
import { base64, fromUtf8, utf8, type Bytes } from '../../../core/src/base/bytes.ts';
import { signCheckpoint } from '../../../core/src/audit/checkpoint.ts';
import type { Evidence } from '../../../core/src/audit/evidence.ts';
import {
  checkEvidence,
  checkHead,
  checkInclusion,
  holdsEvidence,
  type Head,
} from '../../../core/src/audit/heads.ts';
import { leafHash } from '../../../core/src/audit/merkle.ts';
import { consistencyPath, inclusionPath, rootOf } from '../../../core/src/audit/tree.ts';
import { formatVkey, verifierKey } from '../../../core/src/audit/vkey.ts';
import { grow } from './forest.ts';
import { codeOf } from './vectors.ts';

const seed = new Uint8Array(32).fill(4);
const origin = 'coord.example.org/plexus/onco';
const pinned = {
  origin,
  vkey: formatVkey(verifierKey(suite, origin, 1, suite.ed25519PublicKey(seed))),
};

const entries = Array.from({ length: 20 }, (_, i) => utf8(`leaf ${String(i)}`));
const honest = grow(entries.map((entry) => leafHash(suite, entry)));
const forked = grow(entries.map((entry, i) => leafHash(suite, i === 3 ? utf8('another') : entry)));

function noteOf(size: number, grown = honest): string {
  const head = { size: BigInt(size), root: rootOf(suite, grown.trees[size]!) };
  return fromUtf8(signCheckpoint(suite, origin, head, seed));
}

function headOf(size: number): Head {
  return { size, root: base64(rootOf(suite, honest.trees[size]!)) };
}

const texts = (hashes: readonly Bytes[]) => hashes.map((hash) => base64(hash));
const proof = (m: number, n: number, grown = honest) =>
  texts(consistencyPath(suite, m, n, grown.node));
const refused = (reason: string) => ({ kind: 'refused', code: 'LOG_HEAD_REFUSED', reason });

describe('the head check (audit-log.md 9.2, I11)', () => {
  it('accepts the first head, an extension and the same head again', () => {
    for (const stored of [undefined, { size: 0, root: base64(suite.sha256()) }])
      expect(checkHead(suite, pinned, stored, noteOf(7), [])).toEqual({
        kind: 'head',
        head: headOf(7),
      });
    expect(checkHead(suite, pinned, headOf(7), noteOf(20), proof(7, 20))).toEqual({
      kind: 'head',
      head: headOf(20),
    });
    expect(checkHead(suite, pinned, headOf(7), noteOf(7), [])).toEqual({
      kind: 'head',
      head: headOf(7),
    });
  });

  it('names what is wrong', () => {
    const check = (note: string, path: readonly string[]) =>
      checkHead(suite, pinned, headOf(7), note, path);
    expect(check(noteOf(6), [])).toEqual(refused('stale'));
    expect(check(noteOf(7, forked), [])).toEqual(refused('forked'));
    expect(check(noteOf(20, forked), proof(7, 20, forked))).toEqual(refused('inconsistent'));
    expect(check(noteOf(20), proof(6, 20))).toEqual(refused('inconsistent'));
    expect(check(noteOf(20), [])).toEqual(refused('inconsistent'));
    expect(check(noteOf(20), ['not base64'])).toEqual(refused('malformed'));
    expect(check(noteOf(7), proof(6, 7))).toEqual(refused('malformed'));
    expect(check('no note', [])).toEqual(refused('malformed'));
    expect(checkHead(suite, pinned, undefined, noteOf(7), proof(6, 7))).toEqual(
      refused('malformed'),
    );
  });

  it('accepts no head that the pinned key did not sign', () => {
    const head = { size: 7n, root: rootOf(suite, honest.trees[7]!) };
    const other = fromUtf8(signCheckpoint(suite, origin, head, new Uint8Array(32).fill(5)));
    expect(checkHead(suite, pinned, undefined, other, [])).toEqual(refused('malformed'));
    const huge = fromUtf8(signCheckpoint(suite, origin, { ...head, size: 2n ** 60n }, seed));
    expect(checkHead(suite, pinned, undefined, huge, [])).toEqual(refused('malformed'));
    expect(codeOf(() => checkHead(suite, { ...pinned, origin: 'else' }, undefined, huge, []))).toBe(
      'KEY_INVALID',
    );
  });
});

describe('inclusion and evidence (audit-log.md L4)', () => {
  const path = texts(inclusionPath(suite, 11, 20, honest.node));
  const evidence: Evidence = {
    checkpoint: noteOf(20),
    from: 7,
    consistency: proof(7, 20),
    leaf: { seq: 11, bytes: base64(entries[11]!) },
    inclusion: path,
  };

  it('a leaf is where it is, and nowhere else', () => {
    expect(checkInclusion(suite, headOf(20), 11, entries[11]!, path)).toBe(true);
    for (const [seq, entry] of [
      [10, entries[11]!],
      [11, entries[10]!],
      [-1, entries[11]!],
      [1.5, entries[11]!],
    ] as const)
      expect(checkInclusion(suite, headOf(20), seq, entry, path)).toBe(false);
    expect(checkInclusion(suite, headOf(20), 11, entries[11]!, ['?'])).toBe(false);
  });

  it('head and leaf are checked together', () => {
    expect(checkEvidence(suite, pinned, headOf(7), evidence)).toEqual({
      kind: 'evidence',
      head: headOf(20),
    });
    const other = {
      seq: 3,
      bytes: base64(entries[3]!),
      inclusion: texts(inclusionPath(suite, 3, 20, honest.node)),
    };
    const both = { ...evidence, also: [other] };
    expect(checkEvidence(suite, pinned, headOf(7), both).kind).toBe('evidence');
    expect(holdsEvidence(suite, headOf(20), both)).toBe(true);
    for (const change of [{ seq: 4 }, { bytes: '?' }, { inclusion: path }])
      expect(
        holdsEvidence(suite, headOf(20), { ...both, also: [other, { ...other, ...change }] }),
      ).toBe(false);
    for (const leaf of [
      { seq: 11, bytes: '?' },
      { seq: 12, bytes: evidence.leaf.bytes },
    ])
      expect(checkEvidence(suite, pinned, headOf(7), { ...evidence, leaf })).toEqual({
        kind: 'refused',
        code: 'LOG_LEAF_MISSING',
      });
    expect(checkEvidence(suite, pinned, headOf(8), evidence)).toEqual(refused('inconsistent'));
  });
});
