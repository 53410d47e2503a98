/**
 * The names under which a hospital keeps what is secret, and the messages that are read from there.
 *
 * Everything before the last slash shares one wrapping key, so a session is forgotten by deleting one. Source: secure-aggregation.md 4.8.
 */
import type { Bytes } from '../../base/bytes.js';
import { parseCanonical } from '../../base/canonical-json.js';
import type { Envelope } from '../../base/dsse.js';
import type { FromAgent } from '../messages.js';
import type { ParticipantOutgoing } from './state.js';

export function sessionPrefix(session: string): string {
  return `session/${session}/`;
}

/** z_u, the root of everything secret of a session. */
export function rootSecret(session: string): string {
  return `${sessionPrefix(session)}z`;
}

/** The shares that others dealt to this hospital. */
export function sharesSecret(session: string): string {
  return `${sessionPrefix(session)}shares`;
}

/** M4 as it was signed. */
export function releaseSecret(session: string): string {
  return `${sessionPrefix(session)}release`;
}

export function updatePrefix(study: string): string {
  return `update/${study}/`;
}

/** The quantised update, little-endian words: what a free retry masks again. */
export function updateSecret(study: string): string {
  return `${updatePrefix(study)}words`;
}

/** Words as they are sealed: little-endian. Secret. */
export function updateBytes(words: Uint32Array): Bytes {
  const bytes = new Uint8Array(4 * words.length);
  const view = new DataView(bytes.buffer);
  words.forEach((word, i) => {
    view.setUint32(4 * i, word, true);
  });
  return bytes;
}

export function updateWords(bytes: Bytes): Uint32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Uint32Array.from({ length: bytes.length / 4 }, (_, i) => view.getUint32(4 * i, true));
}

/** The message as it travels. `read` answers sealed bytes by name. */
export function expandOutgoing(
  outgoing: ParticipantOutgoing,
  read: (name: string) => Bytes,
): FromAgent {
  if (outgoing.kind !== 'release') return outgoing;
  const { kind, study, session, secret } = outgoing;
  const envelope = parseCanonical(read(secret)) as unknown as Envelope; // written by release.ts
  return { kind, study, session, envelope };
}
