/**
 * Dealing the two secrets of a hospital, and opening what others dealt.
 *
 * Every share is sealed for its receiver under a key that knows direction, session and transcript, and is committed to in a list
 * whose hash the dealer signs: so a receiver can check its own share now, and a coordinator the released ones later.
 * Source: secure-aggregation.md sections 4.2 and 4.3. Leaves to others: signing M1 (statements.ts), releasing (release.ts).
 */
import { equalBytes, fromHex, hex, type Bytes } from '../base/bytes.js';
import { EncReader, EncWriter } from '../base/enc.js';
import { PlexusError } from '../base/error.js';
import type { Suite } from '../base/suite.js';
import type { SessionKeys } from './keys.js';
import { labelledHash, labelledKey } from './labels.js';
import { splitSecret } from './shamir.js';

/** One line of a share list: commitments to what `receiver` was dealt. Hex. */
export type DealtEntry = {
  readonly receiver: number;
  /** SHA-256 of the sealed box; of no bytes for the dealer itself. */
  readonly box: string;
  /** Commitments to the b-share and the s-share. */
  readonly self: string;
  readonly pair: string;
};

/** The shares of b and s that one dealer gave one receiver. Secret. */
export interface SharePair {
  readonly b: Bytes;
  readonly s: Bytes;
}

export interface Dealt {
  readonly entries: readonly DealtEntry[];
  /** Sealed boxes by receiver, the dealer itself left out. */
  readonly boxes: ReadonlyMap<number, Bytes>;
  readonly listHash: Bytes;
  readonly commitB: Bytes;
  /** The dealer's own shares, in a complete graph. Secret. */
  readonly own?: SharePair;
}

/**
 * Shares b_u and s_u among the receivers; the same keys, h1 and receivers give the same bytes.
 *
 * Shapes   receivers: ascending, `graph.receivers(self)`. cPublicOf: 32-byte key of each receiver but self.
 * Errors   peer/KEY_LOW_ORDER; bug/SHARES_INVALID.
 */
export function dealShares(
  suite: Suite,
  keys: SessionKeys,
  deal: {
    readonly h1: Bytes;
    readonly self: number;
    readonly receivers: readonly number[];
    readonly threshold: number;
    readonly cPublicOf: (receiver: number) => Bytes;
  },
): Dealt {
  const { h1, self, receivers, threshold, cPublicOf } = deal;
  const split = (secret: Bytes, kind: 'b' | 's') =>
    splitSecret(secret, keys.coefficients(kind, threshold - 1), threshold, receivers);
  const selfShares = split(keys.selfSeed, 'b');
  const pairShares = split(keys.sSecret, 's');
  const boxes = new Map<number, Bytes>();
  let own: SharePair | undefined;
  const entries = receivers.map((receiver, i) => {
    const shares = { b: selfShares[i]!.share, s: pairShares[i]!.share };
    let box: Bytes = new Uint8Array(0);
    if (receiver === self) own = shares;
    else {
      const { key, nonce } = boxKey(suite, keys.cSecret, cPublicOf(receiver), h1, self, receiver);
      box = suite.secretboxSeal(key, nonce, boxText(h1, self, receiver, shares));
      boxes.set(receiver, box);
    }
    return {
      receiver,
      box: hex(suite.sha256(box)),
      self: shareCommitment(suite, 'b', h1, self, receiver, shares.b),
      pair: shareCommitment(suite, 's', h1, self, receiver, shares.s),
    };
  });
  return {
    entries,
    boxes,
    listHash: listHash(suite, h1, self, entries),
    commitB: selfSeedCommitment(suite, h1, self, keys.selfSeed),
    ...(own === undefined ? {} : { own }),
  };
}

/** A refusal is the coordinator's fault; a complaint shows that dealer or receiver is faulty, and ends the session. */
export type OpenedDealing =
  | { readonly kind: 'shares'; readonly dealer: number; readonly shares: SharePair }
  | { readonly kind: 'refused'; readonly code: 'SHARE_NOT_AS_SIGNED' }
  | {
      readonly kind: 'complaint';
      readonly code: 'SHARE_UNOPENABLE' | 'SHARE_MISADDRESSED' | 'SHARE_COMMITMENT_MISMATCH';
    };

/**
 * Checks and opens what another hospital dealt to this one (section 4.3, rows 3 and 4).
 *
 * Shapes   receivers: `graph.receivers(dealer)`. signedListHash: of the dealer's verified M1. cPublic: the dealer's.
 * Errors   none on peer input; peer/KEY_LOW_ORDER cannot come after `refuseKeys`.
 */
