import { nodeSuite } from '@plexus/suite';
import { expect, it } from 'vitest';
import { hex, utf8 } from '../../../core/src/base/bytes.ts';
import type { Mask, Suite } from '../../../core/src/base/suite.ts';

const suite: Suite = nodeSuite;
const key = new Uint8Array(32).fill(1);

it('every function of the port is pure: the same arguments, the same result, and no argument is changed', () => {
  const nonce = new Uint8Array(24).fill(2);
  const message = utf8('message');
  const peer = suite.x25519PublicKey(new Uint8Array(32).fill(3));
  const publicKey = suite.ed25519PublicKey(key);
  const signature = suite.ed25519Sign(key, message);
  const sealed = suite.secretboxSeal(key, nonce, message);
  const given = [key, nonce, message, peer, publicKey, signature, sealed];
  const before = given.map(hex);
  const calls = {
    sha256: () => suite.sha256(message, key),
    hmacSha256: () => suite.hmacSha256(key, message),
    hkdfSha256: () => suite.hkdfSha256(key, nonce, message, 50),
    ed25519PublicKey: () => suite.ed25519PublicKey(key),
    ed25519Sign: () => suite.ed25519Sign(key, message),
    ed25519Verify: () => suite.ed25519Verify(publicKey, message, signature),
    ed25519KeyIsStrict: () => suite.ed25519KeyIsStrict(publicKey),
    x25519PublicKey: () => suite.x25519PublicKey(key),
    x25519: () => suite.x25519(key, peer),
    secretboxSeal: () => suite.secretboxSeal(key, nonce, message),
    secretboxOpen: () => suite.secretboxOpen(key, nonce, sealed),
    keystream: () => suite.keystream(key, 100),
    addMasks: () => {
      const sum = new Uint32Array(5);
      suite.addMasks(sum, [{ key, sign: 1 }], 3);
      return sum;
    },
  } satisfies Record<keyof Suite, () => unknown>;
  for (const [name, call] of Object.entries(calls)) {
    const first = call();
    expect([name, first]).not.toEqual([name, undefined]);
    expect([name, call()]).toEqual([name, first]);
  }
  expect(given.map(hex)).toEqual(before);
});

it('the mask loop adds the words of the keystream, little-endian, from the word it is told', () => {
  const masks: readonly Mask[] = [{ key, sign: 1 }];
  const sum = Uint32Array.of(1, 1, 1);
  suite.addMasks(sum, masks, 2);
  const stream = suite.keystream(key, 20);
  const words = new DataView(stream.buffer, stream.byteOffset, 20);
  expect([...sum]).toEqual([2, 3, 4].map((k) => (1 + words.getUint32(4 * k, true)) >>> 0));
});

it('what one hospital adds another subtracts: masks cancel', () => {
  const sum = Uint32Array.of(7, 8, 9);
  suite.addMasks(sum, [{ key, sign: 1 }], 0);
  expect([...sum]).not.toEqual([7, 8, 9]);
  suite.addMasks(sum, [{ key, sign: -1 }], 0);
  expect([...sum]).toEqual([7, 8, 9]);
});
