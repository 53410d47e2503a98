import { hex, parseLeaf, rootOf, type Json } from '@plexus/core';
import { memoryStore } from '@plexus/runtime';
import type { Commit, Fed, Store } from '@plexus/runtime/drive';
import { nodeSuite as suite } from '@plexus/suite';
import { describe, expect, it } from 'vitest';
import { refusalOf } from '../refusal.ts';
import { counter, NOW, started, world, type Input } from './counter.ts';

const A = 'study/a';
const toBoth: Input = { kind: 'count', to: ['hospital/h01', 'hospital/h02'], topic: 's1' };

function codeOf(fed: Fed<string>): string {
  return fed.kind === 'rejected' ? fed.code : fed.kind;
}

async function contentOf(store: Store): Promise<unknown> {
  return {
    journal: await store.journal(0, 100),
    states: await store.states(),
    outbox: await store.outbox(),
    tree: await store.tree(),
    leaves: await store.entries(0, 100),
  };
}

describe('one transition', () => {
  it('is one commit of journal, state, outbox, leaf, tree, records and secrets', async () => {
    const store = memoryStore();
    const commits: Commit[] = [];
    const { driver } = await started({
      store: { ...store, commit: (one) => (commits.push(one), store.commit(one)) },
    });
    const secrets = [{ name: 'session/s1/z', bytes: Uint8Array.of(7) }];
    expect(codeOf(await driver.feed(A, toBoth, { secrets }))).toBe('committed');
    expect(commits).toHaveLength(1);
    const [row] = await store.journal(0, 10);
    const [leaf] = await store.entries(0, 10);
    expect(row).toMatchObject({ machine: A, n: 0, seq: 0 });
    expect(parseLeaf(leaf!)).toMatchObject({
      ...{ seq: 0, type: 'study.activated', transition: { machine: A, n: 0 } },
    });
    expect((await store.states()).map(({ state }) => hex(suite.sha256(state)))).toEqual([
      row!.stateDigest,
    ]);
    expect((await store.outbox()).map(({ id, seq, to }) => [id, seq, to])).toEqual([
      [1, 0, 'hospital/h01'],
      [2, 0, 'hospital/h02'],
    ]);
    expect(hex(rootOf(suite, await store.tree()))).toBe(hex(row!.leafHash));
    expect(await store.records('counts', 0, 10)).toMatchObject([{ seq: 0, row: { seq: 0 } }]);
    expect(await store.secret('session/s1/z')).toEqual(Uint8Array.of(7));
  });

  it('sends only after its commit (I1)', async () => {
    const { driver, acts } = await started({ store: memoryStore() });
    await driver.feed(A, toBoth);
    expect(acts).toEqual(['commit 0', 'send 1 to hospital/h01', 'send 2 to hospital/h02']);
  });

  it('numbers transitions of a machine without gaps, and leaves over all machines', async () => {
    const store = memoryStore();
    const { driver } = await started({ store });
    for (const id of [A, 'study/b', A]) await driver.feed(id, toBoth);
    const rows = await store.journal(0, 10);
    expect(rows.map(({ machine, n, seq }) => [machine, n, seq])).toEqual([
      [A, 0, 0],
      ['study/b', 0, 1],
      [A, 1, 2],
    ]);
    expect(driver.machines()).toEqual([A, 'study/b']);
  });

  it('takes inputs one after the other, however they are fed', async () => {
    const { driver } = await started({ store: memoryStore() });
    await Promise.all(Array.from({ length: 20 }, () => driver.feed(A, toBoth)));
    expect(driver.state(A)).toMatchObject({ count: 20 });
  });

  it('has the time of its input, which never goes back', async () => {
    const store = memoryStore();
    const { driver } = await started({ store });
    for (const nowMs of [NOW + 5000, NOW + 1000, NOW + 6000])
      await driver.feed(A, { ...toBoth, nowMs });
    expect((await store.journal(0, 9)).map(({ time }) => Date.parse(time) - NOW)).toEqual([
      5000, 5000, 6000,
    ]);
  });
});

