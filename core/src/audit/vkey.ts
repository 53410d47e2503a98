/**
 * Verifier keys as text: `name+hex8(keyID)+base64(type ‖ public key)`.
 *
 * Source: C2SP signed-note v1; audit-log.md 3.2. Leaves to others: signatures (note.ts, cosignature.ts), whom to trust.
 */
import {
  base64,
  concat,
  equalBytes,
  fromBase64,
  fromHex,
  hex,
  utf8,
  type Bytes,
} from '../base/bytes.js';
import { PlexusError } from '../base/error.js';
import type { Suite } from '../base/suite.js';

/** 0x01 signs a note's text; 0x04 signs a checkpoint with a time. */
export type KeyType = 1 | 4;

export interface VerifierKey {
  readonly name: string;
  readonly type: KeyType;
  /** 32 bytes, strict Ed25519. */
  readonly publicKey: Bytes;
  /** 4 bytes. */
  readonly keyId: Bytes;
}

const FORM = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/s;

/** Non-empty, without Unicode space, `+` or control characters. */
export function isKeyName(name: string): boolean {
  return name !== '' && !/[\p{White_Space}\p{Cc}\p{Surrogate}+]/u.test(name);
}

/** SHA-256(name ‖ 0x0A ‖ type ‖ key)[0..4]. */
export function keyIdOf(suite: Suite, name: string, type: KeyType, publicKey: Bytes): Bytes {
  return suite.sha256(utf8(`${name}\n`), Uint8Array.of(type), publicKey).slice(0, 4);
}

/** Errors: peer/KEY_INVALID on a name or a key that cannot be used. */
export function verifierKey(
  suite: Suite,
  name: string,
  type: KeyType,
  publicKey: Bytes,
): VerifierKey {
  if (!isKeyName(name)) throw invalid('expected a name without space or +');
  if (!suite.ed25519KeyIsStrict(publicKey)) throw invalid('expected a strict Ed25519 key');
  return { name, type, publicKey, keyId: keyIdOf(suite, name, type, publicKey) };
}

export function formatVkey(key: VerifierKey): string {
  return `${key.name}+${hex(key.keyId)}+${base64(concat(Uint8Array.of(key.type), key.publicKey))}`;
}

/** Errors: peer/KEY_INVALID unless the text is exactly what formatVkey writes for a usable key. */
export function parseVkey(suite: Suite, text: string): VerifierKey {
  const [, name = '', id = '', body = ''] = FORM.exec(text) ?? [];
  let bytes: Bytes;
  try {
    bytes = fromBase64(body); // base64 may hold +, so only the first two + separate
  } catch (cause) {
    throw invalid('expected name+id+base64', cause);
  }
  const type = bytes[0];
  if (bytes.length !== 33 || (type !== 1 && type !== 4))
    throw invalid('expected type 1 or 4 and 32 bytes');
  const key = verifierKey(suite, name, type, bytes.slice(1));
  if (!equalBytes(key.keyId, fromHex(id))) throw invalid('key id does not belong to name and key');
  return key;
}

function invalid(message: string, cause?: unknown): PlexusError {
  return new PlexusError('KEY_INVALID', `verifier key: ${message}`, { cause });
}
