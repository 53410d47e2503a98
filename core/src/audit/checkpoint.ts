/**
 * Checkpoints: the signed head (origin, size, root) of a log.
 *
 * Source: C2SP tlog-checkpoint v1; audit-log.md 3.3. Extension lines are never written; of another log they are carried.
 * Leaves to others: whether the head extends a known one (heads.ts), cosignatures (cosignature.ts).
 */
import { base64, equalBytes, fromBase64, type Bytes } from '../base/bytes.js';
import { PlexusError } from '../base/error.js';
import type { Suite } from '../base/suite.js';
import { emptyRoot } from './merkle.js';
import { formatNote, openNote, signNote, type OpenedNote } from './note.js';
import type { VerifierKey } from './vkey.js';

export interface Checkpoint {
  readonly origin: string;
  readonly size: bigint;
  /** 32 bytes. */
  readonly root: Bytes;
  /** Non-empty lines after the root. */
  readonly extensions: readonly string[];
}

export interface OpenedCheckpoint extends OpenedNote {
  readonly checkpoint: Checkpoint;
}

const MAX_SIZE = 2n ** 63n - 1n;

export function checkpointText(origin: string, size: bigint, root: Bytes): string {
  return `${origin}\n${String(size)}\n${base64(root)}\n`;
}

/** Errors: peer/CHECKPOINT_INVALID. */
export function parseCheckpoint(suite: Suite, text: string): Checkpoint {
  if (!text.endsWith('\n')) throw invalid('expected a final newline');
  const [origin = '', size = '', encoded = '', ...extensions] = text.slice(0, -1).split('\n');
  if (origin === '') throw invalid('expected an origin');
  if (!/^(?:0|[1-9]\d{0,18})$/.test(size) || BigInt(size) > MAX_SIZE)
    throw invalid('expected a decimal size below 2^63');
  let root: Bytes;
  try {
    root = fromBase64(encoded);
  } catch (cause) {
    throw invalid('expected a base64 root', cause);
  }
  if (root.length !== 32) throw invalid(`expected a root of 32 bytes, got ${String(root.length)}`);
  if (size === '0' && !equalBytes(root, emptyRoot(suite)))
    throw invalid('expected the empty root at size 0');
  if (extensions.includes('')) throw invalid('expected no empty extension line');
  return { origin, size: BigInt(size), root, extensions };
}

/** The note of a head under the log's key, whose name is the origin. `seed` is secret. */
export function signCheckpoint(
  suite: Suite,
  origin: string,
  head: { readonly size: bigint; readonly root: Bytes },
  seed: Bytes,
): Bytes {
  return formatNote(signNote(suite, checkpointText(origin, head.size, head.root), origin, seed));
}

/**
 * Reads a checkpoint that the pinned log key must have signed.
 *
 * Errors: peer/CHECKPOINT_INVALID, also for another origin; peer/NOTE_INVALID; peer/SIGNATURE_INVALID.
 */
export function openCheckpoint(suite: Suite, bytes: Bytes, log: VerifierKey): OpenedCheckpoint {
  const opened = openNote(suite, bytes, [log]);
  const checkpoint = parseCheckpoint(suite, opened.note.text);
  if (checkpoint.origin !== log.name) throw invalid('expected the origin of the pinned log');
  return { ...opened, checkpoint };
}

function invalid(message: string, cause?: unknown): PlexusError {
  return new PlexusError('CHECKPOINT_INVALID', `checkpoint: ${message}`, { cause });
}
