/** Dealing and opening (secure-aggregation.md 4.2, 4.3): every fault has the right culprit. */
import { describe, expect, test } from 'vitest';
import { EncWriter, hex, type Bytes } from '@plexus/core';
import { nodeSuite as suite } from '@plexus/suite';
import { sessionKeys } from '../../../core/src/secagg/keys.ts';
import { labelledHash, labelledKey } from '../../../core/src/secagg/labels.ts';
import { rebuildSecret } from '../../../core/src/secagg/shamir.ts';
import {
  dealShares,
  listIsAsSigned,
  openDealing,
  selfSeedCommitment,
  shareCommitment,
  type DealtEntry,
} from '../../../core/src/secagg/sharing.ts';
import { bytes, got, seedOf, SESSION } from './session.ts';

const h1 = bytes(0x11);
const members = [1, 2, 3, 700];
const keys = new Map(members.map((u) => [u, sessionKeys(suite, seedOf(u), SESSION)]));
const cPublicOf = (v: number): Bytes => got(keys, v).cPublic;
const dealBy = (self: number, transcript = h1) =>
  dealShares(suite, got(keys, self), {
    h1: transcript,
    self,
    receivers: members,
    threshold: 3,
    cPublicOf,
  });
const dealt = dealBy(2);
const dealingTo = (self: number) => ({
  h1,
  self,
  dealer: 2,
  cPublic: cPublicOf(2),
  receivers: members,
  signedListHash: dealt.listHash,
  entries: dealt.entries,
  box: got(dealt.boxes, self),
});
const open = (self: number, over: Partial<ReturnType<typeof dealingTo>> = {}) =>
  openDealing(suite, got(keys, self), { ...dealingTo(self), ...over });

describe('T22: what was dealt', () => {
  test('opens at each receiver, and any three with the dealer’s own rebuild both secrets', () => {
    const pairs = [1, 3, 700].map((self) => {
      const result = open(self);
      if (result.kind !== 'shares') throw new Error(result.code);
      return { abscissa: self, ...result.shares };
    });
    if (dealt.own === undefined) throw new Error('own');
    const all = [...pairs, { abscissa: 2, ...dealt.own }];
    for (let skip = 0; skip < 4; skip++) {
      const three = all.filter((_, i) => i !== skip);
      const b = rebuildSecret(three.map(({ abscissa, b: share }) => ({ abscissa, share })));
      const s = rebuildSecret(three.map(({ abscissa, s: share }) => ({ abscissa, share })));
      expect(hex(b)).toBe(hex(got(keys, 2).selfSeed));
      expect(hex(s)).toBe(hex(got(keys, 2).sSecret));
    }
  });

  test('is the same bytes again (T8), and the dealer’s own line commits to an empty box', () => {
    expect(dealBy(2)).toEqual(dealt);
    expect(dealt.boxes.has(2)).toBe(false);
    expect(dealt.entries[1]?.box).toBe(hex(suite.sha256()));
    expect(dealt.commitB).toEqual(selfSeedCommitment(suite, h1, 2, got(keys, 2).selfSeed));
  });

  test('keeps no own share where the dealer is no receiver', () => {
    const sparse = dealShares(suite, got(keys, 2), {
      h1,
      self: 2,
      receivers: [1, 3, 700],
      threshold: 2,
      cPublicOf,
    });
    expect(sparse.own).toBeUndefined();
    expect(sparse.entries.map(({ receiver }) => receiver)).toEqual([1, 3, 700]);
  });

  test('to a key of small order is not sealed (KEY_LOW_ORDER)', () => {
    expect(() =>
      dealShares(suite, got(keys, 2), {
        h1,
        self: 2,
        receivers: [1, 3],
        threshold: 2,
        cPublicOf: () => bytes(0),
      }),
    ).toThrow(expect.objectContaining({ code: 'KEY_LOW_ORDER' }));
  });
});

