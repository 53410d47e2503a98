/**
 * The Suite of every program: node:crypto for bulk work, key agreement and verification; tweetnacl for signing and sealing.
 *
 * Source: the table of secure-aggregation.md section 8. Every result is a plain Uint8Array of its own: a Buffer's `slice` shares
 * memory, and core relies on copies. Leaves to others: the mask loop (add-masks.ts), strict Ed25519 (ed25519.ts).
 */
import { createHash, createHmac, hkdfSync } from 'node:crypto';
import nacl from 'tweetnacl';
import type { Bytes, Suite } from '@plexus/core';
import { addMasks } from './add-masks.js';
import { exactly } from './exactly.js';
import { keyIsStrict, publicKeyOf, sign, verifyStrictly } from './ed25519.js';
import { keystreamFrom } from './keystream.js';
import { agree, exchangeKeyOf } from './x25519.js';

export const nodeSuite: Suite = {
  sha256: (...parts) => {
    const hash = createHash('sha256');
    for (const part of parts) hash.update(part);
    return plain(hash.digest());
  },
  hmacSha256: (key, data) => plain(createHmac('sha256', key).update(data).digest()),
  hkdfSha256: (ikm, salt, info, length) =>
    new Uint8Array(hkdfSync('sha256', ikm, salt, info, length)),
  ed25519PublicKey: publicKeyOf,
  ed25519Sign: sign,
  ed25519Verify: verifyStrictly,
  ed25519KeyIsStrict: keyIsStrict,
  x25519PublicKey: exchangeKeyOf,
  x25519: agree,
  secretboxSeal: (key, nonce, plaintext) => {
    exactly('secretbox key', key, 32);
    exactly('secretbox nonce', nonce, 24);
    return nacl.secretbox(plaintext, nonce, key);
  },
  secretboxOpen: (key, nonce, sealed) => {
    exactly('secretbox key', key, 32);
    exactly('secretbox nonce', nonce, 24);
    return nacl.secretbox.open(sealed, nonce, key) ?? undefined;
  },
  keystream: (key, length) => {
    exactly('AES-256 key', key, 32);
    return keystreamFrom(key, 0n)(length);
  },
  addMasks,
};

function plain(bytes: Bytes): Bytes {
  return new Uint8Array(bytes);
}
