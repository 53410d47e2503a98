/**
 * The tables of the SQLite store.
 *
 * STRICT, and what the log rests on refuses UPDATE and DELETE: a guard against our own bugs, not against whoever owns the disk.
 * Source: audit-log.md D3. Leaves to others: opening and locking (open.ts), rows (sqlite.ts).
 */

/** Grows with every change of the tables. */
export const SCHEMA_VERSION = 1;

/** "plex": a file that is another program's is not taken for ours. */
export const APPLICATION_ID = 0x706c6578;

const APPEND_ONLY = ['journal', 'entries', 'nodes', 'signed_heads', 'records'] as const;

const TABLES = `
CREATE TABLE journal (
  seq INTEGER PRIMARY KEY, machine TEXT NOT NULL, n INTEGER NOT NULL, input BLOB NOT NULL, time TEXT NOT NULL, salt TEXT NOT NULL,
  source TEXT NOT NULL, state_digest TEXT NOT NULL, leaf_hash BLOB NOT NULL, UNIQUE (machine, n)
) STRICT;
CREATE TABLE entries (seq INTEGER PRIMARY KEY, leaf BLOB NOT NULL) STRICT;
CREATE TABLE nodes (level INTEGER NOT NULL, place INTEGER NOT NULL, hash BLOB NOT NULL, PRIMARY KEY (level, place)) STRICT, WITHOUT ROWID;
CREATE TABLE tree (one INTEGER PRIMARY KEY CHECK (one = 1), size INTEGER NOT NULL, frontier BLOB NOT NULL) STRICT;
CREATE TABLE states (machine TEXT PRIMARY KEY, state BLOB NOT NULL) STRICT;
CREATE TABLE outbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT, seq INTEGER NOT NULL, receiver TEXT NOT NULL, topic TEXT NOT NULL, message TEXT NOT NULL,
  held INTEGER NOT NULL
) STRICT;
CREATE TABLE kept (digest TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
CREATE TABLE wrapping_keys (scope TEXT PRIMARY KEY, sealed BLOB NOT NULL) STRICT;
CREATE TABLE secrets (name TEXT PRIMARY KEY, scope TEXT NOT NULL, sealed BLOB NOT NULL) STRICT;
CREATE TABLE records (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, seq INTEGER NOT NULL, content TEXT NOT NULL) STRICT;
CREATE INDEX records_by_kind ON records (kind, id);
CREATE TABLE facts (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
CREATE TABLE signed_heads (size INTEGER PRIMARY KEY, root BLOB NOT NULL, note BLOB NOT NULL) STRICT;
INSERT INTO tree VALUES (1, 0, x'');
`;

export const SCHEMA: string = [
  TABLES,
  ...APPEND_ONLY.flatMap((table) =>
    ['UPDATE', 'DELETE'].map(
      (verb) =>
        `CREATE TRIGGER ${table}_no_${verb.toLowerCase()} BEFORE ${verb} ON ${table} ` +
        `BEGIN SELECT RAISE(ABORT, '${table} is append-only'); END;`,
    ),
  ),
  `PRAGMA application_id = ${String(APPLICATION_ID)};`,
  `PRAGMA user_version = ${String(SCHEMA_VERSION)};`,
].join('\n');
