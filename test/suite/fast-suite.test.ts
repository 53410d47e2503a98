/** The suite that long tests run on: faster, and byte for byte the one that programs run on. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nodeSuite } from '@plexus/suite';
import nacl from 'tweetnacl';
import { fastSuite } from '../fast-suite.ts';

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const message = fc.uint8Array({ maxLength: 300 });

test('signs as tweetnacl does, to the byte, and derives the same public key', () => {
  fc.assert(
    fc.property(bytes(32), message, (seed, text) => {
      const { publicKey, secretKey } = nacl.sign.keyPair.fromSeed(seed);
      expect(fastSuite.ed25519PublicKey(seed)).toEqual(publicKey);
      expect(fastSuite.ed25519Sign(seed, text)).toEqual(nacl.sign.detached(text, secretKey));
    }),
    { numRuns: 25 },
  );
});

test('accepts and refuses the signatures that the Node suite does, the altered, S + L and the identity key among them', () => {
  const L = 2n ** 252n + 27742317777372353535851937790883648493n;
  const plusL = (signature: Uint8Array): Uint8Array => {
    const out = signature.slice();
    let s = BigInt(`0x${Buffer.from(out.subarray(32)).reverse().toString('hex')}`) + L;
    for (let i = 32; i < 64; i++, s >>= 8n) out[i] = Number(s & 255n);
    return out;
  };
  const identity = Uint8Array.of(1, ...new Uint8Array(31));
  fc.assert(
    fc.property(bytes(32), message, fc.nat({ max: 511 }), (seed, text, bit) => {
      const key = fastSuite.ed25519PublicKey(seed);
      const good = fastSuite.ed25519Sign(seed, text);
      const altered = good.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
      const answers = [good, altered, plusL(good), good.subarray(1)].flatMap((signature) =>
        [key, identity].map((under) => {
          const answer = fastSuite.ed25519Verify(under, text, signature);
          expect(answer).toBe(nodeSuite.ed25519Verify(under, text, signature));
          return answer;
        }),
      );
      expect(answers).toEqual([true, ...Array<boolean>(7).fill(false)]);
    }),
    { numRuns: 25 },
  );
});

test('agrees on the same X25519 secret, a second time too, and on none with a key of small order', () => {
  fc.assert(
    fc.property(bytes(32), bytes(32), (ours, theirs) => {
      const peer = fastSuite.x25519PublicKey(theirs);
      expect(peer).toEqual(nodeSuite.x25519PublicKey(theirs));
      for (const suite of [fastSuite, fastSuite, nodeSuite])
        expect(suite.x25519(ours, peer)).toEqual(
          nacl.scalarMult(ours, nacl.scalarMult.base(theirs)),
        );
      for (const small of [0, 1])
        expect(fastSuite.x25519(ours, Uint8Array.of(small, ...new Uint8Array(31)))).toBeUndefined();
    }),
    { numRuns: 10 },
  );
});

test('an answer that its caller overwrites is not overwritten in the memo', () => {
  const seed = new Uint8Array(32).fill(3);
  const right = fastSuite.ed25519PublicKey(seed).slice();
  fastSuite.ed25519PublicKey(seed).fill(0);
  expect(fastSuite.ed25519PublicKey(seed)).toEqual(right);
});
