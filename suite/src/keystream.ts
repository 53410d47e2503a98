/**
 * AES-256-CTR keystream with a 128-bit big-endian counter: PRG(k) of SA1.
 *
 * Source: NIST SP 800-38A section 6.5; secure-aggregation.md section 8. Leaves to others: that the key has 32 bytes (its callers).
 */
import { createCipheriv } from 'node:crypto';
import type { Bytes } from '@plexus/core';
import { CHUNK_BYTES } from './mask-kernel.js';

const ZEROS = new Uint8Array(CHUNK_BYTES);

/**
 * A reader of the keystream of `key` from block `firstBlock` on; every call returns the next `length` bytes.
 *
 * Encrypting zeros yields the keystream itself. Secret: key, and every byte that comes out.
 */
export function keystreamFrom(key: Bytes, firstBlock: bigint): (length: number) => Bytes {
  const counter = new Uint8Array(16);
  const view = new DataView(counter.buffer);
  view.setBigUint64(0, firstBlock >> 64n);
  view.setBigUint64(8, BigInt.asUintN(64, firstBlock));
  const cipher = createCipheriv('aes-256-ctr', key, counter);
  return (length) => {
    const zeros = length <= ZEROS.length ? ZEROS.subarray(0, length) : new Uint8Array(length);
    const out = cipher.update(zeros);
    return new Uint8Array(out.buffer, out.byteOffset, out.length);
  };
}
