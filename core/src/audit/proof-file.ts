/**
 * Proof files: one leaf's place in a log, with the checkpoint, beside whatever the leaf speaks of.
 *
 * Source: C2SP tlog-proof v1; audit-log.md 3.7. The checkpoint note is carried as it is; `extra` is read, never trusted or written by
 * us. Leaves to others: opening the checkpoint, verifying the path.
 */
import { base64, fromBase64, fromUtf8, utf8, type Bytes } from '../base/bytes.js';
import { PlexusError } from '../base/error.js';
import { MAX_PROOF } from './merkle.js';
import { MAX_NOTE_BYTES } from './note.js';

export interface ProofFile {
  readonly index: bigint;
  /** 32 bytes each. */
  readonly hashes: readonly Bytes[];
  /** Unauthenticated. */
  readonly extra?: Bytes;
  /** The note, signatures included. */
  readonly checkpoint: string;
}

const HEADER = 'c2sp.org/tlog-proof@v1';
const MAX_INDEX = 2n ** 63n - 1n;

export function formatProofFile({ index, hashes, extra, checkpoint }: ProofFile): Bytes {
  const lines = [HEADER];
  if (extra !== undefined) lines.push(`extra ${base64(extra)}`);
  lines.push(`index ${String(index)}`, ...hashes.map((hash) => base64(hash)), '', checkpoint);
  return utf8(lines.join('\n'));
}

/** Errors: peer/PROOF_INVALID. */
export function parseProofFile(bytes: Bytes): ProofFile {
  if (bytes.length > 2 * MAX_NOTE_BYTES) throw invalid('expected a file of bounded size');
  let whole: string;
  try {
    whole = fromUtf8(bytes);
  } catch (cause) {
    throw invalid('expected UTF-8', cause);
  }
  const end = whole.indexOf('\n\n');
  const checkpoint = whole.slice(end + 2);
  if (end < 0 || checkpoint === '') throw invalid('expected an empty line and a checkpoint');
  const [header, ...lines] = whole.slice(0, end).split('\n');
  if (header !== HEADER) throw invalid('expected the header of version 1');
  const extraLine = lines[0]?.startsWith('extra ') === true ? lines.shift() : undefined;
  const indexLine = /^index (0|[1-9]\d{0,18})$/.exec(lines.shift() ?? '');
  const index = BigInt(indexLine?.[1] ?? -1);
  if (index < 0n || index > MAX_INDEX) throw invalid('expected an index below 2^63');
  if (lines.length > MAX_PROOF) throw invalid(`expected at most ${String(MAX_PROOF)} hashes`);
  const hashes = lines.map(decode);
  if (hashes.some((hash) => hash.length !== 32)) throw invalid('expected hashes of 32 bytes');
  return {
    index,
    hashes,
    checkpoint,
    ...(extraLine === undefined ? {} : { extra: decode(extraLine.slice('extra '.length)) }),
  };
}

function decode(text: string): Bytes {
  try {
    return fromBase64(text);
  } catch (cause) {
    throw invalid('expected strict base64', cause);
  }
}

function invalid(message: string, cause?: unknown): PlexusError {
  return new PlexusError('PROOF_INVALID', `proof file: ${message}`, { cause });
}
