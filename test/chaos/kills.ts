/**
 * A study of real processes in which the coordinator and one agent die at chosen commits, each in a round of its own, and are started
 * again; afterwards what was signed is read from the evidence and from the agent's own database.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { openSqliteStore } from '@plexus/runtime';
import { peekStatement, readLeaf, type Leaf, type StatementKind } from '@plexus/core';
import { readOutboundRow } from '../../node-agent/src/app/outbound.ts';
import type { Status } from '../../coordinator/src/app/coordinator.ts';
import { ask } from '../../coordinator/src/cli/socket.ts';
import { folderAt } from '../../coordinator/src/config.ts';
import { approveStudy, type Federation } from '../../sim/demo/federation.ts';
import type { Processes, Running } from '../../sim/demo/processes.ts';
import { leavesOf, startSmall } from '../e2e/small-study.ts';
import { testPrograms } from './programs.ts';

export const AGENT = 'va';
export const AGENT_INDEX = 4;
export type Role = 'coordinator' | typeof AGENT;

/** Commits are counted from the leaf that begins a round there: the offer at the agent, the opened session at the coordinator. */
export interface Point {
  readonly role: Role;
  readonly commit: number;
  readonly side: 'before' | 'after';
}

export interface Reached {
  readonly round: number;
  readonly commit: number;
  readonly side: 'before' | 'after';
  /** Leaf of the commit, or `other`: acknowledgements, facts, signed heads. */
  readonly type: string;
  readonly killed: boolean;
}

export interface Played {
  readonly phase: string;
  readonly code: string | undefined;
  readonly rounds: number;
  readonly planned: number;
  readonly reached: Readonly<Record<Role, readonly Reached[]>>;
  readonly leaves: readonly Leaf[];
  /** Of the agent's own log. */
  readonly site: readonly Leaf[];
  /** `round what` of every row of the agent's ledger. */
  readonly ledger: readonly string[];
  readonly verified: boolean;
  /** What the killed processes said on stderr. */
  readonly said: string;
}

const BEGINS = { coordinator: 'session.opened', [AGENT]: 'round.offered' } as const;
const ROLES: readonly Role[] = ['coordinator', AGENT];
/** The first round and the last are the moments and the evaluation. */
const UNTOUCHED = 2;
const LOOK_MS = 100;
const PATIENCE_MS = 600_000;

/** Point number i is played in round i + 2. */
export async function play(points: readonly Point[]): Promise<Played> {
  let traceOf: (role: Role) => string = () => '';
  const small = await startSmall({
    trainingRounds: Math.max(1, points.length),
    localSteps: 2,
    deadlineMs: 20_000,
    programs: (logs, { dir }) => {
      traceOf = (role) => join(dir, `${role}.trace`);
      const plans = Object.fromEntries(
        ROLES.map((role) => {
          const own = points.flatMap((point, i) =>
            point.role === role ? [{ ...point, round: i + UNTOUCHED }] : [],
          );
          return [role, { begins: BEGINS[role], points: own, trace: traceOf(role) }] as const;
        }),
      );
      return testPrograms(logs, ['cleveland', 'hungarian', 'switzerland'], plans);
    },
  });
  const { processes, federation, root, close } = small;
  try {
    for (const role of ROLES) void keepAlive(processes, federation, role);
    await approveStudy(processes, root, federation, undefined);
    const study = await end(federation.places.coordinator);
    await processes.stopAll();
    const { places } = federation;
    const out = ['--out', places.evidence];
    await processes.run('bundle', 'plexus-coordinator', [
      'bundle',
      '--dir',
      places.coordinator,
      ...out,
    ]);
    const report = await processes.run('audit', 'plexus-audit', [
      'verify',
      places.evidence,
      '--json',
    ]);
    const { ok } = JSON.parse(report) as { readonly ok: boolean };
    const logs = join(places.dir, '..', 'logs');
    return {
      phase: study.phase,
      code: study.code,
      rounds: study.roundsDone,
      planned: study.roundsPlanned,
      reached: { coordinator: read(traceOf('coordinator')), [AGENT]: read(traceOf(AGENT)) },
      leaves: leavesOf(places.evidence),
      ...(await own(places.agent(AGENT))),
      verified: ok,
      said: ROLES.map((role) => readFileSync(join(logs, `${role}.log`), 'utf8')).join(''),
    };
  } finally {
    await close();
  }
}

