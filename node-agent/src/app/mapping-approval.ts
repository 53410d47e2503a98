/**
 * The steward's signature over what a study may read here: the digests of schema, mapping and source config.
 *
 * DSSE over JSON under the person's approval key alone; it never leaves the hospital. A changed byte of any of the three makes another
 * digest, and asks for another signature (data.md section 3).
 * Leaves to others: computing the digests (data/mapping.ts), the approval of the study itself (core's study/approval.ts).
 */
import {
  base64,
  canonicalBytes,
  digest,
  fromBase64,
  parseCanonical,
  PlexusError,
  signEnvelope,
  verifyEnvelope,
  type Bytes,
  type Digest,
  type Envelope,
  type Json,
  type JsonObject,
  type Suite,
} from '@plexus/core';

const TYPE = 'application/vnd.plexus.mapping.v1+json';

/** Digests of data/mapping.ts. A type alias, so that it is assignable to JsonObject. */
export type MappingDigests = {
  readonly schema: Digest;
  readonly mapping: Digest;
  readonly source: Digest;
};

export interface MappingApproval {
  readonly study: string;
  readonly hospital: string;
  readonly digests: MappingDigests;
  /** `person:` and 16 base32 characters. */
  readonly signer: string;
  /** RFC 3339 UTC with milliseconds. */
  readonly signedAt: string;
}

/** Secret: the seed of the person's approval key. */
export function signMappingApproval(
  suite: Suite,
  approval: MappingApproval,
  seed: Bytes,
): Envelope {
  const { study, hospital, digests, signer, signedAt } = approval;
  const payload = canonicalBytes({ v: 1, study, hospital, ...digests, signer, signedAt });
  return signEnvelope(suite, TYPE, payload, { keyid: base64(suite.ed25519PublicKey(seed)), seed });
}

/** The approval, if this key signed it; else undefined. Total: a request file may hold anything. */
export function openMappingApproval(
  suite: Suite,
  envelope: Envelope,
  approvalKey: Bytes,
): MappingApproval | undefined {
  if (envelope.payloadType !== TYPE || envelope.signatures.length !== 1) return undefined;
  if (!verifyEnvelope(suite, envelope, approvalKey)) return undefined;
  try {
    const fields = objectOf(parseCanonical(fromBase64(envelope.payload)));
    const text = (name: string): string => {
      const value = fields[name];
      if (typeof value !== 'string') throw malformed();
      return value;
    };
    const digests = {
      schema: digest(text('schema')),
      mapping: digest(text('mapping')),
      source: digest(text('source')),
    };
    const [study, hospital] = [text('study'), text('hospital')];
    return { study, hospital, digests, signer: text('signer'), signedAt: text('signedAt') };
  } catch (thrown) {
    if (thrown instanceof PlexusError) return undefined;
    throw thrown;
  }
}

function objectOf(value: Json): JsonObject {
  if (typeof value !== 'object' || Array.isArray(value)) throw malformed();
  return value as JsonObject; // what is left of Json
}

function malformed(): PlexusError {
  return new PlexusError('STATEMENT_INVALID', 'mapping approval: expected its fields');
}
