import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { appendLeafHash, EMPTY_TREE, hex, leafHash, utf8, type TreeState } from '@plexus/core';
import { memoryStore, openSqliteStore } from '@plexus/runtime';
import type { Commit, Store } from '@plexus/runtime/drive';
import { nodeSuite as suite } from '@plexus/suite';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { refusal, refusalOf } from '../refusal.ts';
import { SOURCE } from '../runtime/counter.ts';

const folder = mkdtempSync(join(tmpdir(), 'plexus-store-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});
let files = 0;
const newPath = () => join(folder, `${String(files++)}.db`);
const storeKey = new Uint8Array(32).fill(9);
const open = (path: string, mode: 'create' | 'existing', key = storeKey) =>
  openSqliteStore({ path, mode, storeKey: key });

const NOTHING = { retract: [], outbox: [], keep: [], secrets: [], wipe: [], records: [] };

/** The next commit of a store, with one leaf and whatever the test is about. */
async function next(
  store: Store,
  more: Partial<Commit> = {},
  machine = 'study/a',
): Promise<Commit> {
  const tree = await store.tree();
  const rows = await store.journal(0, 10_000);
  return {
    ...following(tree, machine, rows.filter((row) => row.machine === machine).length),
    ...more,
  };
}

function following(before: TreeState, machine: string, n: number): Commit {
  const seq = before.size;
  const leaf = utf8(`leaf ${String(seq)}`);
  const hash = leafHash(suite, leaf);
  const { tree, completed } = appendLeafHash(suite, before, hash);
  const state = utf8(`{"n":${String(n)}}`);
  const journal = {
    ...{ machine, n, seq, input: utf8('{"kind":"count"}'), time: '2026-03-02T10:00:00.000Z' },
    ...{ salt: 'AAAAAAAAAAAAAAAAAAAAAA', source: SOURCE, leafHash: hash },
    stateDigest: hex(suite.sha256(state)),
  };
  return { ...NOTHING, journal, state, leaf, nodes: completed, tree };
}

const message = (to: string, topic: string) => ({ to, topic, message: { to }, held: false });
const bytes = (...values: readonly number[]) => Uint8Array.from(values);

describe.each([
  ['memory', memoryStore],
  ['SQLite', () => open(newPath(), 'create')],
])('the store in %s', (_name, create) => {
  let store: Store;
  beforeEach(() => {
    store = create();
    return () => store.close();
  });

  it('is empty at first', async () => {
    expect(await store.tree()).toEqual(EMPTY_TREE);
    expect(await store.journal(0, 10)).toEqual([]);
    expect(await store.entries(0, 10)).toEqual([]);
    expect(await store.states()).toEqual([]);
    expect(await store.outbox()).toEqual([]);
    expect(await store.lastSigned()).toBeUndefined();
    expect(await store.kept('00')).toBeUndefined();
    expect(await store.secret('session/s1/z')).toBeUndefined();
    expect(await store.fact('x')).toBeUndefined();
    expect(await store.records('counts', 0, 10)).toEqual([]);
  });

  it('gives back what a commit wrote, byte for byte', async () => {
    const one = await next(store, {
      outbox: [message('hospital/h01', 's1'), { ...message('hospital/h02', 's1'), held: true }],
      keep: [{ digest: 'd1', bytes: bytes(1, 2) }],
      secrets: [{ name: 'session/s1/z', bytes: bytes(3) }],
      records: [{ table: 'counts', row: { a: 'ö' } }],
    });
    const committed = await store.commit(one);
    expect(committed).toEqual({ seq: 0, outbox: await store.outbox() });
    expect(committed.outbox).toEqual([
      { ...message('hospital/h01', 's1'), id: 1, seq: 0 },
      { ...message('hospital/h02', 's1'), id: 2, seq: 0, held: true },
    ]);
    expect(await store.journal(0, 10)).toEqual([one.journal]);
    expect(await store.entries(0, 10)).toEqual([one.leaf]);
    expect(await store.states()).toEqual([{ machine: 'study/a', state: one.state }]);
    expect(await store.tree()).toEqual(one.tree);
    expect(await store.kept('d1')).toEqual(bytes(1, 2));
    expect(await store.secret('session/s1/z')).toEqual(bytes(3));
    const records = await store.records('counts', 0, 10);
    expect(records).toMatchObject([{ seq: 0, row: { a: 'ö' } }]);
    expect(await store.records('others', 0, 10)).toEqual([]);
  });

  it('pages through journal, leaves and records, and has every node of the tree', async () => {
    for (let i = 0; i < 5; i++)
      await store.commit(await next(store, { records: [{ table: 'counts', row: i }] }));
    expect((await store.journal(1, 2)).map(({ seq }) => seq)).toEqual([1, 2]);
    expect(await store.entries(3, 10)).toEqual([utf8('leaf 3'), utf8('leaf 4')]);
    const [, second] = await store.records('counts', 0, 2);
    const rest = await store.records('counts', second!.id + 1, 10);
    expect(rest.map(({ row }) => row)).toEqual([2, 3, 4]);
    const { frontier } = await store.tree();
    const places = [
      { level: 2, index: 0 },
      { level: 0, index: 4 },
    ];
    expect(await store.nodes(places)).toEqual(frontier);
    expect(await refusalOf(store.nodes([{ level: 1, index: 2 }]))).toBe('STATE_UNEXPECTED');
  });

  it('writes all of a commit or nothing of it', async () => {
    await store.commit(await next(store, { outbox: [message('hospital/h01', 's1')] }));
    const again = {
      ...(await next(store, {
        retract: ['s1'],
        outbox: [message('hospital/h02', 's1')],
        keep: [{ digest: 'd1', bytes: bytes(1) }],
        secrets: [{ name: 'session/s1/z', bytes: bytes(3) }],
        records: [{ table: 'counts', row: 1 }],
      })),
    };
    const repeated = { ...again, journal: { ...again.journal, n: 0 } };
    const skipping = { ...again, journal: { ...again.journal, seq: 7 } };
    for (const bad of [repeated, skipping])
      expect(await refusalOf(store.commit(bad))).toBe('STORE_FAILED');
    expect((await store.tree()).size).toBe(1);
    expect(await store.entries(0, 10)).toHaveLength(1);
    expect((await store.outbox()).map(({ to }) => to)).toEqual(['hospital/h01']);
    expect(await store.kept('d1')).toBeUndefined();
    expect(await store.secret('session/s1/z')).toBeUndefined();
    expect(await store.records('counts', 0, 10)).toEqual([]);
  });

  it('retracts before it sends, and never gives an id twice', async () => {
    await store.commit(await next(store, { outbox: [message('hospital/h01', 's1')] }));
    await store.commit(
      await next(store, { retract: ['s1'], outbox: [message('hospital/h01', 's1')] }),
    );
    expect((await store.outbox()).map(({ id }) => id)).toEqual([2]);
    expect(await store.acknowledge('hospital/h01', 2)).toBe(true);
    await store.commit(await next(store, { outbox: [message('hospital/h01', 's1')] }));
    expect((await store.outbox('hospital/h01')).map(({ id }) => id)).toEqual([3]);
    expect(await store.outbox('hospital/h02')).toEqual([]);
  });

  it('deletes a message for its own receiver only', async () => {
    await store.commit(await next(store, { outbox: [message('hospital/h01', 's1')] }));
    expect(await store.acknowledge('hospital/h02', 1)).toBe(false);
    expect(await store.acknowledge('hospital/h01', 1)).toBe(true);
    expect(await store.acknowledge('hospital/h01', 1)).toBe(false);
  });

  it('wipes the secrets of a prefix, also those of the same commit', async () => {
    const named = (name: string) => ({ name, bytes: bytes(1) });
    const names = ['session/s1/z', 'session/s1/m4', 'session/s10/z', 'key'];
    await store.commit(await next(store, { secrets: names.map(named) }));
    await store.commit(
      await next(store, { secrets: [named('session/s1/late')], wipe: ['session/s1/'] }),
    );
    const left = [];
    for (const name of [...names, 'session/s1/late'])
      if ((await store.secret(name)) !== undefined) left.push(name);
    expect(left).toEqual(['session/s10/z', 'key']);
    await store.commit(await next(store, { secrets: [named('session/s1/z')] }));
    expect(await store.secret('session/s1/z')).toEqual(bytes(1));
  });

  it('replaces a secret and a fact of the same name, keeps bytes once', async () => {
    for (const value of [1, 2]) {
      const secrets = [{ name: 'a/b', bytes: bytes(value) }];
      const keep = [{ digest: 'd1', bytes: bytes(7) }];
      await store.commit(await next(store, { secrets, keep }));
      await store.setFact('head', bytes(value));
    }
    expect(await store.secret('a/b')).toEqual(bytes(2));
    expect(await store.fact('head')).toEqual(bytes(2));
    expect(await store.kept('d1')).toEqual(bytes(7));
  });

  it('takes a signed head only on top of the one the signer has seen (D4)', async () => {
    const head = (size: number) => ({ size, root: bytes(size), note: bytes(size, size) });
    expect(await store.addSigned(1, head(2))).toBe(false);
    expect(await store.addSigned(undefined, head(2))).toBe(true);
    expect(await store.addSigned(undefined, head(3))).toBe(false);
    expect(await store.addSigned(2, head(2))).toBe(false);
    expect(await store.addSigned(2, head(1))).toBe(false);
    expect(await store.addSigned(2, head(5))).toBe(true);
    expect(await store.lastSigned()).toEqual(head(5));
  });
});

describe('a SQLite file', () => {
  it('has everything again after it was closed', async () => {
    const path = newPath();
    const store = open(path, 'create');
    await store.commit(
      await next(store, {
        outbox: [message('hospital/h01', 's1')],
        secrets: [{ name: 'session/s1/z', bytes: bytes(3) }],
      }),
    );
    await store.addSigned(undefined, { size: 1, root: bytes(1), note: bytes(1) });
    const before = [await store.journal(0, 9), await store.outbox(), await store.tree()];
    await store.close();
    const again = open(path, 'existing');
    expect([await again.journal(0, 9), await again.outbox(), await again.tree()]).toEqual(before);
    expect(await again.secret('session/s1/z')).toEqual(bytes(3));
    expect((await again.lastSigned())?.size).toBe(1);
    await again.close();
  });

  it('is made only when that is asked for, and never twice', async () => {
    const path = newPath();
    expect(refusal(() => open(path, 'existing'))).toBe('STORE_ABSENT');
    await open(path, 'create').close();
    expect(refusal(() => open(path, 'create'))).toBe('STORE_EXISTS');
    expect(refusal(() => open(join(folder, 'no', 'such.db'), 'create'))).toBe('STORE_FAILED');
  });

  it('can be read by nobody else, nor can what SQLite writes beside it', async () => {
    const path = newPath();
    const store = open(path, 'create');
    await store.commit(await next(store));
    for (const file of [path, `${path}-wal`]) expect(statSync(file).mode & 0o077).toBe(0);
    await store.close();
  });

  it('has one writer, in this process and in others', async () => {
    const path = newPath();
    const store = open(path, 'create');
    expect(refusal(() => open(path, 'existing'))).toBe('STORE_LOCKED');
    const code = `
      import { openSqliteStore } from '@plexus/runtime';
      try { openSqliteStore({ path: ${JSON.stringify(path)}, mode: 'existing', storeKey: new Uint8Array(32) }); }
      catch (thrown) { console.log(thrown.code); }`;
    const flags = ['--conditions=default', '--input-type=module', '-e', code];
    const said = execFileSync(process.execPath, flags, { cwd: process.cwd(), encoding: 'utf8' });
    expect(said.trim()).toBe('STORE_LOCKED');
    await store.close();
    await open(path, 'existing').close();
  });

  it('of another version or kind is not touched', async () => {
    const path = newPath();
    await open(path, 'create').close();
    const changed = readFileSync(path);
    changed.writeUInt32BE(2, 60); // user_version (sqlite.org/fileformat2.html, 1.3)
    writeFileSync(path, changed);
    expect(refusal(() => open(path, 'existing'))).toBe('STORE_VERSION');
    const text = newPath();
    writeFileSync(text, 'no database, but long enough to be read as one. '.repeat(40));
    expect(refusal(() => open(text, 'existing'))).toBe('STORE_VERSION');
    expect(statSync(text).size).toBe(48 * 40);
  });

  it('answers STORE_FAILED once it is closed', async () => {
    const store = open(newPath(), 'create');
    await store.close();
    expect(await refusalOf(store.tree())).toBe('STORE_FAILED');
  });
});

describe('secrets in a SQLite file', () => {
  const secret = Buffer.from('a secret that is easy to find in a file');

  async function withSecret(): Promise<string> {
    const path = newPath();
    const store = open(path, 'create');
    await store.commit(await next(store, { secrets: [{ name: 'session/s1/z', bytes: secret }] }));
    await store.close();
    return path;
  }

  it('are not there in clear, neither while it is open nor afterwards', async () => {
    const path = newPath();
    const store = open(path, 'create');
    await store.commit(await next(store, { secrets: [{ name: 'session/s1/z', bytes: secret }] }));
    for (const file of [path, `${path}-wal`])
      expect(readFileSync(file).includes(secret)).toBe(false);
    await store.close();
    expect(readFileSync(path).includes(secret)).toBe(false);
  });

  it('open under no other store key', async () => {
    const path = await withSecret();
    const store = open(path, 'existing', new Uint8Array(32).fill(8));
    expect(await refusalOf(store.secret('session/s1/z'))).toBe('SECRET_UNOPENABLE');
    await store.close();
  });

  it('are gone after a wipe, with the key that a copy of the secret would need', async () => {
    const path = await withSecret();
    expect(readFileSync(path).includes('session/s1/')).toBe(true);
    const store = open(path, 'existing');
    await store.commit(await next(store, { wipe: ['session/s1/'] }));
    // the rows are overwritten, names and all, in the database and in its log
    for (const file of [path, `${path}-wal`])
      expect(readFileSync(file).includes('session/s1/')).toBe(false);
    await store.close();
  });
});
