/** A small machine with real leaves, and a driver over it whose every outward act is recorded. */
import {
  reject,
  type Bytes,
  type Effect,
  type Json,
  type LeafDraft,
  type PlexusError,
  type Stepped,
} from '@plexus/core';
import { createDriver, type Driver, type Machine, type Store } from '@plexus/runtime/drive';
import { nodeSuite as suite } from '@plexus/suite';

export const ORIGIN = 'coord.example.org/plexus/onco';
export const NOW = Date.UTC(2026, 2, 2, 10);
export const SOURCE = {
  system: 'plexus-coordinator',
  version: '0.1.0',
  build_sha256: '00'.repeat(32),
  node: 'c1',
};

const LEAF: LeafDraft = {
  type: 'study.activated',
  action: 'U',
  outcome: 'success',
  actor: { kind: 'coordinator', id: 'coordinator', authn: 'local' },
  study: 'heart-07',
  data: { manifest_sha256: 'ab'.repeat(32) },
};

type State = { readonly count: number; readonly left: number; readonly works: boolean };
/** `count` sends one message to each of `to`; `work` waits for `done`; `wake` counts down by itself; the rest break a rule. */
export type Input = { readonly kind: string; readonly [field: string]: Json };
type Doing = Effect<Json, string>;

export function counter(id: string, addend = 1): Machine<string> {
  return {
    id,
    initial: { count: 0, left: 0, works: false },
    step: (state, input) => step(state as State, input as Input, addend),
    pendingWork: (state) => ((state as State).works ? ['sum'] : []),
  };
}

function step(state: State, input: Input, addend: number): Stepped<Json, Json, string> {
  const { count, left } = state;
  const next = (changed: Partial<State>, ...effects: readonly Doing[]) => ({
    state: { ...state, ...changed },
    effects: [{ kind: 'leaf', leaf: LEAF } as const, ...effects],
  });
  const messages = (hold: boolean): readonly Doing[] =>
    ((input['to'] ?? []) as readonly string[]).map((to) => ({
      ...{ kind: 'send', to, topic: input['topic'] as string, message: { count } },
      ...(hold ? { await: 'published' } : {}),
    }));
  const wake: readonly Doing[] = left > 1 ? [{ kind: 'wake' }] : [];
  switch (input.kind) {
    case 'count':
      return next({ count: count + addend }, ...messages(false));
    case 'offer':
      return next({ count: count + addend }, ...messages(true));
    case 'retract':
      return next({}, { kind: 'retract', topic: input['topic'] as string });
    case 'wipe':
      return next({}, { kind: 'wipe', prefix: input['prefix'] as string });
    case 'work':
      return next({ works: true }, { kind: 'work', work: 'sum' });
    case 'done':
      return next({ works: false });
    case 'wake':
      return next({ left: Number(input['left']) }, { kind: 'wake' });
    case 'tick':
      return left === 0 ? { state, effects: [] } : next({ left: left - 1 }, ...wake);
    case 'refused':
      return reject(state, 'PHASE_UNEXPECTED', { why: 'early' });
    case 'refused-and-changed':
      return { ...reject<State, Json, string>(state, 'PHASE_UNEXPECTED'), state: { count: -1 } };
    case 'without-leaf':
      return { state: { ...state, count: -1 }, effects: [] };
    default:
      return { state, effects: [] };
  }
}

export interface World {
  readonly driver: Driver<string>;
  /** What left the driver, in order: `send <id> to <peer>`, `work <machine> <work>`, `commit <seq>`. */
  readonly acts: string[];
  readonly failures: PlexusError[];
}

export interface WorldOptions {
  readonly store: Store;
  readonly publish?: () => Promise<{ readonly size: number }>;
  readonly addend?: number;
}

export function world({ store, publish, addend }: WorldOptions): World {
  const acts: string[] = [];
  const failures: PlexusError[] = [];
  let salts = 0;
  const watched: Store = {
    ...store,
    async commit(commit) {
      const committed = await store.commit(commit);
      acts.push(`commit ${String(committed.seq)}`);
      return committed;
    },
  };
  const driver = createDriver<string>({
    ...{ suite, store: watched, origin: ORIGIN, source: SOURCE },
    clock: () => NOW,
    random: (length): Bytes => new Uint8Array(length).fill(++salts),
    machine: (id) => (id.startsWith('study/') ? counter(id, addend) : undefined),
    dispatch: ({ id, to }) => acts.push(`send ${String(id)} to ${to}`),
    onWork: (machine, work) => acts.push(`work ${machine} ${work}`),
    records: ({ seq, input }) =>
      (input as Input).kind === 'count' ? [{ table: 'counts', row: { seq } }] : [],
    ...(publish === undefined ? {} : { publish }),
    onFailure: (error) => failures.push(error),
  });
  return { driver, acts, failures };
}

export async function started(options: WorldOptions): Promise<World> {
  const one = world(options);
  await one.driver.start();
  return one;
}
