/**
 * H and KDF of SA1: every hash and key is bound to a name, and every key of a session also to its transcript.
 *
 * Source: secure-aggregation.md section 2. Leaves to others: which fields follow the name.
 */
import type { Bytes } from '../base/bytes.js';
import { EncWriter } from '../base/enc.js';
import type { Suite } from '../base/suite.js';

const PREFIX = 'plexus/sa1/';
type WriteFields = (writer: EncWriter) => void;

/** H(name, …) = SHA-256(ENC("plexus/sa1/" ‖ name, …)). */
export function labelledHash(suite: Suite, name: string, write: WriteFields): Bytes {
  return suite.sha256(labelled(name, write));
}

/** KDF(key, name, …; length) with the given salt: h1, or the session id for what exists before h1. */
export function labelledKey(
  suite: Suite,
  key: Bytes,
  salt: Bytes,
  name: string,
  write: WriteFields,
  length: number,
): Bytes {
  return suite.hkdfSha256(key, salt, labelled(name, write), length);
}

function labelled(name: string, write: WriteFields): Bytes {
  const writer = new EncWriter().text(PREFIX + name);
  write(writer);
  return writer.done();
}
