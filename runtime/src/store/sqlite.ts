/**
 * The store on SQLite: one file, one writer, every transition one transaction that is on the disk before the caller hears of it.
 *
 * Source: audit-log.md L3 and section 8 (D1 to D4). Leaves to others: tables (schema.ts), opening (open.ts), sealing (sealed.ts).
 */
import type { Database } from 'better-sqlite3';
import { asPlexusError, type Bytes } from '@plexus/core';
import type { Store } from '../port.js';
import { openDatabase, type OpenMode } from './open.js';
import { logRows } from './log-rows.js';
import { machineRows } from './machine-rows.js';
import { sealedSecrets } from './sealed.js';

export interface SqliteOptions {
  readonly path: string;
  /** A missing database is never made silently (D7). */
  readonly mode: OpenMode;
  /** 32 bytes, under which wrapping keys are sealed. Secret. */
  readonly storeKey: Bytes;
}

/**
 * Errors: operator/STORE_ABSENT, STORE_EXISTS, STORE_LOCKED, STORE_VERSION; environment/STORE_FAILED. Every call of the store answers
 * STORE_FAILED when SQLite does; after one of a commit nobody knows what is on the disk, and the program has to start again.
 */
export function openSqliteStore({ path, mode, storeKey }: SqliteOptions): Store {
  const db = openDatabase(path, mode);
  const log = logRows(db);
  const rows = machineRows(db);
  const secrets = sealedSecrets(db, storeKey);

  const write = <T>(task: () => T): Promise<T> => answer(() => db.transaction(task).immediate());

  return {
    async commit(commit) {
      const done = await write(() => {
        log.append(commit);
        rows.write(commit);
        for (const secret of commit.secrets) secrets.put(secret);
        for (const prefix of commit.wipe) secrets.wipe(prefix);
        return { seq: commit.journal.seq, outbox: rows.send(commit) };
      });
      if (commit.wipe.length > 0)
        await answer(() => {
          emptyWal(db);
        });
      return done;
    },
    journal: (seq, limit) => answer(() => log.journal(seq, limit)),
    entries: (seq, limit) => answer(() => log.entries(seq, limit)),
    tree: () => answer(log.tree),
    nodes: (places) => answer(() => log.nodes(places)),
    lastSigned: () => answer(log.lastSigned),
    addSigned: (expected, head) => write(() => log.addSigned(expected, head)),
    states: () => answer(rows.states),
    outbox: (to) => answer(() => rows.outbox(to)),
    acknowledge: (to, id) => write(() => rows.acknowledge(to, id)),
    kept: (digest) => answer(() => rows.kept(digest)),
    secret: (name) => answer(() => secrets.get(name)),
    records: (table, from, limit) => answer(() => rows.records(table, from, limit)),
    fact: (key) => answer(() => rows.fact(key)),
    setFact: (key, value) =>
      write(() => {
        rows.setFact(key, value);
      }),
    close: () =>
      answer(() => {
        db.close();
      }),
  };
}

/** SQLite answers at once; the port is asynchronous for others' sake. */
function answer<T>(task: () => T): Promise<T> {
  return Promise.resolve().then(() => {
    try {
      return task();
    } catch (thrown) {
      throw asPlexusError(thrown, 'STORE_FAILED');
    }
  });
}

/** The write-ahead log still holds the wrapped key that a wipe has just overwritten in the database. */
function emptyWal(db: Database): void {
  db.pragma('wal_checkpoint(TRUNCATE)');
}
