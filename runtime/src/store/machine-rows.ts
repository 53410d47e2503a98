/**
 * Rows beside the log: machines' states, the outbox, kept bytes, a program's own records, facts.
 *
 * Leaves to others: transactions (sqlite.ts), the log itself (log-rows.ts), secrets (sealed.ts).
 */
import type { Database } from 'better-sqlite3';
import { canonicalJson, utf8, type Bytes, type Json } from '@plexus/core';
import { parse } from '../live.js';
import type { Commit, Delivery } from '../port.js';
import { plain } from './log-rows.js';

interface OutboxRow {
  readonly id: number;
  readonly seq: number;
  readonly receiver: string;
  readonly topic: string;
  readonly message: string;
  readonly held: number;
}

export interface MachineRows {
  /** All of a commit but log, secrets and outbox. */
  readonly write: (commit: Commit) => void;
  /** Retractions, then the new messages. */
  readonly send: (commit: Commit) => readonly Delivery[];
  readonly states: () => readonly { readonly machine: string; readonly state: Bytes }[];
  readonly outbox: (to?: string) => readonly Delivery[];
  readonly acknowledge: (to: string, id: number) => boolean;
  readonly kept: (digest: string) => Bytes | undefined;
  readonly records: (
    table: string,
    from: number,
    limit: number,
  ) => readonly { readonly id: number; readonly seq: number; readonly row: Json }[];
  readonly fact: (key: string) => Bytes | undefined;
  readonly setFact: (key: string, value: Bytes) => void;
}

export function machineRows(db: Database): MachineRows {
  const setState = db.prepare<[string, Bytes]>('INSERT OR REPLACE INTO states VALUES (?, ?)');
  const allStates = db.prepare<[], { readonly machine: string; readonly state: Bytes }>(
    'SELECT machine, state FROM states ORDER BY machine',
  );
  const addMessage = db.prepare<Omit<OutboxRow, 'id'>>(
    `INSERT INTO outbox (seq, receiver, topic, message, held) VALUES (@seq, @receiver, @topic, @message, @held)`,
  );
  const dropTopic = db.prepare<[string]>('DELETE FROM outbox WHERE topic = ?');
  const dropMessage = db.prepare<[number, string]>(
    'DELETE FROM outbox WHERE id = ? AND receiver = ?',
  );
  const someMessages = db.prepare<{ readonly to: string | null }, OutboxRow>(
    'SELECT * FROM outbox WHERE @to IS NULL OR receiver = @to ORDER BY id',
  );
  const addKept = db.prepare<[string, Bytes]>('INSERT OR IGNORE INTO kept VALUES (?, ?)');
  const oneKept = db.prepare<[string], { readonly bytes: Bytes }>(
    'SELECT bytes FROM kept WHERE digest = ?',
  );
  const addRecord = db.prepare<[string, number, string]>(
    'INSERT INTO records (kind, seq, content) VALUES (?, ?, ?)',
  );
  const someRecords = db.prepare<
    [string, number, number],
    { readonly id: number; readonly seq: number; readonly content: string }
  >('SELECT id, seq, content FROM records WHERE kind = ? AND id >= ? ORDER BY id LIMIT ?');
  const putFact = db.prepare<[string, Bytes]>('INSERT OR REPLACE INTO facts VALUES (?, ?)');
  const oneFact = db.prepare<[string], { readonly value: Bytes }>(
    'SELECT value FROM facts WHERE key = ?',
  );

  return {
    write({ journal, state, keep, records }) {
      setState.run(journal.machine, state);
      for (const { digest, bytes } of keep) addKept.run(digest, bytes);
      for (const { table, row } of records) addRecord.run(table, journal.seq, canonicalJson(row));
    },
    send({ journal: { seq }, retract, outbox }) {
      for (const topic of retract) dropTopic.run(topic);
      return outbox.map((row) => {
        const { to: receiver, topic, held } = row;
        const message = canonicalJson(row.message);
        const added = addMessage.run({ seq, receiver, topic, message, held: Number(held) });
        return { ...row, id: Number(added.lastInsertRowid), seq };
      });
    },
    states: () => allStates.all().map(({ machine, state }) => ({ machine, state: plain(state) })),
    outbox: (to) =>
      someMessages.all({ to: to ?? null }).map(({ id, seq, receiver, topic, message, held }) => ({
        ...{ id, seq, to: receiver, topic },
        message: parse(utf8(message)),
        held: held === 1,
      })),
    acknowledge: (to, id) => dropMessage.run(id, to).changes > 0,
    kept: (digest) => optional(oneKept.get(digest)?.bytes),
    records: (table, from, limit) =>
      someRecords
        .all(table, from, limit)
        .map(({ id, seq, content }) => ({ id, seq, row: parse(utf8(content)) })),
    fact: (key) => optional(oneFact.get(key)?.value),
    setFact(key, value) {
      putFact.run(key, value);
    },
  };
}

function optional(bytes: Bytes | undefined): Bytes | undefined {
  return bytes === undefined ? undefined : plain(bytes);
}
