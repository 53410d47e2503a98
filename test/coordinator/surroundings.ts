/**
 * A coordinator's surroundings in memory: store, blobs, log and authority, with a clock that a test moves. They outlive a coordinator,
 * so a test can stop one at any moment and start the next on what was committed.
 */
import {
  base64,
  consistencyPath,
  EMPTY_TREE,
  formatProofFile,
  formatVkey,
  fromUtf8,
  hex,
  inclusionPath,
  PlexusError,
  rootOf,
  signCheckpoint,
  verifierKey,
  type Bytes,
  type Json,
  type JournalRow,
  type TreeState,
} from '@plexus/core';
import { leavesBehind } from '@plexus/runtime';
import type { Commit, Delivery, Store } from '@plexus/runtime/drive';
import { addMasksInParallel, nodeSuite as suite } from '@plexus/suite';
import type { Surroundings } from '../../coordinator/src/app/surroundings.ts';

export const ORIGIN = 'coord.example.org/plexus/onco';
const LOG_SEED = new Uint8Array(32).fill(77);
export const LOG_VKEY = formatVkey(verifierKey(suite, ORIGIN, 1, suite.ed25519PublicKey(LOG_SEED)));

export interface World {
  readonly around: Surroundings;
  readonly leaves: Bytes[];
  readonly blobs: Map<string, Bytes>;
  readonly said: string[];
  readonly failures: Error[];
  nowMs: number;
}

