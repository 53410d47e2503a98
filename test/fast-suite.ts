/**
 * The Node suite for tests that run thousands of sessions: signatures by node:crypto in place of tweetnacl, and nothing is computed
 * twice. Every byte is the same: each call here is a pure function of its arguments.
 *
 * Source: RFC 8032, by which a signature is a function of seed and message. Leaves to others: everything else (nodeSuite).
 */
import {
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  sign,
  verify,
  type KeyObject,
} from 'node:crypto';
import type { Bytes, Suite } from '@plexus/core';
import { nodeSuite } from '@plexus/suite';

const SIGNING_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
const EXCHANGE_PREFIX = Buffer.from('302e020100300506032b656e04220420', 'hex');
const PEER_PREFIX = Buffer.from('302a300506032b656e032100', 'hex');
const VERIFYING_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const MEMO_SIZE = 20_000;

const privateKeys = memo<KeyObject>();
const publicKeys = memo<Bytes>();
const peerKeys = memo<KeyObject>();
const agreed = memo<Bytes | undefined>();
const good = memo<boolean>();
const strict = memo<boolean>();

function latin(bytes: Bytes): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

function privateKey(prefix: Bytes, secret: Bytes): KeyObject {
  const key = Buffer.concat([prefix, secret]);
  return privateKeys(latin(key), () => createPrivateKey({ key, format: 'der', type: 'pkcs8' }));
}

function publicKey(prefix: Bytes, secret: Bytes): Bytes {
  return publicKeys(latin(prefix) + latin(secret), () => {
    const spki = createPublicKey(privateKey(prefix, secret)).export({
      format: 'der',
      type: 'spki',
    });
    return new Uint8Array(spki.subarray(PEER_PREFIX.length));
  }).slice();
}

function peerKey(prefix: Bytes, peer: Bytes): KeyObject {
  const key = Buffer.concat([prefix, peer]);
  return peerKeys(latin(key), () => createPublicKey({ key, format: 'der', type: 'spki' }));
}

/** As nodeSuite: undefined for a peer key of small order. */
function agree(secret: Bytes, peer: Bytes): Bytes | undefined {
  const [ours, theirs] = [privateKey(EXCHANGE_PREFIX, secret), peerKey(PEER_PREFIX, peer)];
  try {
    return new Uint8Array(diffieHellman({ privateKey: ours, publicKey: theirs }));
  } catch {
    return undefined;
  }
}

/** As nodeSuite, strictness included. */
function isGood(key: Bytes, message: Bytes, signature: Bytes): boolean {
  const isStrict = (point: Bytes): boolean => nodeSuite.ed25519KeyIsStrict(point);
  if (signature.length !== 64 || !strict(latin(key), () => isStrict(key))) return false;
  const s = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString('hex')}`);
  if (!isStrict(signature.subarray(0, 32)) || s >= L) return false;
  return verify(null, message, peerKey(VERIFYING_PREFIX, key), signature);
}

/** Answers of a pure function by the name of its arguments; forgotten all at once when they are many. */
function memo<T>(): (name: string, compute: () => T) => T {
  const known = new Map<string, T>();
  return (name, compute) => {
    if (known.has(name)) return known.get(name) as T;
    const value = compute();
    if (known.size >= MEMO_SIZE) known.clear();
    known.set(name, value);
    return value;
  };
}

export const fastSuite: Suite = {
  ...nodeSuite,
  ed25519PublicKey: (seed) => publicKey(SIGNING_PREFIX, seed),
  ed25519Sign: (seed, message) =>
    new Uint8Array(sign(null, message, privateKey(SIGNING_PREFIX, seed))),
  ed25519Verify: (key, message, signature) =>
    good(latin(nodeSuite.sha256(key, signature, message)), () => isGood(key, message, signature)),
  x25519PublicKey: (secret) => publicKey(EXCHANGE_PREFIX, secret),
  x25519: (secret, peer) => agreed(latin(secret) + latin(peer), () => agree(secret, peer))?.slice(),
};