describe('T22: SHARE_NOT_AS_SIGNED, the coordinator’s fault', () => {
  const change = (i: number, over: Partial<DealtEntry>): readonly DealtEntry[] =>
    dealt.entries.map((entry, k) => (k === i ? { ...entry, ...over } : entry));
  const refused = { kind: 'refused', code: 'SHARE_NOT_AS_SIGNED' };

  test.each<[string, Partial<ReturnType<typeof dealingTo>>]>([
    ['an altered box', { box: got(dealt.boxes, 1).map((byte, i) => (i === 5 ? byte ^ 1 : byte)) }],
    ['a box for somebody else', { box: got(dealt.boxes, 3) }],
    ['the box of another session', { box: got(dealBy(2, bytes(0x22)).boxes, 1) }],
    ['an altered commitment', { entries: change(0, { self: hex(bytes(1)) }) }],
    ['a commitment that is no digest', { entries: change(2, { pair: 'zz' }) }],
    ['a shortened list', { entries: dealt.entries.slice(0, 3) }],
    ['a list that leaves the receiver out', { entries: dealt.entries.slice(1) }],
    ['other receivers than the graph’s', { receivers: [1, 2, 3] }],
    ['another signed hash', { signedListHash: bytes(1) }],
    ['a list of another session', { h1: bytes(0x22) }],
  ])('%s', (_, over) => {
    expect(open(1, over)).toEqual(refused);
  });

  test('a list is checked alone, for dealers whose box is not for us', () => {
    expect(listIsAsSigned(suite, dealingTo(1))).toBe(true);
    expect(listIsAsSigned(suite, { ...dealingTo(1), dealer: 3 })).toBe(false);
  });
});

describe('T22: complaints, the dealer’s or the accuser’s fault', () => {
  const share = bytes(0x33);
  const committed = { b: share, s: share };
  /** Hospital 2 signs a list over whatever is in the box. */
  function lie(plain: Bytes, keyHash = h1) {
    const agreed = suite.x25519(got(keys, 2).cSecret, cPublicOf(1));
    if (agreed === undefined) throw new Error('low order');
    const both = labelledKey(suite, agreed, keyHash, 'share', (w) => void w.u16(2).u16(1), 56);
    const box = suite.secretboxSeal(both.slice(0, 32), both.slice(32), plain);
    const entry = {
      receiver: 1,
      box: hex(suite.sha256(box)),
      self: shareCommitment(suite, 'b', h1, 2, 1, committed.b),
      pair: shareCommitment(suite, 's', h1, 2, 1, committed.s),
    };
    const signedListHash = labelledHash(suite, 'list', (writer) => {
      writer.bytes(h1).u16(2).u32(1).u16(1);
      for (const text of [entry.box, entry.self, entry.pair])
        writer.bytes(Buffer.from(text, 'hex'));
    });
    return open(1, { receivers: [1], entries: [entry], signedListHash, box });
  }
  const text = (dealer: number, receiver: number, transcript: Bytes, b: Bytes, s: Bytes): Bytes =>
    new EncWriter().u16(dealer).u16(receiver).bytes(transcript).bytes(b).bytes(s).done();

  test('a well-made lie would pass: the dealing below is otherwise right', () => {
    expect(lie(text(2, 1, h1, share, share))).toEqual({
      kind: 'shares',
      dealer: 2,
      shares: committed,
    });
  });

  test('a box under another key, or around something else, is SHARE_UNOPENABLE', () => {
    const unopenable = { kind: 'complaint', code: 'SHARE_UNOPENABLE' };
    expect(lie(text(2, 1, h1, share, share), bytes(1))).toEqual(unopenable);
    expect(lie(bytes(1, 7))).toEqual(unopenable);
    expect(lie(text(2, 1, h1, share, bytes(1, 31)))).toEqual(unopenable);
  });

  test('another dealer, receiver or transcript inside is SHARE_MISADDRESSED', () => {
    const misaddressed = { kind: 'complaint', code: 'SHARE_MISADDRESSED' };
    expect(lie(text(3, 1, h1, share, share))).toEqual(misaddressed);
    expect(lie(text(2, 3, h1, share, share))).toEqual(misaddressed);
    expect(lie(text(2, 1, bytes(2), share, share))).toEqual(misaddressed);
  });

  test('either share unlike its commitment is SHARE_COMMITMENT_MISMATCH', () => {
    const mismatch = { kind: 'complaint', code: 'SHARE_COMMITMENT_MISMATCH' };
    expect(lie(text(2, 1, h1, bytes(1), share))).toEqual(mismatch);
    expect(lie(text(2, 1, h1, share, bytes(1)))).toEqual(mismatch);
  });
});
