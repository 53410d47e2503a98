/**
 * The statement that registers a key: signed by the hospital's identity key and, as proof of possession, by the new key itself.
 *
 * Source: audit-log.md section 6 (`key`) and 9.4. For the identity key (role `statement`) the two are one, and it signs once.
 * Leaves to others: whether the key is already known in another role (A305).
 */
import { base64, fromBase64, type Bytes } from '../base/bytes.js';
import { canonicalBytes, parseCanonical, type Json } from '../base/canonical-json.js';
import { signEnvelope, verifyEnvelope, type Envelope } from '../base/dsse.js';
import type { Suite } from '../base/suite.js';
import { KEY_ROLES, type KeyRole } from './events/site.js';
import { checkShape, integer, object, oneOf, text } from './shape.js';
import { parseVkey, type VerifierKey } from './vkey.js';

export const KEY_STATEMENT_TYPE = 'application/vnd.plexus.key.v1+json';

export type KeyStatement = {
  readonly hospital: string;
  readonly role: KeyRole;
  readonly vkey: string;
  /** RFC 3339 UTC with milliseconds. */
  readonly validFrom: string;
};

export interface OpenedKeyStatement {
  readonly statement: KeyStatement;
  readonly key: VerifierKey;
}

const SHAPE = object({
  v: integer(1, 1),
  hospital: text('name'),
  role: oneOf(...KEY_ROLES),
  vkey: text('vkey'),
  validFrom: text('time'),
});

/** Secret: both seeds. `own` is the seed of the key that is registered. */
export function signKeyStatement(
  suite: Suite,
  statement: KeyStatement,
  seeds: { readonly identity: Bytes; readonly own: Bytes },
): Envelope {
  const used = statement.role === 'statement' ? [seeds.identity] : [seeds.identity, seeds.own];
  const signers = used.map((seed) => ({ keyid: base64(suite.ed25519PublicKey(seed)), seed }));
  return signEnvelope(
    suite,
    KEY_STATEMENT_TYPE,
    canonicalBytes({ v: 1, ...statement }),
    ...signers,
  );
}

/** The statement, if both signatures verify under the identity key and the key it names; else undefined. Total on peer input. */
export function openKeyStatement(
  suite: Suite,
  envelope: Envelope,
  identityKey: Bytes,
): OpenedKeyStatement | undefined {
  const statement = readKeyStatement(envelope);
  if (statement === undefined) return undefined;
  let key: VerifierKey;
  try {
    key = parseVkey(suite, statement.vkey);
  } catch {
    return undefined; // peer-controlled: a key that cannot be used registers nothing
  }
  const own = statement.role === 'statement';
  const keys = own ? [key.publicKey] : [identityKey, key.publicKey];
  const signed =
    envelope.signatures.length === keys.length &&
    keys.every((signer, i) => verifyEnvelope(suite, envelope, signer, i));
  if (!signed || (own && base64(key.publicKey) !== base64(identityKey))) return undefined;
  // a cosigner key signs nothing but heads (type 4); every other role is a plain Ed25519 key
  return (key.type === 4) === (statement.role === 'cosign') ? { statement, key } : undefined;
}

/** Reads without verifying. Total on peer input. */
export function readKeyStatement(envelope: Envelope): KeyStatement | undefined {
  if (envelope.payloadType !== KEY_STATEMENT_TYPE) return undefined;
  try {
    const value = parseCanonical(fromBase64(envelope.payload));
    return isKeyStatement(value) ? value : undefined;
  } catch {
    return undefined; // peer-controlled: no canonical JSON
  }
}

function isKeyStatement(value: Json): value is KeyStatement {
  return checkShape(SHAPE, value, '') === undefined;
}
