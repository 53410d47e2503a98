/**
 * The head check: whether a checkpoint that somebody shows extends the one that is held (I11).
 *
 * Source: audit-log.md 9.2, head check (1) and (2). Everything but the pin and the stored head is peer-controlled: the coordinator may
 * show each hospital another history. Leaves to others: persisting the head, quorum and freshness, the leaf `head.accepted`.
 */
import { base64, equalBytes, fromBase64, utf8, type Bytes } from '../base/bytes.js';
import { PlexusError } from '../base/error.js';
import type { Suite } from '../base/suite.js';
import { openCheckpoint } from './checkpoint.js';
import type { Evidence } from './evidence.js';
import { leafHash, verifyConsistency, verifyInclusion } from './merkle.js';
import { parseVkey } from './vkey.js';

export interface PinnedLog {
  readonly origin: string;
  readonly vkey: string;
}

/** A type alias, so that it is assignable to JsonObject: heads stand in states and statements. */
export type Head = {
  readonly size: number;
  /** base64. */
  readonly root: string;
};

export type HeadRefusal = {
  readonly kind: 'refused';
  readonly code: 'LOG_HEAD_REFUSED';
  /** `forked`: two roots for one size, proof by itself. `inconsistent`: no path leads from the stored head to this one. */
  readonly reason: 'malformed' | 'inconsistent' | 'forked' | 'stale';
};

export type CheckedHead = { readonly kind: 'head'; readonly head: Head } | HeadRefusal;

/** `consistency`: base64 hashes from the STORED size; empty for the first head and for the same size. Total on peer input. */
export function checkHead(
  suite: Suite,
  pinned: PinnedLog,
  stored: Head | undefined,
  note: string,
  consistency: readonly string[],
): CheckedHead {
  const log = parseVkey(suite, pinned.vkey);
  if (log.name !== pinned.origin)
    throw new PlexusError('KEY_INVALID', 'pinned log: expected a key named as its origin');
  let size: number;
  let root: Bytes;
  let proof: readonly Bytes[];
  try {
    const { checkpoint } = openCheckpoint(suite, utf8(note), log);
    if (checkpoint.size > BigInt(Number.MAX_SAFE_INTEGER)) return refused('malformed');
    size = Number(checkpoint.size);
    root = checkpoint.root;
    proof = consistency.map((hash) => fromBase64(hash));
  } catch (thrown) {
    if (thrown instanceof PlexusError) return refused('malformed');
    throw thrown;
  }
  const head = { size, root: base64(root) };
  if (stored === undefined || stored.size === 0)
    return proof.length === 0 ? { kind: 'head', head } : refused('malformed');
  const held = fromBase64(stored.root);
  if (size < stored.size) return refused('stale');
  if (size === stored.size) {
    if (!equalBytes(root, held)) return refused('forked');
    return proof.length === 0 ? { kind: 'head', head } : refused('malformed');
  }
  return verifyConsistency(suite, BigInt(stored.size), BigInt(size), proof, held, root)
    ? { kind: 'head', head }
    : refused('inconsistent');
}

/** True if the log of this head holds these leaf bytes at `seq`. `path`: base64 hashes. Total on peer input. */
export function checkInclusion(
  suite: Suite,
  head: Head,
  seq: number,
  leaf: Bytes,
  path: readonly string[],
): boolean {
  if (!Number.isSafeInteger(seq) || seq < 0) return false;
  try {
    const proof = path.map((hash) => fromBase64(hash));
    const root = fromBase64(head.root);
    return verifyInclusion(
      suite,
      leafHash(suite, leaf),
      BigInt(seq),
      BigInt(head.size),
      proof,
      root,
    );
  } catch {
    return false; // not base64: peer-controlled, and simply no proof
  }
}

export type CheckedEvidence =
  | { readonly kind: 'evidence'; readonly head: Head }
  | HeadRefusal
  | { readonly kind: 'refused'; readonly code: 'LOG_LEAF_MISSING' };

/** True if the log of this head holds every leaf of the evidence. Total on peer input. */
export function holdsEvidence(suite: Suite, head: Head, evidence: Evidence): boolean {
  const { leaf, inclusion, also = [] } = evidence;
  return [{ ...leaf, inclusion }, ...also].every(({ seq, bytes, inclusion: path }) => {
    try {
      return checkInclusion(suite, head, seq, fromBase64(bytes), path);
    } catch {
      return false; // not base64: peer-controlled, and simply no leaf
    }
  });
}

/** Both checks of what travels beside a message; the fields of the leaves are for the caller to compare. */
export function checkEvidence(
  suite: Suite,
  pinned: PinnedLog,
  stored: Head | undefined,
  evidence: Evidence,
): CheckedEvidence {
  const checked = checkHead(suite, pinned, stored, evidence.checkpoint, evidence.consistency);
  if (checked.kind === 'refused') return checked;
  return holdsEvidence(suite, checked.head, evidence)
    ? { kind: 'evidence', head: checked.head }
    : { kind: 'refused', code: 'LOG_LEAF_MISSING' };
}

function refused(reason: HeadRefusal['reason']): HeadRefusal {
  return { kind: 'refused', code: 'LOG_HEAD_REFUSED', reason };
}
