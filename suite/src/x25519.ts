/**
 * X25519 over node:crypto, raw keys handed over as JSON web keys where that is possible, else in a fixed DER prefix.
 *
 * OpenSSL 3.0, that of Node 20, takes ten times as long to read a key of DER as for the agreement itself, and a coordinator reads
 * hundreds in a sum. Source: RFC 7748; RFC 8037 (OKP); prefix of RFC 8410 (id-X25519). OpenSSL clamps the secret itself.
 * Leaves to others: refusing non-canonical public keys (core/secagg), which OpenSSL accepts.
 */
import { createPrivateKey, createPublicKey, diffieHellman, type KeyObject } from 'node:crypto';
import type { Bytes } from '@plexus/core';
import { exactly } from './exactly.js';

const PRIVATE_PREFIX = Buffer.from('302e020100300506032b656e04220420', 'hex');
/** Whether a secret is taken without its public half, which is made from it anyway: up to some Node after 20, where DER got fast. */
const TAKES_BARE_SECRET = isTaken(new Uint8Array(32).fill(1));

export function exchangeKeyOf(secret: Bytes): Bytes {
  const { x = '' } = privateKey(secret).export({ format: 'jwk' });
  return new Uint8Array(Buffer.from(x, 'base64url'));
}

/** The 32 shared bytes, or undefined for a peer key of small order, whose result would be known to everybody. */
export function agree(secret: Bytes, publicKey: Bytes): Bytes | undefined {
  exactly('X25519 public key', publicKey, 32);
  const ours = privateKey(secret);
  const theirs = createPublicKey({
    key: { kty: 'OKP', crv: 'X25519', x: base64url(publicKey) },
    format: 'jwk',
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
  if (TAKES_BARE_SECRET) return ofJwk(secret);
  return createPrivateKey({
    key: Buffer.concat([PRIVATE_PREFIX, secret]),
    format: 'der',
    type: 'pkcs8',
  });
}

function ofJwk(secret: Bytes): KeyObject {
  const key = { kty: 'OKP', crv: 'X25519', d: base64url(secret), x: '' };
  return createPrivateKey({ key, format: 'jwk' });
}

function isTaken(secret: Bytes): boolean {
  try {
    ofJwk(secret);
    return true;
  } catch {
    return false; // Invalid JWK OKP key
  }
}

function base64url(bytes: Bytes): string {
  return Buffer.from(bytes).toString('base64url');
}
