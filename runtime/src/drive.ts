/**
 * The driver: it feeds inputs to pure machines and makes each transition durable before anything of it can be seen.
 *
 *     step → one transaction (journal, state, outbox, leaf, tree) → send, work, wake
 *
 * Source: architecture.md ("One signature carries the system"), audit-log.md section 7; invariants I1, I6, I7, I10.
 * Names no technology, so that app/ may import it. Leaves to others: storage (store/), the files of the log (publish.ts), transport.
 */
import {
  asPlexusError,
  base64url,
  canonicalBytes,
  canonicalJson,
  EMPTY_TREE,
  hex,
  PlexusError,
  rfc3339,
  type Bytes,
  type Code,
  type Json,
  type JsonObject,
} from '@plexus/core';
import type { Beside, Driver, DriverOptions, Fed } from './contract.js';
import { heldMessages } from './held.js';
import { liveMachines, parseText, type Live } from './live.js';
import { planCommit, rejectionOf, wakes, type WrittenTransition } from './plan.js';
import { refusalCounters } from './refusals.js';
import { replayJournal } from './replay.js';

export type { Beside, Driver, DriverOptions, Fed, Machine, Transitioned } from './contract.js';
export type {
  Commit,
  Committed,
  Delivery,
  LogStore,
  NamedSecret,
  Outgoing,
  SignedHead,
  Store,
  StoreRecord,
} from './port.js';
export type { Refusal, Refused } from './refusals.js';

/** A machine that wakes itself more often in a row never ends. */
const MAX_WAKES = 10_000;
const SALT_BYTES = 16;
/** Canonical text is well-formed, so this is core's `utf8`, and states are long. */
const encoder = new TextEncoder();

