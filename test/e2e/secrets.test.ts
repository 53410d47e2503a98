/** T23 what is secret of a session stands nowhere in the clear, and nowhere at all once the session is over. */
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  base64,
  hex,
  manifestBytes,
  parseLeaf,
  peekStatement,
  sessionKeys,
  utf8,
  type FromAgent,
} from '@plexus/core';
import { openSqliteStore } from '@plexus/runtime';
import { projectRoot } from '../arch/project.ts';
import { createCoordinator } from '../../coordinator/src/app/coordinator.ts';
import {
  callerOf,
  createAgents,
  enrolAll,
  HOSPITALS,
  manifestHere,
} from '../coordinator/hospitals.ts';
import { createWorld } from '../coordinator/surroundings.ts';
import { fastSuite as suite } from '../fast-suite.ts';
import { createFederation, type Federation, type Site } from '../node-agent/app/federation.ts';
import { memorySite } from '../node-agent/app/memory-site.ts';

const HOSPITAL = 'north';
const root = mkdtempSync(join(tmpdir(), 'plexus-secrets-'));
const path = join(root, 'agent.db');
/** What of better-sqlite3, the runtime's own package, is used to look into a copy. */
type OpenDatabase = new (path: string) => {
  prepare(sql: string): {
    all(): readonly { readonly scope: string; readonly sealed: Uint8Array }[];
  };
  close(): void;
};
const Database = createRequire(join(projectRoot, 'runtime', 'package.json'))(
  'better-sqlite3',
) as OpenDatabase;
const storeKey = new Uint8Array(32).fill(99);

interface Known {
  readonly what: string;
  readonly bytes: Uint8Array;
}

let federation: Federation;
let north: Site;
/** Secrets as the agent handed them to its store, and what follows from them. */
const known: Known[] = [];
/** Wrapping keys as they stood sealed in the database while their session was on. */
const wrapped: Known[] = [];
/** Bytes of the database files at moments in a session. */
const during: Uint8Array[] = [];
let digestBefore = '';

beforeAll(async () => {
  federation = await createFederation({
    store: (name) =>
      memorySite(
        name === HOSPITAL ? openSqliteStore({ path, mode: 'create', storeKey }) : undefined,
      ),
  });
  north = federation.site(HOSPITAL);
  north.store.beforeCommit = ({ secrets }) => {
    for (const { name, bytes } of secrets) know(name, bytes);
  };
  await federation.submit();
  for (const { name } of federation.sites) await federation.approve(name);
  const sent = (kind: string): number =>
    north.sent.filter((message) => message.kind === kind).length;
  // in the first round and in the last, after which nothing is written over what was wiped
  for (const round of [1, 4])
    for (const kind of ['advertise', 'masked', 'release']) {
      await federation.run(() => sent(kind) === round);
      during.push(files());
      rememberWrappingKeys();
    }
  await federation.run();
  expect(federation.state()).toMatchObject({ phase: 'completed', roundsDone: 4 });
}, 120_000);
afterAll(async () => {
  await north.store.close();
  rmSync(root, { recursive: true });
});

function know(name: string, bytes: Uint8Array): void {
  const [, session = '', kind] = name.split('/');
  // of M4 it is the shares: its header stands in every statement
  if (kind !== 'release') known.push({ what: name, bytes: bytes.slice() });
  if (kind === 'z') {
    const keys = sessionKeys(suite, bytes, session);
    known.push(
      { what: `${name} → c`, bytes: keys.cSecret },
      { what: `${name} → s`, bytes: keys.sSecret },
    );
    known.push({ what: `${name} → b`, bytes: keys.selfSeed });
    for (const secret of ['b', 's'] as const)
      known.push({ what: `${name} → coefficients`, bytes: keys.coefficients(secret, 1) });
  }
  if (kind === 'shares')
    for (const { b, s } of JSON.parse(text(bytes)) as readonly {
      readonly b: string;
      readonly s: string;
    }[])
      known.push(
        { what: `${name} b`, bytes: decoded(b) },
        { what: `${name} s`, bytes: decoded(s) },
      );
  if (kind === 'release') {
    const envelope = JSON.parse(text(bytes)) as Extract<FromAgent, { kind: 'release' }>['envelope'];
    known.push(...sharesIn(envelope));
  }
}

