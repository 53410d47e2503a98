/** Strict Ed25519 (audit-log.md 3.10): everything on which libraries disagree is refused. */
import nacl from 'tweetnacl';
import { describe, expect, test } from 'vitest';
import { fromHex, utf8, type Bytes } from '@plexus/core';
import { nodeSuite } from '@plexus/suite';

const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const P = 2n ** 255n - 19n;
const seed = new Uint8Array(32).fill(7);
const key = nodeSuite.ed25519PublicKey(seed);
const message = utf8('one sum, one set');
const signature = nodeSuite.ed25519Sign(seed, message);

const SMALL_ORDER = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0000000000000000000000000000000000000000000000000000000000000080',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
].map(fromHex);

describe('T6: strict verification', () => {
  test('S + L is refused although tweetnacl accepts it', () => {
    const malleable = signature.slice();
    malleable.set(encode(decode(signature.subarray(32)) + L), 32);
    expect(nacl.sign.detached.verify(message, malleable, key)).toBe(true);
    expect(nodeSuite.ed25519Verify(key, message, malleable)).toBe(false);
  });

  test('the identity as key with R = identity and S = 0 verifies in the bare library and is refused here', () => {
    const identity = encode(1n);
    const forged = new Uint8Array(64);
    forged.set(identity);
    expect(nacl.sign.detached.verify(message, forged, identity)).toBe(true);
    expect(nodeSuite.ed25519Verify(identity, message, forged)).toBe(false);
  });

  test('none of the eight points of small order is a key, or an R', () => {
    for (const point of SMALL_ORDER) {
      expect(nodeSuite.ed25519KeyIsStrict(point)).toBe(false);
      const forged = signature.slice();
      forged.set(point);
      expect(nodeSuite.ed25519Verify(key, message, forged)).toBe(false);
    }
  });

  test('y ≥ p is refused with either sign bit: 19 spellings of points that have another', () => {
    for (let y = P; y < 2n ** 255n; y++) {
      const point = encode(y);
      expect(nodeSuite.ed25519KeyIsStrict(point)).toBe(false);
      point[31] = (point[31] ?? 0) | 0x80;
      expect(nodeSuite.ed25519KeyIsStrict(point)).toBe(false);
    }
    expect(nodeSuite.ed25519KeyIsStrict(encode(P - 2n))).toBe(true);
  });

  test('wrong lengths, another message, another key and a flipped bit are false, not errors', () => {
    expect(nodeSuite.ed25519Verify(key, message, signature)).toBe(true);
    expect(nodeSuite.ed25519Verify(key, message, signature.subarray(1))).toBe(false);
    expect(nodeSuite.ed25519Verify(key.subarray(1), message, signature)).toBe(false);
    expect(nodeSuite.ed25519Verify(key, utf8('another sum'), signature)).toBe(false);
    const other = nodeSuite.ed25519PublicKey(new Uint8Array(32).fill(8));
    expect(nodeSuite.ed25519Verify(other, message, signature)).toBe(false);
    for (let bit = 0; bit < 512; bit += 37) {
      const altered = signature.slice();
      altered[bit >> 3] = (altered[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(nodeSuite.ed25519Verify(key, message, altered)).toBe(false);
    }
  });

  test('a strict y that is on no curve point is false, not an error', () => {
    const offCurve = [2n, 3n, 4n, 5n, 6n, 7n, 8n].map(encode);
    for (const point of offCurve)
      expect(nodeSuite.ed25519Verify(point, message, signature)).toBe(false);
  });
});

function encode(value: bigint): Bytes {
  return Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 255n));
}

function decode(bytes: Bytes): bigint {
  return bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}
