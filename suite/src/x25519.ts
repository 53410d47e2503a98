/**
 * X25519 over node:crypto, raw keys wrapped in fixed DER prefixes.
 *
 * Source: RFC 7748; prefixes of RFC 8410 (id-X25519). OpenSSL clamps the secret itself.
 * Leaves to others: refusing non-canonical public keys (core/secagg), which OpenSSL accepts.
 */
import { createPrivateKey, createPublicKey, diffieHellman, type KeyObject } from 'node:crypto';
import type { Bytes } from '@plexus/core';
import { exactly } from './exactly.js';

const PRIVATE_PREFIX = Buffer.from('302e020100300506032b656e04220420', 'hex');
const PUBLIC_PREFIX = Buffer.from('302a300506032b656e032100', 'hex');

export function exchangeKeyOf(secret: Bytes): Bytes {
  const der = createPublicKey(privateKey(secret)).export({ format: 'der', type: 'spki' });
  return new Uint8Array(der.subarray(PUBLIC_PREFIX.length));
}

/** The 32 shared bytes, or undefined for a peer key of small order, whose result would be known to everybody. */
export function agree(secret: Bytes, publicKey: Bytes): Bytes | undefined {
  exactly('X25519 public key', publicKey, 32);
  const ours = privateKey(secret);
  const theirs = createPublicKey({
    key: Buffer.concat([PUBLIC_PREFIX, publicKey]),
    format: 'der',
    type: 'spki',
  });
  let shared: Bytes;
  try {
    shared = new Uint8Array(diffieHellman({ privateKey: ours, publicKey: theirs }));
  } catch {
    return undefined; // both lengths are right, so the one thing OpenSSL refuses is an all-zero result
  }
  return shared.some((byte) => byte !== 0) ? shared : undefined;
}

function privateKey(secret: Bytes): KeyObject {
  exactly('X25519 secret', secret, 32);
  return createPrivateKey({
    key: Buffer.concat([PRIVATE_PREFIX, secret]),
    format: 'der',
    type: 'pkcs8',
  });
}
