/**
 * Rows of the log: journal, leaves, tree nodes, signed heads. Written once, never changed.
 *
 * Leaves to others: transactions (sqlite.ts), everything that is not append-only (machine-rows.ts).
 */
import type { Database } from 'better-sqlite3';
import {
  canonicalJson,
  concat,
  PlexusError,
  utf8,
  type Bytes,
  type JournalRow,
  type LeafSource,
  type TreeState,
} from '@plexus/core';
import { parse } from '../live.js';
import type { Commit, SignedHead } from '../port.js';

const HASH_BYTES = 32;

interface StoredRow extends Omit<JournalRow, 'source'> {
  readonly source: string;
}

export interface LogRows {
  readonly append: (commit: Commit) => void;
  readonly journal: (seq: number, limit: number) => readonly JournalRow[];
  readonly entries: (seq: number, limit: number) => readonly Bytes[];
  readonly tree: () => TreeState;
  readonly nodes: (
    places: readonly { readonly level: number; readonly index: number }[],
  ) => readonly Bytes[];
  readonly lastSigned: () => SignedHead | undefined;
  readonly addSigned: (expected: number | undefined, head: SignedHead) => boolean;
}

export function logRows(db: Database): LogRows {
  const addJournal = db.prepare<StoredRow>(
    `INSERT INTO journal (seq, machine, n, input, time, salt, source, state_digest, leaf_hash)
     VALUES (@seq, @machine, @n, @input, @time, @salt, @source, @stateDigest, @leafHash)`,
  );
  const someJournal = db.prepare<[number, number], StoredRow>(
    `SELECT seq, machine, n, input, time, salt, source, state_digest AS stateDigest, leaf_hash AS leafHash
     FROM journal WHERE seq >= ? ORDER BY seq LIMIT ?`,
  );
  const addEntry = db.prepare<[number, Bytes]>('INSERT INTO entries VALUES (?, ?)');
  const someEntries = db.prepare<[number, number], { readonly leaf: Bytes }>(
    'SELECT leaf FROM entries WHERE seq >= ? ORDER BY seq LIMIT ?',
  );
  const addNode = db.prepare<[number, number, Bytes]>('INSERT INTO nodes VALUES (?, ?, ?)');
  const oneNode = db.prepare<[number, number], { readonly hash: Bytes }>(
    'SELECT hash FROM nodes WHERE level = ? AND place = ?',
  );
  const setTree = db.prepare<[number, Bytes, number]>(
    'UPDATE tree SET size = ?, frontier = ? WHERE one = 1 AND size = ?',
  );
  const oneTree = db.prepare<[], { readonly size: number; readonly frontier: Bytes }>(
    'SELECT size, frontier FROM tree',
  );
  const addHead = db.prepare<[number, Bytes, Bytes]>('INSERT INTO signed_heads VALUES (?, ?, ?)');
  const lastHead = db.prepare<[], SignedHead>(
    'SELECT size, root, note FROM signed_heads ORDER BY size DESC LIMIT 1',
  );

  return {
    append({ journal, leaf, nodes, tree }) {
      const { seq } = journal;
      addJournal.run({ ...journal, source: canonicalJson(journal.source) });
      addEntry.run(seq, leaf);
      for (const { level, index, hash } of nodes) addNode.run(level, index, hash);
      const { changes } = setTree.run(tree.size, concat(...tree.frontier), seq);
      if (changes !== 1 || tree.size !== seq + 1)
        throw new PlexusError('STORE_FAILED', `leaf ${String(seq)}: is not the next one`);
    },
    journal: (seq, limit) =>
      someJournal.all(seq, limit).map((row) => ({
        ...row,
        input: plain(row.input),
        leafHash: plain(row.leafHash),
        source: parse(utf8(row.source)) as LeafSource, // written by append
      })),
    entries: (seq, limit) => someEntries.all(seq, limit).map(({ leaf }) => plain(leaf)),
    tree() {
      const row = oneTree.get();
      if (row === undefined) throw new PlexusError('STATE_UNEXPECTED', 'tree: has no row');
      const { size, frontier } = row;
      const count = frontier.length / HASH_BYTES;
      return {
        size,
        frontier: Array.from({ length: count }, (_, i) =>
          plain(frontier.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES)),
        ),
      };
    },
    nodes: (places) =>
      places.map(({ level, index }) => {
        const row = oneNode.get(level, index);
        if (row === undefined)
          throw new PlexusError(
            'STATE_UNEXPECTED',
            `node ${String(level)}/${String(index)}: is not there`,
          );
        return plain(row.hash);
      }),
    lastSigned() {
      const row = lastHead.get();
      return row === undefined
        ? undefined
        : { size: row.size, root: plain(row.root), note: plain(row.note) };
    },
    addSigned(expected, { size, root, note }) {
      if (lastHead.get()?.size !== expected || size <= (expected ?? -1)) return false;
      addHead.run(size, root, note);
      return true;
    },
  };
}

/** SQLite gives Buffers, which slice and compare unlike other bytes. */
export function plain(bytes: Bytes): Bytes {
  return new Uint8Array(bytes);
}
