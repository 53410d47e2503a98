/** Signed statements (secure-aggregation.md 2): one kind, one key, one spelling. */
import { describe, expect, test } from 'vitest';
import { base64, fromBase64, hex, type Envelope } from '@plexus/core';
import { nodeSuite as suite } from '@plexus/suite';
import type { Bodies, StatementKind } from '../../../core/src/secagg/bodies.ts';
import {
  openStatement,
  payloadType,
  peekStatement,
  signStatement,
} from '../../../core/src/secagg/statements.ts';
import { bytes, headerOf } from './session.ts';

const signer = { keyid: 'h7', seed: bytes(7) };
const key = suite.ed25519PublicKey(signer.seed);
const digest = (fill: number): string => hex(bytes(fill));
const agreement = signStatement(suite, signer, 'agree', headerOf(7), {
  h2: digest(1),
  h3: digest(2),
});

const bodies: Bodies = {
  advertise: {
    cPublic: digest(1),
    sPublic: digest(2),
    nonce: digest(3),
    cohortHash: digest(4),
    previous: [
      { session: digest(5) },
      { session: digest(6), agreed: { survivors: [1, 2, 7], agreement } },
    ],
  },
  share: { h1: digest(1), listHash: digest(2), commitB: digest(3) },
  masked: { h2: digest(1), byteLength: 30_000_011, vectorHash: digest(2) },
  agree: { h2: digest(1), h3: digest(2) },
  unmask: {
    h3: digest(1),
    shares: [
      { dealer: 1, kind: 'b', share: bytes(8) },
      { dealer: 3, kind: 's', share: bytes(9) },
    ],
  },
  complaint: { phase: 'masked', accused: 3, code: 'SHARE_UNOPENABLE', evidence: digest(1) },
  abandon: { phase: 'masked', code: 'STORE_ROLLED_BACK' },
};
const kinds: readonly StatementKind[] = [
  'advertise',
  'share',
  'masked',
  'agree',
  'unmask',
  'complaint',
  'abandon',
];
const refused = (code: string) => ({ kind: 'refused', code });

function signed(kind: StatementKind): Envelope {
  return signStatement(suite, signer, kind, headerOf(7), bodies[kind]);
}

describe.each(kinds)('%s', (kind) => {
  const envelope = signed(kind);

  test('opens to what was signed, and signing that again gives the same bytes', () => {
    expect(envelope.payloadType).toBe(`application/vnd.plexus.sa1.${kind}.v1`);
    const statement = openStatement(suite, kind, envelope, key);
    expect(statement).toMatchObject({ kind: 'statement', header: headerOf(7), body: bodies[kind] });
    if (statement.kind === 'refused') return;
    expect(signStatement(suite, signer, kind, statement.header, statement.body)).toEqual(envelope);
  });

  test('no other kind accepts it, even with the type exchanged', () => {
    for (const other of kinds) {
      if (other === kind) continue;
      expect(openStatement(suite, other, envelope, key)).toEqual(refused('ENCODING_INVALID'));
      const renamed = { ...envelope, payloadType: payloadType(other) };
      expect(openStatement(suite, other, renamed, key).kind).toBe('refused');
    }
  });

  test('truncated, extended or with a bit flipped it is refused, never an exception', () => {
    const payload = fromBase64(envelope.payload);
    const forms = [payload.subarray(1), payload.subarray(0, -1), Uint8Array.of(...payload, 0)];
    for (const form of forms)
      expect(peekStatement(kind, { ...envelope, payload: base64(form) })).toEqual(
        refused('ENCODING_INVALID'),
      );
    for (let at = 0; at < payload.length; at += 5) {
      const flipped = payload.map((byte, i) => (i === at ? byte ^ 0x20 : byte));
      const altered = { ...envelope, payload: base64(flipped) };
      expect(openStatement(suite, kind, altered, key).kind).toBe('refused');
    }
  });
});

test('T6: another key, no signature, two signatures or a foreign one are SIGNATURE_INVALID', () => {
  const envelope = signed('agree');
  const other = suite.ed25519PublicKey(bytes(8));
  expect(openStatement(suite, 'agree', envelope, other)).toEqual(refused('SIGNATURE_INVALID'));
  for (const signatures of [
    [],
    [...envelope.signatures, ...envelope.signatures],
    signed('masked').signatures,
    [{ keyid: 'h7', sig: 'not base64' }],
  ])
    expect(openStatement(suite, 'agree', { ...envelope, signatures }, key)).toEqual(
      refused('SIGNATURE_INVALID'),
    );
  expect(peekStatement('agree', { ...envelope, signatures: [] }).kind).toBe('statement');
});

test('a payload that is not base64 is ENCODING_INVALID', () => {
  const envelope = { ...signed('agree'), payload: '***' };
  expect(openStatement(suite, 'agree', envelope, key)).toEqual(refused('ENCODING_INVALID'));
});
