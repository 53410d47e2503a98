/**
 * The published form of a log: tiles, entry bundles and checkpoints as files that anybody may copy, and proofs out of them.
 *
 *     checkpoint · checkpoints/<size> · tile/<L>/<N>[.p/<W>] · tile/entries/<N>[.p/<W>]
 *
 * A head is signed once for its size: the database remembers it before a file is written, so a restart goes on with the same note.
 * Source: audit-log.md sections 8 (D4, D5, D7, D8) and 12. Leaves to others: when to publish, cosignatures, serving the files.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  asPlexusError,
  base64,
  consistencyPath,
  equalBytes,
  formatProofFile,
  formatVkey,
  fromUtf8,
  inclusionPath,
  PlexusError,
  rootOf,
  signCheckpoint,
  TILE_WIDTH,
  tilePath,
  tilesSince,
  verifierKey,
  type Bytes,
  type Evidence,
  type IncludedLeaf,
  type Suite,
} from '@plexus/core';
import { placeFile, replaceFile } from './files.js';
import { withNodes } from './nodes.js';
import type { LogStore, SignedHead } from './port.js';
import { checkPublished } from './published-check.js';
import { readTile } from './tile-file.js';

export interface PublishedLog {
  readonly origin: string;
  readonly vkey: string;
  /**
   * Signs and publishes all that is committed; calls that come meanwhile share the next one.
   *
   * Errors: environment/LOG_BEHIND, LOG_CONFLICT, STORE_FAILED: any doubt is for the next start to resolve.
   */
  readonly publish: () => Promise<{ readonly size: number }>;
  /** What proves the leaf `seq` to a reader that holds the head of size `from`. Errors: environment/LOG_BEHIND if that is larger. */
  readonly evidence: (seq: number, from: number, also?: readonly number[]) => Promise<Evidence>;
  /** A proof file (audit-log.md 3.7) and the leaf. */
  readonly proof: (seq: number) => Promise<{ readonly proof: Bytes; readonly leaf: Bytes }>;
  /** The newest published head, if there is one. */
  readonly head: () => SignedHead | undefined;
}

export interface LogOptions {
  readonly suite: Suite;
  readonly store: LogStore;
  readonly folder: string;
  readonly origin: string;
  /** 32-byte Ed25519 seed of the log's key. Secret. */
  readonly seed: Bytes;
}

/**
 * Opens the published log beside its database and finishes what a crash left half published.
 *
 * Errors: environment/LOG_BEHIND if the database is older than what is published; environment/LOG_CONFLICT if it is of another log,
 * or the files are not whole.
 */