export function openDealing(
  suite: Suite,
  keys: Pick<SessionKeys, 'cSecret'>,
  dealing: {
    readonly h1: Bytes;
    readonly self: number;
    readonly dealer: number;
    readonly cPublic: Bytes;
    readonly receivers: readonly number[];
    readonly signedListHash: Bytes;
    readonly entries: readonly DealtEntry[];
    readonly box: Bytes;
  },
): OpenedDealing {
  const { h1, self, dealer, box } = dealing;
  const entry = dealing.entries.find(({ receiver }) => receiver === self);
  if (!listIsAsSigned(suite, dealing) || entry?.box !== hex(suite.sha256(box)))
    return { kind: 'refused', code: 'SHARE_NOT_AS_SIGNED' };
  const { key, nonce } = boxKey(suite, keys.cSecret, dealing.cPublic, h1, dealer, self);
  const text = suite.secretboxOpen(key, nonce, box);
  const inside = text === undefined ? undefined : readBoxText(text);
  if (inside === undefined) return { kind: 'complaint', code: 'SHARE_UNOPENABLE' };
  if (inside.dealer !== dealer || inside.receiver !== self || !equalBytes(inside.h1, h1))
    return { kind: 'complaint', code: 'SHARE_MISADDRESSED' };
  const { b, s } = inside.shares;
  const committed =
    shareCommitment(suite, 'b', h1, dealer, self, b) === entry.self &&
    shareCommitment(suite, 's', h1, dealer, self, s) === entry.pair;
  if (!committed) return { kind: 'complaint', code: 'SHARE_COMMITMENT_MISMATCH' };
  return { kind: 'shares', dealer, shares: inside.shares };
}

/** True if the list hashes to what the dealer signed and names exactly its receivers. Total: peer-controlled. */
export function listIsAsSigned(
  suite: Suite,
  list: {
    readonly h1: Bytes;
    readonly dealer: number;
    readonly receivers: readonly number[];
    readonly signedListHash: Bytes;
    readonly entries: readonly DealtEntry[];
  },
): boolean {
  const { entries, receivers } = list;
  const named =
    entries.length === receivers.length &&
    entries.every(({ receiver }, i) => receiver === receivers[i]);
  if (!named || !entries.every(isEntry)) return false;
  return equalBytes(listHash(suite, list.h1, list.dealer, entries), list.signedListHash);
}

/** H("b-share" or "s-share", h1, dealer, receiver, share), hex. */
export function shareCommitment(
  suite: Suite,
  kind: 'b' | 's',
  h1: Bytes,
  dealer: number,
  receiver: number,
  share: Bytes,
): string {
  const hash = labelledHash(suite, `${kind}-share`, (writer) => {
    writer.bytes(h1).u16(dealer).u16(receiver).bytes(share);
  });
  return hex(hash);
}

/** H("b", h1, u, b_u). */
export function selfSeedCommitment(suite: Suite, h1: Bytes, self: number, selfSeed: Bytes): Bytes {
  return labelledHash(suite, 'b', (writer) => {
    writer.bytes(h1).u16(self).bytes(selfSeed);
  });
}

/** H("list", h1, u, entries). */
function listHash(suite: Suite, h1: Bytes, dealer: number, entries: readonly DealtEntry[]): Bytes {
  return labelledHash(suite, 'list', (writer) => {
    writer
      .bytes(h1)
      .u16(dealer)
      .list(entries, (w, { receiver, box, self, pair }) => {
        w.u16(receiver).bytes(fromHex(box)).bytes(fromHex(self)).bytes(fromHex(pair));
      });
  });
}

function isEntry({ box, self, pair }: DealtEntry): boolean {
  return [box, self, pair].every((text) => /^[0-9a-f]{64}$/.test(text));
}

/** (K, n) = KDF(X25519(c, cPk), "share", dealer, receiver; 32 + 24): one direction, one session, one message. */
function boxKey(
  suite: Suite,
  cSecret: Bytes,
  cPublic: Bytes,
  h1: Bytes,
  dealer: number,
  receiver: number,
): { readonly key: Bytes; readonly nonce: Bytes } {
  const agreed = suite.x25519(cSecret, cPublic);
  if (agreed === undefined) throw new PlexusError('KEY_LOW_ORDER', 'sealing key: small order');
  const write = (writer: EncWriter): void => void writer.u16(dealer).u16(receiver);
  const both = labelledKey(suite, agreed, h1, 'share', write, 56);
  return { key: both.slice(0, 32), nonce: both.slice(32) };
}

function boxText(h1: Bytes, dealer: number, receiver: number, { b, s }: SharePair): Bytes {
  return new EncWriter().u16(dealer).u16(receiver).bytes(h1).bytes(b).bytes(s).done();
}

function readBoxText(
  text: Bytes,
): { dealer: number; receiver: number; h1: Bytes; shares: SharePair } | undefined {
  try {
    const reader = new EncReader(text);
    const dealer = reader.u16();
    const receiver = reader.u16();
    const h1 = reader.bytes(32);
    const shares = { b: reader.bytes(32), s: reader.bytes(32) };
    reader.end();
    return { dealer, receiver, h1, shares };
  } catch {
    return undefined; // the dealer sealed something else: it opens to nothing we can use
  }
}
