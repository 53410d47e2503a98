/**
 * Signed notes: a text, an empty line, signature lines.
 *
 * Source: C2SP signed-note v1; audit-log.md 3.2. The bytes are peer-controlled and bounded before anything is decoded.
 * Leaves to others: what the text means (checkpoint.ts), signatures with a time (cosignature.ts).
 */
import {
  base64,
  concat,
  equalBytes,
  fromBase64,
  fromUtf8,
  utf8,
  type Bytes,
} from '../base/bytes.js';
import { PlexusError } from '../base/error.js';
import type { Suite } from '../base/suite.js';
import { isKeyName, verifierKey, type VerifierKey } from './vkey.js';

export const MAX_NOTE_BYTES: number = 128 * 1024;
export const MAX_NOTE_LINES = 512;

export interface NoteSignature {
  readonly name: string;
  /** 4 bytes. */
  readonly keyId: Bytes;
  /** What follows the key id: 64 bytes of Ed25519 for type 1. */
  readonly signature: Bytes;
}

export interface Note {
  /** Ends in a newline. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

export interface OpenedNote {
  readonly note: Note;
  /** Keys whose signature verifies, each once, in the order of the lines. */
  readonly verified: readonly VerifierKey[];
  /** Lines of keys that are not known; ignored. */
  readonly unknown: readonly NoteSignature[];
}

/** Errors: peer/NOTE_INVALID. */
export function parseNote(bytes: Bytes): Note {
  if (bytes.length > MAX_NOTE_BYTES)
    throw invalid(`expected at most ${String(MAX_NOTE_BYTES)} bytes`);
  let whole: string;
  try {
    whole = fromUtf8(bytes);
  } catch (cause) {
    throw invalid('expected UTF-8', cause);
  }
  if (hasControl(bytes)) throw invalid('expected no control character');
  const split = whole.lastIndexOf('\n\n');
  if (split < 0 || !whole.endsWith('\n'))
    throw invalid('expected text, an empty line and signatures');
  const lines = whole.slice(split + 2, -1).split('\n');
  if (split + 2 >= whole.length) throw invalid('expected a signature');
  if (lines.length > MAX_NOTE_LINES)
    throw invalid(`expected at most ${String(MAX_NOTE_LINES)} lines`);
  return { text: whole.slice(0, split + 1), signatures: lines.map(parseSignatureLine) };
}

/** `\u2014 <name> <base64>` without its newline. Errors: peer/NOTE_INVALID. */
export function parseSignatureLine(line: string): NoteSignature {
  const [dash, name = '', encoded = '', ...rest] = line.split(' ');
  if (dash !== '\u2014' || rest.length > 0 || !isKeyName(name))
    throw invalid('expected a signature line');
  let payload: Bytes;
  try {
    payload = fromBase64(encoded);
  } catch (cause) {
    throw invalid('expected strict base64', cause);
  }
  if (payload.length < 5) throw invalid('expected a key id and a signature');
  return { name, keyId: payload.slice(0, 4), signature: payload.slice(4) };
}

export function formatSignatureLine({ name, keyId, signature }: NoteSignature): string {
  return `\u2014 ${name} ${base64(concat(keyId, signature))}`;
}

export function formatNote(note: Note): Bytes {
  return utf8(
    `${note.text}\n${note.signatures.map((line) => `${formatSignatureLine(line)}\n`).join('')}`,
  );
}

/** Signs the text under a type-1 key. `seed` is secret. Errors: peer/NOTE_INVALID on a text that is no note's. */
export function signNote(suite: Suite, text: string, name: string, seed: Bytes): Note {
  if (!text.endsWith('\n') || hasControl(utf8(text))) throw invalid('expected a text of lines');
  const key = verifierKey(suite, name, 1, suite.ed25519PublicKey(seed));
  const signature = suite.ed25519Sign(seed, utf8(text));
  return { text, signatures: [{ name, keyId: key.keyId, signature }] };
}

/**
 * Verifies the lines of known type-1 keys. One bad signature of a known key refuses the whole note, whatever else verifies.
 *
 * Errors: peer/NOTE_INVALID; peer/SIGNATURE_INVALID on a bad line or when no known key signed.
 */
export function openNote(suite: Suite, bytes: Bytes, keys: readonly VerifierKey[]): OpenedNote {
  const note = parseNote(bytes);
  const message = utf8(note.text);
  const verified: VerifierKey[] = [];
  const unknown: NoteSignature[] = [];
  for (const line of note.signatures) {
    const matching = keys.filter((key) => key.type === 1 && isBy(line, key));
    const [key] = matching;
    if (key === undefined) {
      unknown.push(line);
      continue;
    }
    if (matching.length > 1) throw invalid('two known keys have this name and id');
    if (!suite.ed25519Verify(key.publicKey, message, line.signature))
      throw new PlexusError(
        'SIGNATURE_INVALID',
        'note: the signature of a known key does not verify',
      );
    if (!verified.includes(key)) verified.push(key);
  }
  if (verified.length === 0)
    throw new PlexusError('SIGNATURE_INVALID', 'note: no known key signed it');
  return { note, verified, unknown };
}

export function isBy(line: NoteSignature, key: VerifierKey): boolean {
  return line.name === key.name && equalBytes(line.keyId, key.keyId);
}

function hasControl(bytes: Bytes): boolean {
  return bytes.some((byte) => byte < 0x20 && byte !== 0x0a);
}

function invalid(message: string, cause?: unknown): PlexusError {
  return new PlexusError('NOTE_INVALID', `note: ${message}`, { cause });
}
