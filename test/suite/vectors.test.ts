/** Known answers of the standards, for every primitive that the Node suite offers. */
import { describe, expect, test } from 'vitest';
import { fromHex, hex, utf8 } from '@plexus/core';
import { nodeSuite } from '@plexus/suite';
import { keystreamFrom } from '../../suite/src/keystream.ts';

const NOTHING = new Uint8Array(0);

describe('RFC 8032 section 7.1', () => {
  const cases = [
    [
      '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
      'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
      '',
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
    ],
    [
      '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
      '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
      '72',
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    ],
    [
      'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
      'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
      'af82',
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
    ],
  ] as const;
  test.each(cases)('seed %s', (seed, key, message, signature) => {
    expect(hex(nodeSuite.ed25519PublicKey(fromHex(seed)))).toBe(key);
    expect(hex(nodeSuite.ed25519Sign(fromHex(seed), fromHex(message)))).toBe(signature);
    expect(nodeSuite.ed25519Verify(fromHex(key), fromHex(message), fromHex(signature))).toBe(true);
  });
});

describe('RFC 7748 section 6.1', () => {
  const a = fromHex('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a');
  const b = fromHex('5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb');
  const aPublic = '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a';
  const bPublic = 'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f';
  const shared = '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742';

  test('both sides reach the shared secret', () => {
    expect(hex(nodeSuite.x25519PublicKey(a))).toBe(aPublic);
    expect(hex(nodeSuite.x25519PublicKey(b))).toBe(bPublic);
    expect(hex(nodeSuite.x25519(a, fromHex(bPublic)) ?? NOTHING)).toBe(shared);
    expect(hex(nodeSuite.x25519(b, fromHex(aPublic)) ?? NOTHING)).toBe(shared);
  });

  test('a peer key of small order gives undefined, never a key', () => {
    expect(nodeSuite.x25519(a, new Uint8Array(32))).toBeUndefined();
    expect(
      nodeSuite.x25519(
        a,
        Uint8Array.from({ length: 32 }, (_, i) => Number(i === 0)),
      ),
    ).toBe(undefined);
  });
});

describe('T12: RFC 5869 appendix A', () => {
  test('case 1', () => {
    const okm = nodeSuite.hkdfSha256(
      new Uint8Array(22).fill(0x0b),
      fromHex('000102030405060708090a0b0c'),
      fromHex('f0f1f2f3f4f5f6f7f8f9'),
      42,
    );
    expect(hex(okm)).toBe(
      '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
    );
  });

  test('case 2, long inputs and outputs', () => {
    const run = (from: number): Uint8Array => Uint8Array.from({ length: 80 }, (_, i) => from + i);
    expect(hex(nodeSuite.hkdfSha256(run(0x00), run(0x60), run(0xb0), 82))).toBe(
      'b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87',
    );
  });

  test('case 3, salt and info empty', () => {
    const okm = nodeSuite.hkdfSha256(new Uint8Array(22).fill(0x0b), NOTHING, NOTHING, 42);
    expect(hex(okm)).toBe(
      '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
    );
  });
});

describe('T12: AES-256-CTR', () => {
  test('SP 800-38A F.5.5', () => {
    const plain = fromHex(
      '6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710',
    );
    const key = fromHex('603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4');
    const stream = keystreamFrom(key, 0xf0f1f2f3f4f5f6f7f8f9fafbfcfdfeffn)(plain.length);
    expect(hex(plain.map((byte, i) => byte ^ (stream[i] ?? 0)))).toBe(
      '601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c52b0930daa23de94ce87017ba2d84988ddfc9c58db67aada613c2dd08457941a6',
    );
  });

  test('the counter starts at 0 (blocks 0, 1 and 2 are the H, tag mask and first block of GCM test cases 13 and 14)', () => {
    expect(hex(nodeSuite.keystream(new Uint8Array(32), 48))).toBe(
      'dc95c078a2408989ad48a21492842087530f8afbc74536b9a963b4f1c4cb738bcea7403d4d606b6e074ec5d3baf39d18',
    );
  });
});

describe('hashes and boxes', () => {
  test('SHA-256 of abc in three parts, FIPS 180-4', () => {
    const digest = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
    expect(hex(nodeSuite.sha256(utf8('a'), utf8('b'), utf8('c')))).toBe(digest);
  });

  test('HMAC-SHA-256, RFC 4231 case 2', () => {
    expect(hex(nodeSuite.hmacSha256(utf8('Jefe'), utf8('what do ya want for nothing?')))).toBe(
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    );
  });

  test('a sealed box opens; altered by one bit, it does not', () => {
    const key = new Uint8Array(32).fill(1);
    const nonce = new Uint8Array(24).fill(2);
    const sealed = nodeSuite.secretboxSeal(key, nonce, utf8('share'));
    expect(nodeSuite.secretboxOpen(key, nonce, sealed)).toEqual(utf8('share'));
    const altered = sealed.map((byte, i) => (i === 3 ? byte ^ 1 : byte));
    expect(nodeSuite.secretboxOpen(key, nonce, altered)).toBeUndefined();
    expect(nodeSuite.secretboxOpen(key, nonce, NOTHING)).toBeUndefined();
  });

  test('a key of the wrong length is refused before any library sees it (SUITE_INPUT)', () => {
    const short = new Uint8Array(31);
    const right = new Uint8Array(32);
    for (const call of [
      () => nodeSuite.secretboxSeal(short, new Uint8Array(24), right),
      () => nodeSuite.secretboxOpen(right, new Uint8Array(23), right),
      () => nodeSuite.ed25519Sign(short, right),
      () => nodeSuite.x25519(right, short),
      () => nodeSuite.x25519PublicKey(short),
      () => nodeSuite.keystream(short, 1),
    ])
      expect(call).toThrow(expect.objectContaining({ code: 'SUITE_INPUT' }));
  });
});
