/**
 * The cryptography that core needs, as a port. Core calls it and knows no implementation; each program's main.ts hands one in.
 *
 * Everything here is a pure function of its arguments: randomness reaches core as bytes in inputs.
 * Source: secure-aggregation.md section 8; audit-log.md 3.10.
 */
import type { Bytes } from './bytes.js';

/** One mask of a vector: the keystream of `key`, added or subtracted. */
export interface Mask {
  /** 32 bytes. Secret. */
  readonly key: Bytes;
  readonly sign: 1 | -1;
}

export interface Suite {
  /** 32 bytes. Source: FIPS 180-4. */
  sha256(...parts: readonly Bytes[]): Bytes;
  /** 32 bytes. Source: FIPS 198-1. */
  hmacSha256(key: Bytes, data: Bytes): Bytes;
  /** `length` bytes, at most 8160. Source: RFC 5869. */
  hkdfSha256(ikm: Bytes, salt: Bytes, info: Bytes, length: number): Bytes;
  /** Public key (32 bytes) of a 32-byte seed. Source: RFC 8032. */
  ed25519PublicKey(seed: Bytes): Bytes;
  /** 64-byte signature under a 32-byte seed. */
  ed25519Sign(seed: Bytes, message: Bytes): Bytes;
  /** Strict verification (audit-log.md 3.10). Total: malformed keys and signatures are false. */
  ed25519Verify(publicKey: Bytes, message: Bytes, signature: Bytes): boolean;
  /** True if the key is canonical and not of small order (the key half of strict verification). */
  ed25519KeyIsStrict(publicKey: Bytes): boolean;
  /** Public key (32 bytes) of a 32-byte secret, clamped here. Source: RFC 7748. */
  x25519PublicKey(secret: Bytes): Bytes;
  /** Shared 32 bytes, or undefined if they are all zero (a low-order peer key). */
  x25519(secret: Bytes, publicKey: Bytes): Bytes | undefined;
  /** XSalsa20-Poly1305, key 32 and nonce 24 bytes; the result is 16 bytes longer than the plaintext. */
  secretboxSeal(key: Bytes, nonce: Bytes, plaintext: Bytes): Bytes;
  /** The plaintext, or undefined if the box does not open. */
  secretboxOpen(key: Bytes, nonce: Bytes, sealed: Bytes): Bytes | undefined;
  /** `length` bytes of AES-256-CTR keystream, 128-bit big-endian counter from 0. */
  keystream(key: Bytes, length: number): Bytes;
  /**
   * The mask loop: accumulator[j] += Σ sign · word(firstWord + j) mod 2^32, word k being the k-th little-endian u32
   * of the mask's keystream. The accumulator is changed in place.
   */
  addMasks(accumulator: Uint32Array, masks: readonly Mask[], firstWord: number): void;
}