export function createWorld(): World {
  const leaves: Bytes[] = [];
  const journal: JournalRow[] = [];
  const states = new Map<string, Bytes>();
  const nodes = new Map<string, Bytes>();
  const kept = new Map<string, Bytes>();
  const facts = new Map<string, Bytes>();
  const records: { table: string; id: number; seq: number; row: Json }[] = [];
  const blobs = new Map<string, Bytes>();
  const staged = new Map<string, Bytes>();
  let outbox: Delivery[] = [];
  let tree: TreeState = EMPTY_TREE;
  let published: { size: number; note: string } | undefined;
  let ids = 0;

  const node = (level: number, index: number): Bytes => {
    const hash = nodes.get(`${String(level)}/${String(index)}`);
    if (hash === undefined) throw new Error('no such node');
    return hash;
  };
  const unused = (): never => {
    throw new Error('the log of this world signs by itself');
  };

  const store: Store = {
    commit(commit: Commit) {
      const seq = leaves.length;
      leaves.push(commit.leaf);
      journal.push(commit.journal);
      states.set(commit.journal.machine, commit.state);
      for (const { level, index, hash } of commit.nodes)
        nodes.set(`${String(level)}/${String(index)}`, hash);
      tree = commit.tree;
      outbox = outbox.filter(({ topic }) => !commit.retract.includes(topic));
      const added = commit.outbox.map((one) => ({ ...one, id: ++ids, seq }));
      outbox.push(...added);
      for (const { digest, bytes } of commit.keep) kept.set(digest, bytes);
      for (const { table, row } of commit.records)
        records.push({ table, id: records.length + 1, seq, row });
      return Promise.resolve({ seq, outbox: added });
    },
    journal: (seq, limit) => Promise.resolve(journal.slice(seq, seq + limit)),
    entries: (seq, limit) => Promise.resolve(leaves.slice(seq, seq + limit)),
    states: () => Promise.resolve([...states].map(([machine, state]) => ({ machine, state }))),
    outbox: (to) => Promise.resolve(outbox.filter((one) => to === undefined || one.to === to)),
    acknowledge(to, id) {
      const before = outbox.length;
      outbox = outbox.filter((one) => one.to !== to || one.id !== id);
      return Promise.resolve(outbox.length < before);
    },
    kept: (digest) => Promise.resolve(kept.get(digest)),
    secret: () => Promise.resolve(undefined),
    records: (table, from, limit) =>
      Promise.resolve(
        records.filter((one) => one.table === table && one.id >= from).slice(0, limit),
      ),
    fact: (key) => Promise.resolve(facts.get(key)),
    setFact(key, value) {
      facts.set(key, value);
      return Promise.resolve();
    },
    tree: () => Promise.resolve(tree),
    nodes: (places) => Promise.resolve(places.map(({ level, index }) => node(level, index))),
    lastSigned: unused,
    addSigned: unused,
    close: () => Promise.resolve(),
  };

  const checkpoint = (): { size: number; note: string } => {
    if (published === undefined) throw new Error('nothing is published');
    return published;
  };
  const world: World = {
    leaves,
    blobs,
    said: [],
    failures: [],
    nowMs: Date.UTC(2026, 2, 2, 10),
    around: {
      suite,
      federation: 'onco',
      source: {
        system: 'plexus-coordinator',
        version: '0.1.0',
        build_sha256: '00'.repeat(32),
        node: 'coordinator',
      },
      store,
      blobs: {
        put(bytes) {
          const digest = hex(suite.sha256(bytes));
          blobs.set(digest, bytes);
          return Promise.resolve(digest);
        },
        sizeOf: (digest) => Promise.resolve(blobs.get(digest)?.length),
        read(digest) {
          const bytes = blobs.get(digest);
          if (bytes === undefined) throw new PlexusError('BLOB_ABSENT', 'blob: none');
          return Promise.resolve(bytes);
        },
        stream: (digest, offset) => pieces(blobs.get(digest)?.slice(offset)),
        scan: (digest) => smallPieces(blobs.get(digest)),
        remove(digest) {
          blobs.delete(digest);
          return Promise.resolve();
        },
        staged: (digest) => Promise.resolve(staged.get(digest)?.length ?? 0),
        append(digest, offset, bytes) {
          const before = staged.get(digest) ?? new Uint8Array();
          if (before.length !== offset) throw new PlexusError('BLOB_OFFSET', 'blob: offset');
          staged.set(digest, Uint8Array.of(...before, ...bytes));
          return Promise.resolve();
        },
        finish(digest) {
          const bytes = staged.get(digest) ?? new Uint8Array();
          staged.delete(digest);
          if (hex(suite.sha256(bytes)) !== digest)
            throw new PlexusError('BLOB_MISMATCH', 'blob: other bytes');
          blobs.set(digest, bytes);
          return Promise.resolve();
        },
        discard(digest) {
          staged.delete(digest);
          return Promise.resolve();
        },
      },
      log: {
        origin: ORIGIN,
        vkey: LOG_VKEY,
        publish() {
          const { size } = tree;
          const head = { size: BigInt(size), root: rootOf(suite, tree) };
          published = { size, note: fromUtf8(signCheckpoint(suite, ORIGIN, head, LOG_SEED)) };
          return Promise.resolve({ size });
        },
        behind: (message, seq) =>
          leavesBehind({
            entries: (at, limit) => Promise.resolve(leaves.slice(at, at + limit)),
          })(message, seq),
        evidence(seq, from, also) {
          const { size, note } = checkpoint();
          const path = from === 0 ? [] : consistencyPath(suite, from, size, node);
          const included = (at: number) => ({
            seq: at,
            bytes: base64(leaves[at]!),
            inclusion: inclusionPath(suite, at, size, node).map((hash) => base64(hash)),
          });
          const { inclusion, ...leaf } = included(seq);
          return Promise.resolve({
            ...{ checkpoint: note, from, leaf, inclusion },
            consistency: path.map((hash) => base64(hash)),
            ...(also.length > 0 && { also: also.map(included) }),
          });
        },
        proof(seq) {
          const { size, note } = checkpoint();
          const hashes = inclusionPath(suite, seq, size, node);
          const proof = formatProofFile({ index: BigInt(seq), hashes, checkpoint: note });
          return Promise.resolve({ proof, leaf: leaves[seq]! });
        },
        head: () =>
          published && { size: published.size, note: new TextEncoder().encode(published.note) },
        async *bundle() {
          for (const [i, leaf] of leaves.entries())
            yield { path: `leaf/${String(i)}`, sizeBytes: leaf.length, bytes: pieces(leaf) };
          await Promise.resolve();
        },
      },
      authority: {
        issue(csr, { kind, id }, nowMs) {
          const sha256 = hex(suite.sha256(csr, new TextEncoder().encode(`${kind}/${id}`)));
          const certificate = { sha256, sizeBytes: 500, notAfterMs: nowMs + 86_400_000 };
          return Promise.resolve({ chain: [csr], certificate });
        },
      },
      addMasks: addMasksInParallel,
      clock: () => world.nowMs,
      random: (length) => {
        ids++;
        return suite.hkdfSha256(
          LOG_SEED,
          new Uint8Array(32),
          Uint8Array.of(ids & 255, ids >> 8),
          length,
        );
      },
      say: (line) => {
        world.said.push(line);
      },
      onFailure: (error) => {
        world.failures.push(error);
      },
    },
  };
  return world;
}

async function* pieces(bytes: Bytes | undefined): AsyncIterable<Bytes> {
  if (bytes !== undefined) yield bytes;
  await Promise.resolve();
}

/** Of 7 bytes, so that values lie across them, in memory that is used again. */
async function* smallPieces(bytes: Bytes | undefined): AsyncIterable<Bytes> {
  if (bytes === undefined) throw new PlexusError('BLOB_ABSENT', 'blob: none');
  const room = new Uint8Array(7);
  for (let at = 0; at < bytes.length; at += room.length) {
    const piece = room.subarray(0, Math.min(room.length, bytes.length - at));
    piece.set(bytes.subarray(at, at + piece.length));
    yield piece;
    await Promise.resolve();
    room.fill(0xff);
  }
}
