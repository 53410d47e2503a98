/**
 * Fields that both directions of the conversion share: envelopes, evidence, share lists, digests, numbers.
 *
 * JSON values (core/src/round/messages.ts) hold digests in hex and other bytes in base64; the wire holds raw bytes.
 * Every reader throws peer/MESSAGE_MALFORMED on what its writer could not have written.
 */
import {
  base64,
  fromBase64,
  fromHex,
  hex,
  PlexusError,
  type Code,
  type Envelope,
  type Evidence,
  type ShareEntry,
} from '@plexus/core';
import type { ShareEntry as WireShareEntry } from '../gen/plexus/v1/message.js';
import type {
  Envelope as WireEnvelope,
  Evidence as WireEvidence,
  LogLeaf as WireLeaf,
} from '../gen/plexus/v1/statement.js';
import { isCode } from './status.js';

export function malformed(place: string): PlexusError {
  return new PlexusError('MESSAGE_MALFORMED', `${place}: not in the form of plexus.v1`);
}

/** A message field, which protobuf lets a peer leave out. */
export function present<T>(value: T | undefined, place: string): T {
  if (value === undefined) throw malformed(place);
  return value;
}

export function readDigest(bytes: Uint8Array, place: string): string {
  if (bytes.length !== 32) throw malformed(place);
  return hex(bytes);
}

export function readNumber(value: bigint, place: string): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw malformed(place);
  return Number(value);
}

export function writeNumber(value: number): bigint {
  return BigInt(value);
}

export function readCode(text: string, place: string): Code {
  if (!isCode(text)) throw malformed(place);
  return text;
}

export function writeEnvelope(envelope: Envelope): WireEnvelope {
  return {
    payloadType: envelope.payloadType,
    payload: fromBase64(envelope.payload),
    signatures: envelope.signatures.map(({ keyid, sig }) => ({ keyid, sig: fromBase64(sig) })),
  };
}

export function readEnvelope(wire: WireEnvelope | undefined, place: string): Envelope {
  const envelope = present(wire, place);
  return {
    payload: base64(envelope.payload),
    payloadType: envelope.payloadType,
    signatures: envelope.signatures.map(({ keyid, sig }) => ({ keyid, sig: base64(sig) })),
  };
}

export function writeEvidence(evidence: Evidence | undefined): WireEvidence | undefined {
  if (evidence === undefined) return undefined;
  return {
    checkpoint: evidence.checkpoint,
    from: writeNumber(evidence.from),
    consistency: evidence.consistency.map(fromBase64),
    leaf: writeLeaf(evidence.leaf),
    inclusion: evidence.inclusion.map(fromBase64),
    also: (evidence.also ?? []).map(({ seq, bytes, inclusion }) => ({
      leaf: writeLeaf({ seq, bytes }),
      inclusion: inclusion.map(fromBase64),
    })),
  };
}

/** As a spreadable field: absent evidence is an absent member, never an undefined one. */
export function readEvidence(wire: WireEvidence | undefined): { readonly evidence?: Evidence } {
  if (wire === undefined) return {};
  const leaf = present(wire.leaf, 'evidence.leaf');
  const hash = (bytes: Uint8Array): string => {
    if (bytes.length !== 32) throw malformed('evidence: hash');
    return base64(bytes);
  };
  return {
    evidence: {
      checkpoint: wire.checkpoint,
      from: readNumber(wire.from, 'evidence.from'),
      consistency: wire.consistency.map(hash),
      leaf: readLeaf(leaf),
      inclusion: wire.inclusion.map(hash),
      ...(wire.also.length === 0
        ? {}
        : {
            also: wire.also.map((one) => ({
              ...readLeaf(present(one.leaf, 'evidence.also.leaf')),
              inclusion: one.inclusion.map(hash),
            })),
          }),
    },
  };
}

function writeLeaf({ seq, bytes }: Evidence['leaf']): WireLeaf {
  return { seq: writeNumber(seq), bytes: fromBase64(bytes) };
}

function readLeaf({ seq, bytes }: WireLeaf): Evidence['leaf'] {
  return { seq: readNumber(seq, 'evidence.leaf.seq'), bytes: base64(bytes) };
}

export function writeShareEntry(entry: ShareEntry): WireShareEntry {
  return {
    receiver: entry.receiver,
    box: fromHex(entry.box),
    self: fromHex(entry.self),
    pair: fromHex(entry.pair),
  };
}

export function readShareEntry(wire: WireShareEntry): ShareEntry {
  return {
    receiver: wire.receiver,
    box: readDigest(wire.box, 'entry.box'),
    self: readDigest(wire.self, 'entry.self'),
    pair: readDigest(wire.pair, 'entry.pair'),
  };
}
