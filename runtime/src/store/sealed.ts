/**
 * Secrets of the SQLite store: each sealed under the wrapping key of its scope (its name up to the last `/`), each wrapping key under
 * the store key. A wipe destroys the wrapping key, so that what a backup or a disk still holds of the secrets no longer opens.
 *
 * Source: secure-aggregation.md 4.8. Leaves to others: the transaction they are written in (sqlite.ts).
 */
import { randomBytes } from 'node:crypto';
import type { Database } from 'better-sqlite3';
import { PlexusError, type Bytes } from '@plexus/core';
import type { NamedSecret } from '../port.js';
import { openUnder, sealUnder } from '../secrets.js';

export interface SealedSecrets {
  /** Within the caller's transaction. */
  readonly put: (secret: NamedSecret) => void;
  /** Within the caller's transaction. */
  readonly wipe: (prefix: string) => void;
  /** Secret. Errors: environment/SECRET_UNOPENABLE. */
  readonly get: (name: string) => Bytes | undefined;
}

interface SecretRow {
  readonly scope: string;
  readonly sealed: Bytes;
}

/** `storeKey`: 32 bytes. Secret. */
export function sealedSecrets(db: Database, storeKey: Bytes): SealedSecrets {
  const keyOf = db.prepare<[string], { readonly sealed: Bytes }>(
    'SELECT sealed FROM wrapping_keys WHERE scope = ?',
  );
  const addKey = db.prepare<[string, Bytes]>('INSERT INTO wrapping_keys VALUES (?, ?)');
  const secretOf = db.prepare<[string], SecretRow>(
    'SELECT scope, sealed FROM secrets WHERE name = ?',
  );
  const addSecret = db.prepare<[string, string, Bytes]>(
    'INSERT OR REPLACE INTO secrets VALUES (?, ?, ?)',
  );
  const dropSecrets = db.prepare<{ readonly prefix: string }>(
    'DELETE FROM secrets WHERE substr(name, 1, length(@prefix)) = @prefix',
  );
  const dropKeys = db.prepare(
    'DELETE FROM wrapping_keys WHERE scope NOT IN (SELECT scope FROM secrets)',
  );

  function wrappingKey(scope: string): Bytes | undefined {
    const row = keyOf.get(scope);
    return row === undefined ? undefined : openUnder(storeKey, keyPlace(scope), row.sealed);
  }

  function newWrappingKey(scope: string): Bytes {
    const key = new Uint8Array(randomBytes(32));
    addKey.run(scope, sealUnder(storeKey, keyPlace(scope), key));
    return key;
  }

  return {
    put({ name, bytes }) {
      const scope = name.slice(0, name.lastIndexOf('/') + 1);
      const key = wrappingKey(scope) ?? newWrappingKey(scope);
      addSecret.run(name, scope, sealUnder(key, name, bytes));
    },
    wipe(prefix) {
      dropSecrets.run({ prefix });
      dropKeys.run(); // a scope of which something is left keeps its key
    },
    get(name) {
      const row = secretOf.get(name);
      if (row === undefined) return undefined;
      const key = wrappingKey(row.scope);
      if (key === undefined)
        throw new PlexusError('SECRET_UNOPENABLE', `secret ${name}: has lost its wrapping key`);
      return openUnder(key, name, new Uint8Array(row.sealed));
    },
  };
}

function keyPlace(scope: string): string {
  return `wrapping-key ${scope}`;
}
