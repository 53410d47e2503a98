/**
 * Everything secret of one session, derived from z_u: one secret to persist, one to wipe, and a restart re-derives the same bytes.
 *
 *     x = HKDF-SHA256(ikm = z_u, salt = session id, info = ENC("plexus/sa1/key/" ‖ label), 32 bytes)
 *
 *     label c, s               X25519 secrets, clamped: sealing shares; pair masks
 *     label b                  seed of the self mask
 *     label nonce              public, makes M0 fresh
 *     label coefficients/b, /s AES-256 keys whose keystream is the Shamir coefficients of b and of s
 *
 * Source: secure-aggregation.md section 2. Leaves to others: where z_u comes from and how it is kept (round/, node-agent/).
 */
import { fromHex, hex, type Bytes } from '../base/bytes.js';
import type { Code } from '../base/error.js';
import type { Suite } from '../base/suite.js';
import { labelledKey } from './labels.js';
import { SECRET_BYTES } from './shamir.js';

/** Secret: all but the public keys and the nonce. */
export interface SessionKeys {
  readonly cSecret: Bytes;
  readonly sSecret: Bytes;
  readonly cPublic: Bytes;
  readonly sPublic: Bytes;
  /** b_u. */
  readonly selfSeed: Bytes;
  readonly nonce: Bytes;
  /** `count` times 32 bytes of Shamir coefficients, degree 1 first. */
  coefficients(secret: 'b' | 's', count: number): Bytes;
}

/** Shapes: z: 32 bytes. session: 64 hex digits. */
export function sessionKeys(suite: Suite, z: Bytes, session: string): SessionKeys {
  const salt = fromHex(session);
  const expand = (label: string): Bytes =>
    labelledKey(suite, z, salt, `key/${label}`, () => undefined, 32);
  const cSecret = clamp(expand('c'));
  const sSecret = clamp(expand('s'));
  return {
    cSecret,
    sSecret,
    cPublic: suite.x25519PublicKey(cSecret),
    sPublic: suite.x25519PublicKey(sSecret),
    selfSeed: expand('b'),
    nonce: expand('nonce'),
    coefficients: (secret, count) =>
      suite.keystream(expand(`coefficients/${secret}`), count * SECRET_BYTES),
  };
}

/** Session keys of one hospital as its M0 names them. */
export interface AdvertisedKeys {
  readonly index: number;
  readonly cPublic: Bytes;
  readonly sPublic: Bytes;
}

/**
 * Why the advertised keys of U1 are refused by one of its members; undefined if they are not (section 4.2, rows 3 and 4).
 *
 * A key of small order would make one hospital's box key or mask known to everybody; a repeated key would let one hospital
 * speak as another.
 */
export function refuseKeys(
  suite: Suite,
  keys: Pick<SessionKeys, 'cSecret' | 'sSecret'>,
  advertised: readonly AdvertisedKeys[],
  neighbours: readonly number[],
): Extract<Code, 'KEY_NON_CANONICAL' | 'KEY_DUPLICATE' | 'KEY_LOW_ORDER'> | undefined {
  const all = advertised.flatMap(({ cPublic, sPublic }) => [cPublic, sPublic]);
  if (!all.every(isCanonical)) return 'KEY_NON_CANONICAL';
  if (new Set(all.map(hex)).size !== all.length) return 'KEY_DUPLICATE';
  const near = new Set(neighbours);
  const lowOrder = advertised.some(
    ({ index, cPublic, sPublic }) =>
      near.has(index) &&
      (suite.x25519(keys.cSecret, cPublic) === undefined ||
        suite.x25519(keys.sSecret, sPublic) === undefined),
  );
  return lowOrder ? 'KEY_LOW_ORDER' : undefined;
}

/** True for 32 bytes that encode a number below 2^255 − 19, little-endian. Public input. */
function isCanonical(key: Bytes): boolean {
  if (key.length !== 32 || (key[31] ?? 0) > 0x7f) return false;
  const high = key.subarray(1, 31).every((byte) => byte === 0xff) && key[31] === 0x7f;
  return !high || (key[0] ?? 0) < 0xed;
}

function clamp(secret: Bytes): Bytes {
  const out = secret.slice();
  out[0] = out[0]! & 248;
  out[31] = (out[31]! & 127) | 64;
  return out;
}