describe('what is no transition', () => {
  it.each([
    ['a refusal', A, { kind: 'refused' }, 'PHASE_UNEXPECTED'],
    ['an input that changes nothing', A, { kind: 'idle' }, 'ignored'],
    ['an input for nobody', 'nobody', { kind: 'count' }, 'MACHINE_UNKNOWN'],
    ['an input that is no canonical JSON', A, { kind: '\ud800' }, 'ENCODING_INVALID'],
  ])('%s leaves everything alone (I10)', async (_what, machine, input, code) => {
    const store = memoryStore();
    const { driver, acts } = await started({ store });
    await driver.feed(A, toBoth);
    const before = await contentOf(store);
    const secrets = [{ name: 'session/s1/z', bytes: Uint8Array.of(7) }];
    expect(codeOf(await driver.feed(machine, input, { secrets }))).toBe(code);
    expect(await contentOf(store)).toEqual(before);
    expect(await store.secret('session/s1/z')).toBeUndefined();
    expect(acts).toHaveLength(3);
  });

  it('is counted by peer and code when it was refused, until taken', async () => {
    const { driver } = await started({ store: memoryStore() });
    for (let i = 0; i < 3; i++) await driver.feed(A, { kind: 'refused' }, { peer: 'hospital/h01' });
    driver.refuse({ kind: 'access', peer: 'auditor/a1', code: 'MEMBER_NOT_ALLOWED' });
    const first = new Date(NOW).toISOString();
    expect(driver.takeRefusals()).toMatchObject([
      { kind: 'protocol', peer: 'hospital/h01', code: 'PHASE_UNEXPECTED', count: 3, first },
      { kind: 'access', peer: 'auditor/a1', code: 'MEMBER_NOT_ALLOWED', count: 1 },
    ]);
    expect(driver.takeRefusals()).toEqual([]);
  });

  it('cannot fill the memory with kinds of refusals', async () => {
    const { driver } = await started({ store: memoryStore() });
    for (let i = 0; i < 1000; i++)
      driver.refuse({ kind: 'login', peer: `hospital/h${String(i)}`, code: 'MEMBER_NOT_ALLOWED' });
    const taken = driver.takeRefusals();
    expect(taken).toHaveLength(256);
    expect(taken.at(-1)).toMatchObject({ code: 'REFUSALS_OVERFLOW', count: 745 });
  });
});

describe('the outbox', () => {
  it('keeps a message until its own receiver acknowledges it', async () => {
    const store = memoryStore();
    const { driver, acts } = await started({ store });
    await driver.feed(A, toBoth);
    await driver.acknowledge('hospital/h02', 1);
    await driver.acknowledge('hospital/h01', 1);
    acts.length = 0;
    await driver.redeliver('hospital/h01');
    await driver.redeliver('hospital/h02');
    expect(acts).toEqual(['send 2 to hospital/h02']);
  });

  it('loses the messages of a retracted topic, and no other', async () => {
    const store = memoryStore();
    const { driver } = await started({ store });
    await driver.feed(A, toBoth);
    await driver.feed(A, { ...toBoth, topic: 's2' });
    await driver.feed(A, { kind: 'retract', topic: 's1' });
    expect((await store.outbox()).map(({ id, topic }) => [id, topic])).toEqual([
      [3, 's2'],
      [4, 's2'],
    ]);
  });

  it('forgets the secrets of a prefix', async () => {
    const store = memoryStore();
    const { driver } = await started({ store });
    const secrets = ['s1', 's2'].map((id) => ({
      name: `session/${id}/z`,
      bytes: Uint8Array.of(1),
    }));
    await driver.feed(A, toBoth, { secrets });
    await driver.feed(A, { kind: 'wipe', prefix: 'session/s1/' });
    expect(await store.secret('session/s1/z')).toBeUndefined();
    expect(await store.secret('session/s2/z')).toBeDefined();
  });
});

