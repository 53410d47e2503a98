/**
 * Opening the database file: durable, of the right version, and ours alone.
 *
 * WAL with synchronous=FULL; the pragma is read back, since a driver may ignore it (audit-log.md D1). locking_mode=EXCLUSIVE keeps
 * SQLite's lock on the file until it is closed or the process ends: a second writer is turned away (D2).
 */
import { closeSync, existsSync, openSync } from 'node:fs';
import Database from 'better-sqlite3';
import { PlexusError } from '@plexus/core';
import { APPLICATION_ID, SCHEMA, SCHEMA_VERSION } from './schema.js';

export type OpenMode = 'create' | 'existing';

/** Errors: operator/STORE_ABSENT, STORE_EXISTS, STORE_LOCKED, STORE_VERSION; environment/STORE_FAILED. */
export function openDatabase(path: string, mode: OpenMode): Database.Database {
  const isThere = existsSync(path);
  if (mode === 'existing' && !isThere)
    throw new PlexusError('STORE_ABSENT', `${path}: expected a database`);
  if (mode === 'create' && isThere)
    throw new PlexusError('STORE_EXISTS', `${path}: expected no database`);
  let db: Database.Database | undefined;
  try {
    if (mode === 'create') closeSync(openSync(path, 'wx', 0o600)); // nobody else's to read; its -wal takes the same mode
    db = new Database(path, { fileMustExist: true, timeout: 0 });
    prepare(db, path, mode);
    return db;
  } catch (thrown) {
    db?.close();
    if (thrown instanceof PlexusError) throw thrown;
    if (thrown instanceof Database.SqliteError && thrown.code.startsWith('SQLITE_BUSY'))
      throw new PlexusError('STORE_LOCKED', `${path}: another process holds it`, { cause: thrown });
    if (thrown instanceof Database.SqliteError && thrown.code === 'SQLITE_NOTADB')
      throw new PlexusError('STORE_VERSION', `${path}: is no database`, { cause: thrown });
    throw new PlexusError('STORE_FAILED', `${path}: cannot be opened`, { cause: thrown });
  }
}

function prepare(db: Database.Database, path: string, mode: OpenMode): void {
  db.pragma('locking_mode = EXCLUSIVE');
  db.exec('BEGIN EXCLUSIVE; COMMIT;'); // takes the lock now, not at the first commit
  if (mode === 'existing') checkVersion(db, path);
  const journalMode = db.pragma('journal_mode = WAL', { simple: true });
  db.pragma('synchronous = FULL');
  db.pragma('fullfsync = ON'); // macOS only; elsewhere without effect
  db.pragma('checkpoint_fullfsync = ON');
  db.pragma('secure_delete = ON'); // a wiped key is overwritten, not only unlinked
  if (journalMode !== 'wal' || db.pragma('synchronous', { simple: true }) !== 2)
    throw new PlexusError('STORE_FAILED', `${path}: expected WAL and synchronous=FULL`);
  if (mode === 'create')
    db.transaction(() => {
      db.exec(SCHEMA);
    }).immediate();
}

function checkVersion(db: Database.Database, path: string): void {
  const application = db.pragma('application_id', { simple: true });
  const version = db.pragma('user_version', { simple: true });
  if (application !== APPLICATION_ID || version !== SCHEMA_VERSION)
    throw new PlexusError(
      'STORE_VERSION',
      `${path}: expected version ${String(SCHEMA_VERSION)}, is ${String(version)}`,
    );
}