export function createDriver<Work>(options: DriverOptions<Work>): Driver<Work> {
  const { suite, store, clock, dispatch } = options;
  const machines = liveMachines(suite, options.machine);
  const refusals = refusalCounters();
  const held = heldMessages(options.publish, dispatch, fail);
  let tree = EMPTY_TREE;
  let lastMs = 0;
  let phase: 'new' | 'running' | PlexusError = 'new';
  let queue: Promise<unknown> = Promise.resolve();

  /** After a doubt nothing more is written or sent: the next start decides by what is on disk. */
  function fail(thrown: unknown): PlexusError {
    const error = asPlexusError(thrown, 'STORE_FAILED');
    if (!(phase instanceof PlexusError)) {
      phase = error;
      options.onFailure?.(error);
    }
    return error;
  }

  function inTurn<T>(task: () => Promise<T>): Promise<T> {
    const done = queue.then(async () => {
      if (phase === 'new')
        throw new PlexusError('STATE_UNEXPECTED', 'driver: fed before its start');
      if (phase instanceof PlexusError)
        throw new PlexusError('STORE_FAILED', 'driver: has stopped', { cause: phase });
      try {
        return await task();
      } catch (thrown) {
        throw fail(thrown);
      }
    });
    queue = done.catch(() => undefined); // the caller has the error; the next input must not
    return done;
  }

  async function feedAndWake(id: string, input: Json, beside: Beside): Promise<Fed<Work>> {
    const first = await feedOne(id, input, beside);
    let last = first;
    for (let count = 0; last.kind === 'committed' && wakes(last.effects); count++) {
      if (count === MAX_WAKES)
        throw new PlexusError('STATE_UNEXPECTED', `machine ${id}: wakes without end`);
      last = await feedOne(id, { kind: 'tick', nowMs: clock() }, {});
    }
    return first;
  }

  async function feedOne(id: string, fed: Json, beside: Beside): Promise<Fed<Work>> {
    const live = await machines.find(id);
    if (live === undefined) return refused('MACHINE_UNKNOWN', beside);
    const read = asReplayed(fed);
    if (read === undefined) return refused('ENCODING_INVALID', beside);
    const { input } = read;
    const stepped = live.machine.step(live.state, input);
    // the very same value back, as most ticks give it, need not be written out to be compared
    const isSame = stepped.state === live.state && stepped.effects.length === 0;
    if (isSame) return { kind: 'ignored' }; // L1
    const text = canonicalJson(stepped.state);
    const state = encoder.encode(text);
    const isUnchanged = hex(suite.sha256(state)) === live.digest;
    const rejection = rejectionOf(stepped, isUnchanged);
    if (rejection !== undefined) return refused(rejection.code, beside, rejection.detail, input);
    if (isUnchanged && stepped.effects.length === 0) return { kind: 'ignored' }; // L1
    const next = { input, state: parseText(text), effects: stepped.effects };
    return commit(live, { ...next, bytes: { input: read.bytes, state } }, beside);
  }

  async function commit(
    live: Live<Work>,
    next: Pick<WrittenTransition<Work>, 'input' | 'state' | 'effects' | 'bytes'>,
    beside: Beside,
  ): Promise<Fed<Work>> {
    const { machine, n } = live;
    const { state, effects } = next;
    const nowMs = Math.max(lastMs, timeOf(next.input) ?? clock());
    const seq = tree.size;
    const time = rfc3339(nowMs);
    const transitioned = { machine: machine.id, n, seq, time, ...next };
    const salt = base64url(options.random(SALT_BYTES));
    const basics = { seq, log: options.origin, time, salt, source: options.source };
    const planned = planCommit(suite, transitioned, basics, tree, {
      secrets: beside.secrets ?? [],
      records: options.records?.(transitioned) ?? [],
    });
    const committed = await store.commit(planned); // I1: nothing below may move above this line
    tree = planned.tree;
    lastMs = nowMs;
    machines.moved(machine.id, { machine, state, digest: planned.journal.stateDigest, n: n + 1 });
    options.onTransition?.(transitioned);
    held.retract(planned.retract);
    for (const delivery of committed.outbox) if (!delivery.held) dispatch(delivery);
    held.hold(committed.outbox.filter((delivery) => delivery.held));
    for (const effect of effects)
      if (effect.kind === 'work') options.onWork?.(machine.id, effect.work);
    return { kind: 'committed', n, seq, effects };
  }

  function refused(
    code: Code,
    { peer = 'unknown' }: Beside,
    detail: JsonObject = {},
    input?: Json,
  ): Fed<Work> {
    const digest =
      input === undefined ? {} : { input_sha256: hex(suite.sha256(canonicalBytes(input))) };
    refusals.count({ kind: 'protocol', peer, code, ...digest }, clock());
    return { kind: 'rejected', code, detail };
  }

  return {
    async start() {
      if (phase !== 'new') throw new PlexusError('STATE_UNEXPECTED', 'driver: started twice');
      ({ tree, lastMs } = await replayJournal(suite, store, options.origin, machines));
      phase = 'running';
      const open = await store.outbox();
      for (const delivery of open) if (!delivery.held) dispatch(delivery);
      held.hold(open.filter((delivery) => delivery.held));
      for (const { machine, state } of machines.all())
        for (const work of machine.pendingWork?.(state) ?? []) options.onWork?.(machine.id, work);
    },
    feed: (machine, input, beside = {}) => inTurn(() => feedAndWake(machine, input, beside)),
    state: machines.state,
    machines: () => machines.all().map(({ machine }) => machine.id),
    async acknowledge(to, id) {
      await store.acknowledge(to, id);
    },
    redeliver: (to) =>
      inTurn(async () => {
        for (const delivery of await store.outbox(to)) if (held.mayGo(delivery)) dispatch(delivery);
      }),
    refuse: (item) => {
      refusals.count(item, clock());
    },
    takeRefusals: refusals.take,
    async settled() {
      await queue;
      await held.settled();
    },
  };
}

/** The input as a replay will read it; undefined if it is not canonical JSON: peer-controlled text may be anything. */
function asReplayed(input: Json): { readonly input: Json; readonly bytes: Bytes } | undefined {
  try {
    const text = canonicalJson(input);
    return { input: parseText(text), bytes: encoder.encode(text) };
  } catch (thrown) {
    if (thrown instanceof PlexusError) return undefined;
    throw thrown;
  }
}

/** The time that an input says it happened: the leaf's time, unless an earlier leaf has a later one. */
function timeOf(input: Json): number | undefined {
  if (typeof input !== 'object' || Array.isArray(input) || !('nowMs' in input)) return undefined;
  const { nowMs } = input;
  return typeof nowMs === 'number' && nowMs >= 0 ? nowMs : undefined;
}
