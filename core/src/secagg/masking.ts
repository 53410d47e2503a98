/**
 * The masks of one hospital's vector, and the vector under them.
 *
 *     y_u = x_u + PRG(k_u) + Σ_{v, u<v} PRG(k_uv) − Σ_{v, v<u} PRG(k_uv)      over v ∈ N(u) ∩ U2, words mod 2^32, cut to f bits
 *
 * Source: secure-aggregation.md section 4.3. Leaves to others: that a session masks one vector, once (I3, round/).
 */
import type { Bytes } from '../base/bytes.js';
import { PlexusError } from '../base/error.js';
import type { Mask, Suite } from '../base/suite.js';
import type { SessionKeys } from './keys.js';
import { labelledKey } from './labels.js';
import type { Layout } from './layout.js';
import { packVector } from './packing.js';

/** Errors: peer/KEY_LOW_ORDER, which cannot come after `refuseKeys`. Secret: every key. */
export function masksOf(
  suite: Suite,
  keys: Pick<SessionKeys, 'selfSeed' | 'sSecret'>,
  session: {
    readonly h1: Bytes;
    readonly self: number;
    readonly neighboursInU2: readonly number[];
    readonly sPublicOf: (neighbour: number) => Bytes;
  },
): readonly Mask[] {
  const { h1, self, neighboursInU2, sPublicOf } = session;
  return [
    { key: selfMaskKey(suite, h1, self, keys.selfSeed), sign: 1 },
    ...neighboursInU2.map((v): Mask => {
      const key = pairMaskKey(suite, h1, self, v, keys.sSecret, sPublicOf(v));
      return { key, sign: pairSign(self, v) };
    }),
  ];
}

/** The packed masked vector; `words` stays as it was, since a free retry sends the same vector under other masks. */
export function maskVector(
  suite: Suite,
  layout: Layout,
  words: Uint32Array,
  masks: readonly Mask[],
): Bytes {
  const masked = words.slice();
  suite.addMasks(masked, masks, 0);
  return packVector(layout, masked);
}

/** The sign with which u's vector carries the mask it shares with v. */
export function pairSign(u: number, v: number): 1 | -1 {
  return u < v ? 1 : -1;
}

/** k_u = KDF(b_u, "self", u; 32). */
export function selfMaskKey(suite: Suite, h1: Bytes, u: number, selfSeed: Bytes): Bytes {
  return labelledKey(suite, selfSeed, h1, 'self', (writer) => void writer.u16(u), 32);
}

/** k_uv = KDF(X25519(s_u, sPk_v), "pair", min(u, v), max(u, v); 32): the same from both ends. */
export function pairMaskKey(
  suite: Suite,
  h1: Bytes,
  u: number,
  v: number,
  sSecret: Bytes,
  sPublic: Bytes,
): Bytes {
  const agreed = suite.x25519(sSecret, sPublic);
  if (agreed === undefined) throw new PlexusError('KEY_LOW_ORDER', 'mask key: small order');
  return labelledKey(
    suite,
    agreed,
    h1,
    'pair',
    (writer) => void writer.u16(Math.min(u, v)).u16(Math.max(u, v)),
    32,
  );
}
