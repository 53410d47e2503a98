/**
 * Ed25519: signing with tweetnacl, strict verification with node:crypto.
 *
 * Libraries disagree on hostile signatures, and a log that one reader accepts and another refuses is no log. So everything on
 * which they could disagree (S ≥ L, y ≥ p, points of small order) is refused before the library is asked.
 * Source: RFC 8032 section 5.1.7; audit-log.md 3.10.
 */
import { createPublicKey, verify } from 'node:crypto';
import nacl from 'tweetnacl';
import type { Bytes } from '@plexus/core';
import { exactly } from './exactly.js';

const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
const P = 2n ** 255n - 19n;
const L = 2n ** 252n + 27742317777372353535851937790883648493n;
/** The y coordinates of the eight points whose order divides 8; the order-8 points have one of the last two. */
const SMALL_ORDER_Y: ReadonlySet<bigint> = new Set([
  0n,
  1n,
  P - 1n,
  littleEndian(fromHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05')),
  littleEndian(fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a')),
]);

export function publicKeyOf(seed: Bytes): Bytes {
  exactly('Ed25519 seed', seed, 32);
  return nacl.sign.keyPair.fromSeed(seed).publicKey;
}

export function sign(seed: Bytes, message: Bytes): Bytes {
  exactly('Ed25519 seed', seed, 32);
  return nacl.sign.detached(message, nacl.sign.keyPair.fromSeed(seed).secretKey);
}

/** True if the 32 bytes encode a y below p that is not of small order. Total. */
export function keyIsStrict(point: Bytes): boolean {
  if (point.length !== 32) return false;
  const y = littleEndian(point) & (2n ** 255n - 1n);
  return y < P && !SMALL_ORDER_Y.has(y);
}

/** True if both key and R are strict, S < L, and the cofactorless equation holds. Total on peer input. */
export function verifyStrictly(publicKey: Bytes, message: Bytes, signature: Bytes): boolean {
  if (signature.length !== 64 || !keyIsStrict(publicKey)) return false;
  if (!keyIsStrict(signature.subarray(0, 32)) || littleEndian(signature.subarray(32)) >= L)
    return false;
  const key = createPublicKey({
    key: Buffer.concat([SPKI_PREFIX, publicKey]),
    format: 'der',
    type: 'spki',
  });
  return verify(null, message, key, signature);
}

function littleEndian(bytes: Bytes): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
}

function fromHex(text: string): Bytes {
  return Buffer.from(text, 'hex');
}
