/**
 * Cosignatures: another party states that it saw this checkpoint at this time and that it extends what it saw before.
 *
 * Source: C2SP tlog-cosignature, `cosignature/v1`; audit-log.md 3.4. The signed message does not name the cosigner, so each has one
 * key, used for nothing else. Leaves to others: when to cosign, how many are enough.
 */
import { concat, utf8, type Bytes } from '../base/bytes.js';
import { PlexusError } from '../base/error.js';
import type { Suite } from '../base/suite.js';
import { isBy, type Note, type NoteSignature } from './note.js';
import { verifierKey, type VerifierKey } from './vkey.js';

export interface Cosignature {
  readonly key: VerifierKey;
  /** Seconds since 1970. */
  readonly time: bigint;
}

const MAX_TIME = 2n ** 63n - 1n;
const PAYLOAD_BYTES = 72;

/** The line of a cosigner under the checkpoint text. `seed` is secret. Errors: bug/STATE_UNEXPECTED on a time out of range. */
export function cosign(
  suite: Suite,
  checkpointText: string,
  name: string,
  seed: Bytes,
  time: bigint,
): NoteSignature {
  if (time < 0n || time > MAX_TIME)
    throw new PlexusError('STATE_UNEXPECTED', 'cosignature: expected a time below 2^63');
  const key = verifierKey(suite, name, 4, suite.ed25519PublicKey(seed));
  const stamp = new Uint8Array(8);
  new DataView(stamp.buffer).setBigUint64(0, time);
  const signature = concat(stamp, suite.ed25519Sign(seed, signedMessage(checkpointText, time)));
  return { name, keyId: key.keyId, signature };
}

/** The time a line of type 4 states, unverified; undefined if the line has another length or a time beyond 2^63 − 1. */
export function cosignatureTime(line: NoteSignature): bigint | undefined {
  if (line.signature.length !== PAYLOAD_BYTES) return undefined;
  const { buffer, byteOffset } = line.signature;
  const time = new DataView(buffer, byteOffset).getBigUint64(0);
  return time > MAX_TIME ? undefined : time;
}

/**
 * The valid cosignatures of known type-4 keys under a note; a key that signed twice counts once, with its newest time.
 *
 * Errors: peer/SIGNATURE_INVALID when a line of a known key does not verify: the whole note is refused.
 */
export function verifyCosignatures(
  suite: Suite,
  note: Note,
  keys: readonly VerifierKey[],
): readonly Cosignature[] {
  const newest = new Map<VerifierKey, bigint>();
  for (const line of note.signatures) {
    const key = keys.find((known) => known.type === 4 && isBy(line, known));
    if (key === undefined) continue;
    const time = cosignatureTime(line);
    const message = signedMessage(note.text, time ?? 0n);
    if (time === undefined || !suite.ed25519Verify(key.publicKey, message, line.signature.slice(8)))
      throw new PlexusError(
        'SIGNATURE_INVALID',
        'cosignature: a line of a known key does not verify',
      );
    const held = newest.get(key);
    if (held === undefined || time > held) newest.set(key, time);
  }
  return [...newest].map(([key, time]) => ({ key, time }));
}

function signedMessage(checkpointText: string, time: bigint): Bytes {
  return utf8(`cosignature/v1\ntime ${String(time)}\n${checkpointText}`);
}
