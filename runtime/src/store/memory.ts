/**
 * The store in memory: for tests and simulations. It lives as long as the value; a new driver over the same value is a restart.
 *
 * Leaves to others: durability (sqlite.ts).
 */
import {
  EMPTY_TREE,
  PlexusError,
  type Bytes,
  type Json,
  type JournalRow,
  type TreeState,
} from '@plexus/core';
import type { Commit, Delivery, SignedHead, Store } from '../port.js';

interface Content {
  readonly journal: readonly JournalRow[];
  readonly leaves: readonly Bytes[];
  readonly tree: TreeState;
  readonly outbox: readonly Delivery[];
  readonly lastId: number;
}

export function memoryStore(): Store {
  let content: Content = { journal: [], leaves: [], tree: EMPTY_TREE, outbox: [], lastId: 0 };
  let signed: SignedHead | undefined;
  const states = new Map<string, Bytes>();
  const nodes = new Map<string, Bytes>();
  const kept = new Map<string, Bytes>();
  const secrets = new Map<string, Bytes>();
  const facts = new Map<string, Bytes>();
  const records: { readonly table: string; readonly seq: number; readonly row: Json }[] = [];

  function commit(row: Commit): readonly Delivery[] {
    const { journal, leaves, outbox, lastId } = content;
    const { seq, machine, n } = row.journal;
    const isNext = seq === leaves.length && row.tree.size === seq + 1;
    if (!isNext || journal.some((one) => one.machine === machine && one.n === n))
      throw new PlexusError('STORE_FAILED', `leaf ${String(seq)}: is not the next one`);
    const added = row.outbox.map((one, i): Delivery => ({ ...one, id: lastId + 1 + i, seq }));
    content = {
      journal: [...journal, row.journal],
      leaves: [...leaves, row.leaf],
      tree: row.tree,
      outbox: [...outbox.filter(({ topic }) => !row.retract.includes(topic)), ...added],
      lastId: lastId + added.length,
    };
    states.set(machine, row.state);
    for (const { level, index, hash } of row.nodes) nodes.set(placeOf(level, index), hash);
    for (const { digest, bytes } of row.keep) kept.set(digest, bytes);
    for (const { name, bytes } of row.secrets) secrets.set(name, bytes);
    for (const name of [...secrets.keys()])
      if (row.wipe.some((prefix) => name.startsWith(prefix))) secrets.delete(name);
    for (const { table, row: value } of row.records) records.push({ table, seq, row: value });
    return added;
  }

  function node(level: number, index: number): Bytes {
    const hash = nodes.get(placeOf(level, index));
    if (hash === undefined)
      throw new PlexusError('STATE_UNEXPECTED', `node ${placeOf(level, index)}: is not there`);
    return hash;
  }

  const answer = <T>(read: () => T): Promise<T> => Promise.resolve().then(read);

  return {
    commit: (row) => answer(() => ({ seq: row.journal.seq, outbox: commit(row) })),
    journal: (seq, limit) => answer(() => content.journal.slice(seq, seq + limit)),
    states: () => answer(() => [...states].map(([machine, state]) => ({ machine, state }))),
    outbox: (to) => answer(() => content.outbox.filter((row) => to === undefined || row.to === to)),
    acknowledge: (to, id) =>
      answer(() => {
        const outbox = content.outbox.filter((row) => row.id !== id || row.to !== to);
        const wasThere = outbox.length < content.outbox.length;
        content = { ...content, outbox };
        return wasThere;
      }),
    kept: (digest) => answer(() => kept.get(digest)),
    secret: (name) => answer(() => secrets.get(name)),
    records: (table, from, limit) =>
      answer(() =>
        records
          .flatMap(({ table: of, seq, row }, i) => (of === table ? [{ id: i + 1, seq, row }] : []))
          .filter(({ id }) => id >= from)
          .slice(0, limit),
      ),
    fact: (key) => answer(() => facts.get(key)),
    setFact: (key, value) => answer(() => void facts.set(key, value)),
    tree: () => answer(() => content.tree),
    entries: (seq, limit) => answer(() => content.leaves.slice(seq, seq + limit)),
    nodes: (places) => answer(() => places.map(({ level, index }) => node(level, index))),
    lastSigned: () => answer(() => signed),
    addSigned: (expected, head) =>
      answer(() => {
        if (signed?.size !== expected || head.size <= (expected ?? -1)) return false;
        signed = head;
        return true;
      }),
    close: () => Promise.resolve(),
  };
}

function placeOf(level: number, index: number): string {
  return `${String(level)}/${String(index)}`;
}