/** Starts a process again whenever a signal has ended it. */
async function keepAlive(processes: Processes, federation: Federation, role: Role): Promise<void> {
  let running: Running | undefined = federation.servers.find(({ name }) => name === role)?.running;
  const { port, enrolPort, places } = federation;
  while (running !== undefined) {
    const status = await running.ended;
    if (processes.stopping() || status !== null) return; // a program that ends by itself is found missing
    running =
      role === 'coordinator'
        ? processes.start(role, 'plexus-coordinator', [
            ...['serve', '--dir', places.coordinator, '--listen', '127.0.0.1', '--json'],
            ...['--port', String(port), '--enrol-port', String(enrolPort)],
          ])
        : processes.start(role, 'plexus-agent', ['run', '--dir', places.agent(AGENT)]);
  }
}

async function end(coordinator: string): Promise<Status['studies'][number]> {
  const until = Date.now() + PATIENCE_MS;
  let last: Status['studies'][number] | undefined;
  while (Date.now() < until) {
    const answer = await ask(folderAt(coordinator).socket, { kind: 'status' }).catch(
      () => undefined,
    );
    last = (answer as Status | undefined)?.studies[0] ?? last;
    if (last?.phase === 'completed' || last?.phase === 'failed') return last;
    await pause(LOOK_MS);
  }
  throw new Error(`the study does not end: ${JSON.stringify(last)}`);
}

function read(trace: string): readonly Reached[] {
  if (!existsSync(trace)) return [];
  const lines = readFileSync(trace, 'utf8').trim().split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Reached);
}

async function own(dir: string): Promise<Pick<Played, 'site' | 'ledger'>> {
  const storeKey = new Uint8Array(32); // nothing sealed is read
  const store = openSqliteStore({ path: join(dir, 'agent.db'), mode: 'existing', storeKey });
  try {
    const { size } = await store.tree();
    const leaves = await store.entries(0, size);
    const rows = await store.records('outbound', 0, 1_000_000);
    return {
      site: leaves.flatMap((bytes) => {
        const one = readLeaf(bytes);
        return one.kind === 'leaf' ? [one.leaf] : [];
      }),
      ledger: rows.flatMap(({ row }) => {
        const one = readOutboundRow(row);
        return one === undefined ? [] : [`${String(one.round)} ${one.what}`];
      }),
    };
  } finally {
    await store.close();
  }
}

/** The points at which a process died. */
export function killedIn({ reached }: Played): readonly (Reached & { readonly role: Role })[] {
  return ROLES.flatMap((role) =>
    reached[role].filter(({ killed }) => killed).map((one) => ({ role, ...one })),
  );
}

const SIGNED: Readonly<Record<string, StatementKind>> = {
  'round.keys_advertised': 'advertise',
  'round.shares_distributed': 'share',
  'round.masked_update.received': 'masked',
  'round.survivors_agreed': 'agree',
};

/** `kind session sender` → every distinct payload that a log holds of it. */
export function statementsIn(leaves: readonly Leaf[]): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>();
  for (const leaf of leaves) {
    const kind = SIGNED[leaf.type];
    if (kind === undefined) continue;
    for (const envelope of leaf.signed) {
      const statement = peekStatement(kind, envelope);
      if (statement.kind === 'refused') continue; // the contribution beside M2
      const { session, sender } = statement.header;
      const key = `${kind} ${session} ${String(sender)}`;
      found.set(key, (found.get(key) ?? new Set<string>()).add(envelope.payload));
    }
  }
  return found;
}

/** `vector session hospital` and `M4 session hospital` → every distinct digest that a log holds; a site log's leaves are its own. */
export function digestsIn(
  leaves: readonly Leaf[],
  self?: number,
): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>();
  const add = (what: string, { session, data }: Leaf, digest: unknown): void => {
    const key = `${what} ${session ?? ''} ${JSON.stringify(data['hospital'] ?? self)}`;
    found.set(key, (found.get(key) ?? new Set<string>()).add(JSON.stringify(digest)));
  };
  for (const leaf of leaves) {
    const { type, data } = leaf;
    if (type === 'upload.sent') add('vector', leaf, data['sha256']);
    if (type === 'round.masked_update.received')
      add('vector', leaf, (data['upload'] as { readonly sha256: string }).sha256);
    if (type === 'unmask.answered' || type === 'round.unmask_answered')
      add('M4', leaf, data['answer_sha256']);
  }
  return found;
}
