import { createPublicKey, verify } from 'node:crypto';
import { nodeSuite } from '@plexus/suite';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { base64, base64url, fromBase64, fromUtf8, utf8 } from '../../../core/src/base/bytes.ts';
import {
  preAuthEncoding,
  signEnvelope,
  verifyEnvelope,
  type Envelope,
} from '../../../core/src/base/dsse.ts';

const seed = new Uint8Array(32).fill(7);
const other = new Uint8Array(32).fill(8);
const publicKey = nodeSuite.ed25519PublicKey(seed);
const signer = { keyid: 'site', seed };
const TYPE = 'application/vnd.plexus.example';
const sign = (payload: Uint8Array): Envelope => signEnvelope(nodeSuite, TYPE, payload, signer);

describe('the published test vector of DSSE v1 (protocol.md)', () => {
  const message = preAuthEncoding('http://example.com/HelloWorld', utf8('hello world'));

  it('has our pre-authentication encoding', () => {
    expect(fromUtf8(message)).toBe('DSSEv1 29 http://example.com/HelloWorld 11 hello world');
  });

  it('has an ECDSA P-256 signature that verifies over it', () => {
    const coordinate = (decimal: string): string =>
      base64url(Buffer.from(BigInt(decimal).toString(16).padStart(64, '0'), 'hex'));
    const key = createPublicKey({
      format: 'jwk',
      key: {
        kty: 'EC',
        crv: 'P-256',
        x: coordinate(
          '46950820868899156662930047687818585632848591499744589407958293238635476079160',
        ),
        y: coordinate(
          '5640078356564379163099075877009565129882514886557779369047442380624545832820',
        ),
      },
    });
    const signature = fromBase64(
      'A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA==',
    );
    expect(verify('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, signature)).toBe(true);
  });
});

describe('envelopes', () => {
  it('lengths count bytes, not characters', () => {
    expect(fromUtf8(preAuthEncoding('é', utf8('€')))).toBe('DSSEv1 2 é 3 €');
  });

  it('a signed payload verifies under its key, and travels as the exact bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (payload) => {
        const envelope = sign(payload);
        expect(fromBase64(envelope.payload)).toEqual(payload);
        expect(verifyEnvelope(nodeSuite, envelope, publicKey)).toBe(true);
      }),
      { numRuns: 20 },
    );
  });

  it('any flipped bit of payload or signature is refused', () => {
    const envelope = sign(utf8('a statement'));
    const flip = (text: string, bit: number): string => {
      const bytes = fromBase64(text);
      bytes[(bit >> 3) % bytes.length]! ^= 1 << (bit & 7);
      return base64(bytes);
    };
    fc.assert(
      fc.property(fc.nat({ max: 511 }), (bit) => {
        const [signature] = envelope.signatures;
        const payload = { ...envelope, payload: flip(envelope.payload, bit) };
        const signatures = [{ keyid: 'site', sig: flip(signature!.sig, bit) }];
        expect(verifyEnvelope(nodeSuite, payload, publicKey)).toBe(false);
        expect(verifyEnvelope(nodeSuite, { ...envelope, signatures }, publicKey)).toBe(false);
      }),
      { numRuns: 60 },
    );
  });

  it('the type is signed: an envelope of one type is none of another', () => {
    const moved = { ...sign(utf8('x')), payloadType: `${TYPE}2` };
    expect(verifyEnvelope(nodeSuite, moved, publicKey)).toBe(false);
  });

  it('keyid is a hint: it neither helps nor hurts', () => {
    const envelope = sign(utf8('x'));
    const renamed = {
      ...envelope,
      signatures: envelope.signatures.map(({ sig }) => ({ keyid: 'someone else', sig })),
    };
    expect(verifyEnvelope(nodeSuite, renamed, publicKey)).toBe(true);
    expect(verifyEnvelope(nodeSuite, envelope, nodeSuite.ed25519PublicKey(other))).toBe(false);
  });

  it('each of several signatures stands at its index, under its own key', () => {
    const both = signEnvelope(nodeSuite, TYPE, utf8('x'), signer, { keyid: 'second', seed: other });
    const second = nodeSuite.ed25519PublicKey(other);
    expect(verifyEnvelope(nodeSuite, both, publicKey, 0)).toBe(true);
    expect(verifyEnvelope(nodeSuite, both, second, 1)).toBe(true);
    expect(verifyEnvelope(nodeSuite, both, second, 0)).toBe(false);
    expect(verifyEnvelope(nodeSuite, both, second, 2)).toBe(false);
  });

  it.each<[string, Partial<Envelope>]>([
    ['a payload that is not base64', { payload: '?' }],
    ['a payload in another spelling', { payload: 'eB==' }],
    ['a signature that is not base64', { signatures: [{ keyid: '', sig: '?' }] }],
    ['a signature of no bytes', { signatures: [{ keyid: '', sig: '' }] }],
    ['no signature', { signatures: [] }],
    ['a type that is not text', { payloadType: '\ud800' }],
  ])('%s is no valid signature, and no exception', (_what, change) => {
    expect(verifyEnvelope(nodeSuite, { ...sign(utf8('x')), ...change }, publicKey)).toBe(false);
  });

  it('a key of the wrong length is no valid signature, and no exception', () => {
    expect(verifyEnvelope(nodeSuite, sign(utf8('x')), publicKey.subarray(1))).toBe(false);
  });
});
