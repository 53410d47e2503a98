/** The log half of a store over a log in memory: as many leaves are committed as a test says. */
import { appendLeafHash, EMPTY_TREE, hex, type Bytes } from '@plexus/core';
import { nodeSuite as suite } from '@plexus/suite';
import type { LogStore, SignedHead } from '../../runtime/src/port.ts';
import type { Log } from '../audit-log.ts';

export interface GrowingStore extends LogStore {
  /** Leaves that are committed. */
  size: number;
  signed: SignedHead | undefined;
}

export function storeOf(log: Log, size: number = log.entries.length): GrowingStore {
  const store: GrowingStore = {
    size,
    signed: undefined,
    tree() {
      let tree = EMPTY_TREE;
      for (const hash of log.hashes.slice(0, store.size))
        ({ tree } = appendLeafHash(suite, tree, hash));
      return Promise.resolve(tree);
    },
    entries: (seq, limit) =>
      Promise.resolve(log.entries.slice(seq, Math.min(seq + limit, store.size))),
    nodes: (places) =>
      Promise.resolve(
        places.map(({ level, index }) => {
          const hash = log.nodes.get(`${String(level)}/${String(index)}`);
          if (hash === undefined) throw new Error('no such node');
          return hash;
        }),
      ),
    lastSigned: () => Promise.resolve(store.signed),
    addSigned(expected, head) {
      if (store.signed?.size !== expected) return Promise.resolve(false);
      store.signed = head;
      return Promise.resolve(true);
    },
  };
  return store;
}

export function sha256(bytes: Bytes): string {
  return hex(suite.sha256(bytes));
}