export async function openLog(options: LogOptions): Promise<PublishedLog> {
  const { suite, store, folder, origin, seed } = options;
  const key = verifierKey(suite, origin, 1, suite.ed25519PublicKey(seed));
  const vkey = formatVkey(key);
  let head = await checkPublished(suite, store, folder, key);
  const signed = await store.lastSigned();
  // signed, and then the process died: the same note goes out, never another for this size
  if (signed !== undefined && signed.size > (head?.size ?? 0)) await publishFiles(signed);

  /** D4: no size is signed twice, and none below the largest that was. */
  async function publishNow(): Promise<{ readonly size: number }> {
    const tree = await store.tree();
    const last = await store.lastSigned();
    if (tree.size < (last?.size ?? 0))
      throw new PlexusError('LOG_BEHIND', 'log: the database is smaller than what it signed');
    if (tree.size === 0) return { size: 0 };
    const root = rootOf(suite, tree);
    if (tree.size === last?.size) {
      if (!equalBytes(root, last.root))
        throw new PlexusError('LOG_CONFLICT', 'log: another root was signed for its size');
      if (last.size !== head?.size) await publishFiles(last);
      return { size: tree.size };
    }
    const note = signCheckpoint(suite, origin, { size: BigInt(tree.size), root }, seed);
    const next = { size: tree.size, root, note };
    if (!(await store.addSigned(last?.size, next)))
      throw new PlexusError('LOG_CONFLICT', 'log: somebody else signs it');
    await publishFiles(next);
    return { size: tree.size };
  }

  /** Tiles first, the checkpoint last: whoever reads a head finds everything under it. */
  async function publishFiles(next: SignedHead): Promise<void> {
    const tiles = tilesSince(head?.size ?? 0, next.size);
    for (const tile of tiles)
      await placeFile(join(folder, tilePath(tile)), await readTile(store, tile));
    await placeFile(join(folder, 'checkpoints', String(next.size)), next.note);
    await replaceFile(join(folder, 'checkpoint'), next.note);
    head = next;
    for (const tile of tiles)
      // a full tile answers for its partial ones (C2SP tlog-tiles), and they add up
      if (tile.width === TILE_WIDTH)
        await rm(join(folder, `${tilePath(tile)}.p`), { recursive: true, force: true });
  }

  function published(): SignedHead {
    if (head === undefined) throw new PlexusError('STATE_UNEXPECTED', 'log: nothing is published');
    return head;
  }

  let running: Promise<{ readonly size: number }> | undefined;
  let waiting: Promise<{ readonly size: number }> | undefined;

  /** One at a time; whoever asks while one runs is served by the next, which covers what was committed before the question. */
  function publish(): Promise<{ readonly size: number }> {
    if (running === undefined) {
      running = publishNow()
        .catch((thrown: unknown) => {
          throw asPlexusError(thrown, 'STORE_FAILED');
        })
        .finally(() => {
          running = undefined;
        });
      return running;
    }
    waiting ??= running
      .catch(() => undefined) // its callers have the error
      .then(() => {
        waiting = undefined;
        return publish();
      });
    return waiting;
  }

  return {
    origin,
    vkey,
    publish,
    evidence: async (seq, from, also) =>
      await evidenceUnder(suite, store, published(), seq, from, also),
    async proof(seq) {
      const { size, note } = published();
      const hashes = await withNodes(store, (node) => inclusionPath(suite, seq, size, node));
      const proof = formatProofFile({ index: BigInt(seq), hashes, checkpoint: fromUtf8(note) });
      return { proof, leaf: await entryOf(store, seq) };
    },
    head: () => head,
  };
}

/** What proves the leaf `seq`, and others, under a signed head to a reader that holds the head of size `from`. Errors: environment/LOG_BEHIND if that is larger. */
export async function evidenceUnder(
  suite: Suite,
  store: Pick<LogStore, 'entries' | 'nodes'>,
  { size, note }: SignedHead,
  seq: number,
  from: number,
  also: readonly number[] = [],
): Promise<Evidence> {
  if (from > size)
    throw new PlexusError(
      'LOG_BEHIND',
      `log: a member holds a head of ${String(from)} leaves, published are ${String(size)}`,
    );
  const consistency = await withNodes(store, (node) =>
    from === 0 ? [] : consistencyPath(suite, from, size, node),
  );
  const leaf = await includedLeaf(suite, store, size, seq);
  const others: IncludedLeaf[] = [];
  for (const other of also) others.push(await includedLeaf(suite, store, size, other));
  return {
    checkpoint: fromUtf8(note),
    from,
    consistency: consistency.map((hash) => base64(hash)),
    leaf: { seq, bytes: leaf.bytes },
    inclusion: leaf.inclusion,
    ...(others.length === 0 ? {} : { also: others }),
  };
}

async function includedLeaf(
  suite: Suite,
  store: Pick<LogStore, 'entries' | 'nodes'>,
  size: number,
  seq: number,
): Promise<IncludedLeaf> {
  const path = await withNodes(store, (node) => inclusionPath(suite, seq, size, node));
  const bytes = base64(await entryOf(store, seq));
  return { seq, bytes, inclusion: path.map((hash) => base64(hash)) };
}

async function entryOf(store: Pick<LogStore, 'entries'>, seq: number): Promise<Bytes> {
  const [leaf] = await store.entries(seq, 1);
  if (leaf === undefined) throw new PlexusError('STATE_UNEXPECTED', 'log: no such leaf');
  return leaf;
}