function sharesIn(envelope: Extract<FromAgent, { kind: 'release' }>['envelope']): readonly Known[] {
  const statement = peekStatement('unmask', envelope);
  if (statement.kind === 'refused') throw new Error('expected M4');
  return statement.body.shares.map(({ dealer, share }) => ({
    what: `M4 share of ${String(dealer)}`,
    bytes: share,
  }));
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');
const decoded = (base: string): Uint8Array => new Uint8Array(Buffer.from(base, 'base64'));

/** The database, its write-ahead log, and whatever else lies beside it. */
function files(): Uint8Array {
  return Buffer.concat(
    readdirSync(root)
      .filter((name) => name.startsWith('agent.db'))
      .map((name) => readFileSync(join(root, name))),
  );
}

function rememberWrappingKeys(): void {
  const copy = mkdtempSync(join(root, 'copy-'));
  for (const suffix of ['', '-wal'])
    if (existsSync(path + suffix)) copyFileSync(path + suffix, join(copy, `copy.db${suffix}`));
  const db = new Database(join(copy, 'copy.db'));
  const rows = db.prepare('SELECT scope, sealed FROM wrapping_keys').all();
  for (const { scope, sealed } of rows)
    wrapped.push({ what: `wrapping key of ${scope}`, bytes: new Uint8Array(sealed) });
  db.close();
  rmSync(copy, { recursive: true });
}

/** The 32 bytes of it that are most unlike anything else: long secrets have zeros in them. */
function telling(secret: Uint8Array): Uint8Array {
  let best = secret.slice(0, 32);
  for (let at = 0; at + 32 <= secret.length; at++) {
    const part = secret.slice(at, at + 32);
    if (new Set(part).size > new Set(best).size) best = part;
  }
  return best;
}

/** Which of the secrets stand there, raw, as hex or as base64. */
function found(bytes: Uint8Array, secrets: readonly Known[]): readonly string[] {
  const within = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return secrets.flatMap(({ what, bytes: secret }) => {
    const part = telling(secret);
    const aligned = [0, 1, 2].map((skip) =>
      part.slice(skip, skip + 3 * Math.floor((part.length - skip) / 3)),
    );
    const needles = [
      part,
      utf8(hex(part)),
      ...aligned.flatMap((one) => [
        utf8(base64(one)),
        utf8(base64(one).replaceAll('+', '-').replaceAll('/', '_')),
      ]),
    ];
    return needles.some((needle) => within.includes(Buffer.from(needle))) ? [what] : [];
  });
}

describe('T23 the secrets of a session at a hospital', () => {
  it('T23 are those that the protocol has: z, its shares, M4, the update', () => {
    const kinds = new Set(
      known.map(({ what }) => what.replace(/[0-9a-f]{64}|heart-small/g, '…').replace(/ of \d/, '')),
    );
    expect([...kinds].sort()).toEqual([
      ...[
        'M4 share',
        'session/…/shares',
        'session/…/shares b',
        'session/…/shares s',
        'session/…/z',
      ],
      ...['session/…/z → b', 'session/…/z → c', 'session/…/z → coefficients', 'session/…/z → s'],
      'update/…/words',
    ]);
    expect(wrapped.length).toBeGreaterThanOrEqual(3);
  });

  it('T23 stand in the clear in no file of the agent, during a session or after it', () => {
    for (const bytes of during) expect(found(bytes, known)).toEqual([]);
    expect(found(files(), known)).toEqual([]);
  });

  it('T23 are gone with their wrapping keys when it is over: no row, and no byte of the sealed key in file or write-ahead log', () => {
    expect(during.flatMap((bytes) => found(bytes, wrapped)).length).toBeGreaterThanOrEqual(3); // they were there
    expect(found(files(), wrapped)).toEqual([]);
    expect(north.store.secretNames).toEqual(new Set());
  });

  it('T23 are in no line, no error, no other message', () => {
    expect(found(utf8([...north.lines, ...north.failures].join('\n')), known)).toEqual([]);
    const others = north.sent
      .filter(({ kind }) => kind !== 'release')
      .map((message) => JSON.stringify(message));
    expect(found(utf8(others.join('\n')), known)).toEqual([]);
    // M4 goes to the coordinator, whose it is, and holds shares alone
    const releases = north.sent
      .filter(({ kind }) => kind === 'release')
      .map((message) => JSON.stringify(message));
    const roots = known.filter(({ what }) => /\/z|words/.test(what));
    expect(found(utf8(releases.join('\n')), roots)).toEqual([]);
  });

  it('T23 are not missed after the wipe: the journal replays to the same state (I7)', async () => {
    const states = await north.store.states();
    digestBefore = hex(suite.sha256(...states.map(({ state }) => state)));
    await north.store.close();
    const again = openSqliteStore({ path, mode: 'existing', storeKey });
    Object.assign(north.store, again);
    await federation.restart(HOSPITAL); // replays, and compares every digest
    expect(north.failures).toEqual([]);
    const after = await north.store.states();
    expect(hex(suite.sha256(...after.map(({ state }) => state)))).toBe(digestBefore);
    expect(after.length).toBeGreaterThan(1);
    expect(found(files(), [...known, ...wrapped])).toEqual([]);
  });

  it('T23 would be found, were they there', async () => {
    for (const [i, { bytes }] of known.entries()) {
      const spelled = [bytes, utf8(hex(bytes)), utf8(base64(Uint8Array.of(1, ...bytes, 7)))][
        i % 3
      ]!;
      const file = Buffer.concat([Buffer.alloc(1000, i), Buffer.from(spelled), Buffer.alloc(77)]);
      expect(found(file, known).length).toBeGreaterThan(0);
    }
    const z = known.find(({ what }) => what.endsWith('/z'))!;
    await north.store.setFact('canary', z.bytes);
    expect(found(files(), known)).toContain(z.what);
  });
});

describe('T23 the coordinator', () => {
  it('T23 writes no share that it was given into its log or its lines', async () => {
    const world = createWorld();
    const coordinator = createCoordinator(world.around);
    await coordinator.start();
    await enrolAll(coordinator, world.nowMs);
    const manifest = manifestHere();
    const given: Known[] = [];
    const { app } = coordinator;
    const received: typeof app.agents.received = (hospital, id, message) => {
      if (message.kind === 'release') given.push(...sharesIn(message.envelope));
      return app.agents.received(hospital, id, message);
    };
    const agents = createAgents(
      () => ({ ...app, agents: { ...app.agents, received } }),
      manifest,
      () => world.nowMs,
    );
    await app.studies.submit(callerOf('researcher', 'r1'), manifestBytes(manifest));
    for (const hospital of HOSPITALS) await agents.connect(hospital);
    await agents.settled();
    for (const hospital of HOSPITALS) await agents.approve(hospital);
    const isOver = (): boolean =>
      world.leaves.some((leaf) => parseLeaf(leaf).type === 'study.closed');
    for (let second = 0; second < 300 && !isOver(); second++) {
      await agents.settled();
      world.nowMs += 1_000;
      await coordinator.tick();
    }
    expect(isOver()).toBe(true);
    expect(given).toHaveLength(4 * 4 * 4); // rounds, answers, dealers
    const log = Buffer.concat(world.leaves.map((leaf) => Buffer.from(leaf)));
    expect(found(log, given)).toEqual([]);
    expect(found(utf8([...world.said, ...world.failures.map(String)].join('\n')), given)).toEqual(
      [],
    );
  });
});