describe('a message that awaits publication', () => {
  const offer: Input = { ...toBoth, kind: 'offer' };

  /** A publication that ends when the test says so. */
  function gate(store: Store) {
    const waiting: (() => void)[] = [];
    const begun: number[] = [];
    return {
      begun,
      publish: async () => {
        const { size } = await store.tree();
        begun.push(size);
        await new Promise<void>((resolve) => waiting.push(resolve));
        return { size };
      },
      open: () => {
        for (const resolve of waiting.splice(0)) resolve();
      },
    };
  }

  it('is held until a checkpoint covers its leaf', async () => {
    const store = memoryStore();
    const { publish, open } = gate(store);
    const { driver, acts } = await started({ store, publish });
    await driver.feed(A, offer);
    await driver.redeliver('hospital/h01');
    expect(acts).toEqual(['commit 0']);
    open();
    await driver.settled();
    expect(acts).toEqual(['commit 0', 'send 1 to hospital/h01', 'send 2 to hospital/h02']);
    await driver.redeliver('hospital/h01');
    expect(acts.at(-1)).toBe('send 1 to hospital/h01');
  });

  it('waits for the next publication when it came during one', async () => {
    const store = memoryStore();
    const { publish, open, begun } = gate(store);
    const { driver, acts } = await started({ store, publish });
    await driver.feed(A, offer);
    await expect.poll(() => begun).toEqual([1]);
    await driver.feed(A, offer);
    open();
    await expect.poll(() => begun).toEqual([1, 2]);
    expect(acts.filter((act) => act.startsWith('send'))).toHaveLength(2);
    open();
    await driver.settled();
    expect(acts.filter((act) => act.startsWith('send'))).toHaveLength(4);
  });

  it('never goes when it was retracted meanwhile', async () => {
    const store = memoryStore();
    const { publish, open } = gate(store);
    const { driver, acts } = await started({ store, publish });
    await driver.feed(A, offer);
    await driver.feed(A, { kind: 'retract', topic: 's1' });
    open();
    await driver.settled();
    expect(acts).toEqual(['commit 0', 'commit 1']);
  });

  it('is held again after a restart', async () => {
    const store = memoryStore();
    const { driver } = await started({ store, publish: () => new Promise(() => undefined) });
    await driver.feed(A, offer);
    const { publish, open } = gate(store);
    const again = await started({ store, publish });
    expect(again.acts).toEqual([]);
    await expect
      .poll(() => {
        open();
        return again.acts;
      })
      .toEqual(['send 1 to hospital/h01', 'send 2 to hospital/h02']);
  });

  it('stops the driver when nothing publishes the log, or a publication falls short', async () => {
    for (const publish of [undefined, () => Promise.resolve({ size: 0 })]) {
      const options = { store: memoryStore(), ...(publish === undefined ? {} : { publish }) };
      const { driver, failures } = await started(options);
      await driver.feed(A, offer);
      await driver.settled();
      expect(failures.map(({ code }) => code)).toEqual(['STATE_UNEXPECTED']);
    }
  });
});

describe('wake', () => {
  it('feeds ticks until the machine is done, each with a leaf', async () => {
    const store = memoryStore();
    const { driver } = await started({ store });
    await driver.feed(A, { kind: 'wake', left: 3 });
    expect(driver.state(A)).toMatchObject({ left: 0 });
    expect((await store.tree()).size).toBe(4);
  });

  it('without end stops the driver', async () => {
    const { driver, failures } = await started({ store: memoryStore() });
    expect(await refusalOf(driver.feed(A, { kind: 'wake', left: 10_003 }))).toBe(
      'STATE_UNEXPECTED',
    );
    expect(failures).toHaveLength(1);
  });
});

