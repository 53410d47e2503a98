/**
 * DSSE v1 envelopes: the one signature format of protocol and log.
 *
 * The payload is kept as its exact bytes, so verification needs no canonicalisation. `keyid` is a hint and is never trusted.
 * Source: secure-systems-lab/dsse protocol.md and envelope.md; audit-log.md 3.9.
 */
import { base64, concat, fromBase64, utf8, type Bytes } from './bytes.js';
import type { Suite } from './suite.js';

/** The JSON form that travels and is logged. A type alias, so that it is assignable to JsonObject. */
export type Envelope = {
  readonly payload: string;
  readonly payloadType: string;
  readonly signatures: readonly { readonly keyid: string; readonly sig: string }[];
};

/** The signed bytes: `DSSEv1 len(type) type len(payload) payload`. */
export function preAuthEncoding(payloadType: string, payload: Bytes): Bytes {
  const type = utf8(payloadType);
  return concat(
    utf8(`DSSEv1 ${String(type.length)} `),
    type,
    utf8(` ${String(payload.length)} `),
    payload,
  );
}

export interface Signer {
  readonly keyid: string;
  /** 32-byte Ed25519 seed. Secret. */
  readonly seed: Bytes;
}

export function signEnvelope(
  suite: Suite,
  payloadType: string,
  payload: Bytes,
  ...signers: readonly Signer[]
): Envelope {
  const message = preAuthEncoding(payloadType, payload);
  return {
    payload: base64(payload),
    payloadType,
    signatures: signers.map(({ keyid, seed }) => ({
      keyid,
      sig: base64(suite.ed25519Sign(seed, message)),
    })),
  };
}

/** True if signature number `index` verifies strictly under the key. Total on peer input. */
export function verifyEnvelope(
  suite: Suite,
  envelope: Envelope,
  publicKey: Bytes,
  index = 0,
): boolean {
  const signature = envelope.signatures[index];
  if (signature === undefined) return false;
  try {
    const message = preAuthEncoding(envelope.payloadType, fromBase64(envelope.payload));
    return suite.ed25519Verify(publicKey, message, fromBase64(signature.sig));
  } catch {
    return false; // not base64, or a type that is not text: peer-controlled, and simply not a valid signature
  }
}