describe('a start', () => {
  async function full(): Promise<Store> {
    const store = memoryStore();
    const { driver } = await started({ store });
    await driver.feed(A, toBoth);
    await driver.feed('study/b', { kind: 'work' });
    await driver.feed(A, { ...toBoth, topic: 's2' });
    return store;
  }

  it('replays to the same states and goes on from them (I7)', async () => {
    const store = await full();
    const { driver } = await started({ store });
    expect(driver.state(A)).toEqual({ count: 2, left: 0, works: false });
    await driver.feed(A, toBoth);
    expect((await store.journal(3, 1))[0]).toMatchObject({ machine: A, n: 2, seq: 3 });
  });

  it('sends what is open again, and gives out the work that a state waits for', async () => {
    const store = await full();
    await store.acknowledge('hospital/h01', 1);
    const { driver, acts } = await started({ store });
    expect(acts).toEqual([
      'send 2 to hospital/h02',
      'send 3 to hospital/h01',
      'send 4 to hospital/h02',
      'work study/b sum',
    ]);
    await driver.feed('study/b', { kind: 'done' });
    expect((await started({ store })).acts).not.toContain('work study/b sum');
  });

  it('is refused when the machine now computes something else', async () => {
    const { driver } = world({ store: await full(), addend: 2 });
    expect(await refusalOf(driver.start())).toBe('REPLAY_MISMATCH');
  });

  const zero = new Uint8Array(32);
  const tampered: readonly (readonly [string, (store: Store) => Partial<Store>])[] = [
    [
      'an input',
      ({ journal }) => ({
        journal: async (seq, limit) =>
          (await journal(seq, limit)).map((row) => ({
            ...row,
            input: row.seq === 1 ? new TextEncoder().encode('{"kind":"done"}') : row.input,
          })),
      }),
    ],
    [
      'a leaf',
      ({ entries }) => ({
        entries: async (seq, limit) =>
          (await entries(seq, limit)).map((leaf, i) => (i === 1 ? zero : leaf)),
      }),
    ],
    [
      'a number of leaves',
      ({ entries }) => ({ entries: async (seq) => (await entries(seq, 2)).slice(0, 2) }),
    ],
    [
      'an order',
      ({ journal }) => ({
        journal: async (seq, limit) =>
          (await journal(seq, limit)).map((row) => ({ ...row, seq: row.seq + 1 })),
      }),
    ],
    [
      'a machine',
      ({ journal }) => ({
        journal: async (seq, limit) =>
          (await journal(seq, limit)).map((row) => ({ ...row, machine: 'nobody' })),
      }),
    ],
    [
      'a state',
      ({ states }) => ({
        states: async () => (await states()).map((one) => ({ ...one, state: zero })),
      }),
    ],
    ['a number of states', ({ states }) => ({ states: async () => (await states()).slice(1) })],
    [
      'a tree',
      ({ tree }) => ({ tree: async () => ({ ...(await tree()), frontier: [zero, zero] }) }),
    ],
  ];
  it.each(tampered)('is refused when %s in the store is another', async (_what, change) => {
    const store = await full();
    const { driver, acts } = world({ store: { ...store, ...change(store) } });
    expect(await refusalOf(driver.start())).toBe('REPLAY_MISMATCH');
    expect(acts).toEqual([]);
    expect(await refusalOf(driver.feed(A, toBoth))).toBe('STATE_UNEXPECTED');
  });

  it('happens once, before anything is fed', async () => {
    const { driver } = world({ store: memoryStore() });
    expect(await refusalOf(driver.feed(A, toBoth))).toBe('STATE_UNEXPECTED');
    await driver.start();
    expect(await refusalOf(driver.start())).toBe('STATE_UNEXPECTED');
  });
});

describe('a failure', () => {
  it.each([
    ['a transition without leaf', { kind: 'without-leaf' }, 'TRANSITION_LEAF'],
    ['a refusal that changes the state', { kind: 'refused-and-changed' }, 'STATE_UNEXPECTED'],
  ])('of the machine, %s, commits nothing and stops the driver', async (_what, input, code) => {
    const store = memoryStore();
    const { driver, failures, acts } = await started({ store });
    expect(await refusalOf(driver.feed(A, input))).toBe(code);
    expect((await store.tree()).size).toBe(0);
    expect(failures.map((error) => error.code)).toEqual([code]);
    expect(await refusalOf(driver.feed(A, toBoth))).toBe('STORE_FAILED');
    expect(acts).toEqual([]);
    expect(failures).toHaveLength(1);
  });

  it('of the store sends nothing and stops the driver: the next start decides', async () => {
    const store = memoryStore();
    // the commit arrives, its answer does not: the case that a retry would get wrong
    const lost: Store = {
      ...store,
      commit: async (one) => {
        await store.commit(one);
        throw new Error('disk');
      },
    };
    const { driver, failures, acts } = await started({ store: lost });
    expect(await refusalOf(driver.feed(A, toBoth))).toBe('STORE_FAILED');
    expect(await refusalOf(driver.feed(A, toBoth))).toBe('STORE_FAILED');
    expect(failures).toHaveLength(1);
    expect(acts).toEqual([]);
    expect((await started({ store })).acts).toEqual([
      'send 1 to hospital/h01',
      'send 2 to hospital/h02',
    ]);
  });
});

it('the state that is fed live is the one that a replay reads, absent members and all', async () => {
  const seen: Json[] = [];
  const store = memoryStore();
  const { driver } = await started({ store });
  await driver.feed(A, { kind: 'count', to: [], topic: 't' });
  seen.push(driver.state(A)!);
  const again = await started({ store });
  seen.push(again.driver.state(A)!);
  expect(seen[0]).toEqual(seen[1]);
  expect(counter(A).initial).toEqual({ count: 0, left: 0, works: false });
});
