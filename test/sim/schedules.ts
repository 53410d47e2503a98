/**
 * Random schedules: from a number follow a network, crashes and power cuts at commits on every node; then every invariant is checked
 * on what was sent, logged and stored. A broken one throws with the number, from which the same run comes again.
 */
import {
  hex,
  peekStatement,
  type Bytes,
  type Envelope,
  type FromAgent,
  type JsonObject,
  type Leaf,
  type Manifest,
  type ParticipantState,
  type StudyState,
} from '@plexus/core';
import { simulate, type Simulated, type Watch } from '@plexus/sim';
import { manifest as whole } from '../core/audit/verify/study-log.ts';
import { HOSPITALS } from '../core/round/study.ts';
import { plainEngine } from '../core/task/plain-engine.ts';
import { LOG_SEED } from '../audit-log.ts';
import { fastSuite as suite } from '../fast-suite.ts';
import { leavesOf, plainSums, simulatedHospitals, START_MS } from './study.ts';

const SHORT: Readonly<Record<string, JsonObject>> = { train: { rounds: 1, localSteps: 2 } };
/** Moments and one round of training. */
const manifest: Manifest = {
  ...whole,
  tasks: whole.tasks
    .slice(0, 2)
    .map((task) => ({ ...(task as JsonObject), ...SHORT[(task as JsonObject)['kind'] as string] })),
};
/** Their approvals end two hours after the start: by then nearly every network has let the study through. */
const hospitals = simulatedHospitals(manifest, START_MS - 22 * 3_600_000);
const plain = plainSums(suite, manifest);

export interface Counts {
  readonly schedules: number;
  readonly completed: number;
  /** Still waiting when the approvals ended. */
  readonly unapproved: number;
  readonly failed: Readonly<Record<string, number>>;
  readonly lost: Readonly<Record<string, number>>;
  readonly refusals: Readonly<Record<string, number>>;
  readonly sessions: number;
  readonly crashes: number;
  readonly cuts: number;
}

export const NO_COUNTS: Counts = {
  ...{ schedules: 0, completed: 0, unapproved: 0, failed: {}, lost: {}, refusals: {} },
  ...{ sessions: 0, crashes: 0, cuts: 0 },
};

/** Runs one schedule and adds to the counts. Throws at the first invariant that does not hold, naming the number. */
export async function runSchedule(number: number, counts: Counts): Promise<Counts> {
  try {
    return await run(number, counts);
  } catch (cause) {
    throw new Error(`schedule ${String(number)}: ${String(cause)}`, { cause });
  }
}

async function run(number: number, counts: Counts): Promise<Counts> {
  const seed = suite.sha256(new TextEncoder().encode(`schedule ${String(number)}`));
  const chance = (which: number): number => new DataView(seed.buffer).getUint16(2 * which) / 65536;
  const between = (which: number, low: number, high: number): number =>
    low * (high / low) ** chance(which); // evenly over orders of magnitude
  const network = {
    dropRate: chance(0) < 0.2 ? 0 : 0.06 * chance(1),
    duplicateRate: 0.3 * chance(2),
    minDelayMs: 1,
    maxDelayMs: Math.ceil(between(3, 5, 5_000)),
    reconnectMs: Math.ceil(between(4, 100, 200_000)),
  };
  const crashRate = chance(5) < 0.3 ? 0 : 0.012 * chance(6);
  const cutRate = chance(7) < 0.3 ? 0 : 0.03 * chance(8);
  const nodes = ['coordinator', ...HOSPITALS];
  const seen = watcher();
  let crashes = 0;
  let cuts = 0;
  const simulated = await simulate({
    ...{ suite, manifest, hospitals, logSeed: LOG_SEED, engine: plainEngine(), seed, network },
    startMs: START_MS,
    watch: seen.watch,
    crash(event, roll) {
      if (event < 20 || roll() >= crashRate) return undefined;
      crashes++;
      return nodes[Math.floor(roll() * nodes.length)];
    },
    power(_node, roll) {
      if (roll() >= cutRate) return undefined;
      cuts++;
      return roll() < 0.5 ? 'before' : 'after';
    },
  });
  const broken = [...seen.broken(), ...brokenBy(simulated)];
  if (broken.length > 0) throw new Error(broken.join('; '));
  return added(counts, simulated, crashes, cuts);
}

function brokenBy(simulated: Simulated): readonly string[] {
  const { state, model } = simulated;
  const log = leavesOf(simulated);
  const broken: string[] = [];
  const isOver = ['completed', 'failed', 'cancelled'].includes(state.phase);
  if (!isOver && !isUnapproved(simulated)) broken.push(`the study stops in phase ${state.phase}`);
  if (state.phase === 'failed' && state.code === undefined) broken.push('it fails without a code');
  if (hex(model) !== hex(plain(log))) broken.push('a sum is not the sum over its survivors');
  for (const leaf of log)
    if (leaf.type === 'round.aggregated') broken.push(...brokenArchive(leaf, simulated.blob));
  return broken;
}

/** Nobody may take part any more, and nobody here signs again. */
function isUnapproved({ state, endMs }: Simulated): boolean {
  return (
    'decisions' in state && state.decisions.every(({ expiresMs }) => (expiresMs ?? 0) <= endMs)
  );
}

/** I3: of a survivor its b and nothing else, of a hospital lost after sharing its s and nothing else. */
function brokenArchive(
  { data }: Leaf,
  blob: (digest: string) => Bytes | undefined,
): readonly string[] {
  const bytes = blob(data['secrets_sha256'] as string);
  if (bytes === undefined) return ['an archive is absent'];
  const { secrets } = JSON.parse(new TextDecoder().decode(bytes)) as {
    readonly secrets: readonly { readonly hospital: number; readonly kind: string }[];
  };
  const survivors = data['survivors'] as readonly number[];
  const owners = secrets.map(({ hospital }) => hospital);
  const isOnce = new Set(owners).size === owners.length;
  const isRight = secrets.every(
    ({ hospital, kind }) => kind === (survivors.includes(hospital) ? 'b' : 's'),
  );
  const isWhole = survivors.every((survivor) => owners.includes(survivor));
  return isOnce && isRight && isWhole ? [] : ['an archive holds a wrong kind of secret'];
}

interface Watcher {
  readonly watch: Watch;
  readonly broken: () => readonly string[];
}

const STATEMENTS = {
  advertise: 'advertise',
  share: 'share',
  masked: 'masked',
  agreement: 'agree',
  release: 'unmask',
} as const;

function watcher(): Watcher {
  const broken: string[] = [];
  /** The one payload of each (kind, session, hospital). */
  const payloads = new Map<string, string>();
  /** Where each session key and each vector was used. */
  const used = new Map<string, string>();
  /** Which kind of a dealer's shares anybody gave away, by session. */
  const given = new Map<string, 'b' | 's'>();
  const phases = new Map<string, Step>();

  function once(map: Map<string, string>, key: string, value: string, what: string): void {
    const before = map.get(key);
    if (before !== undefined && before !== value) broken.push(`${what} (${key})`);
    map.set(key, value);
  }

  function sent(hospital: string, message: FromAgent): void {
    if (!(message.kind in STATEMENTS)) return;
    const { session, envelope } = message as { readonly session: string; envelope: Envelope };
    const where = `${session.slice(0, 8)} ${hospital}`;
    once(payloads, `${message.kind} ${where}`, envelope.payload, 'two statements of one kind');
    if (message.kind === 'advertise') {
      const { cPublic, sPublic } = bodyOf('advertise', envelope);
      for (const key of [cPublic, sPublic]) once(used, key, where, 'a session key used twice');
    }
    if (message.kind === 'masked')
      once(used, bodyOf('masked', envelope).vectorHash, where, 'one masked vector twice');
    if (message.kind !== 'release') return;
    for (const { dealer, kind } of bodyOf('unmask', envelope).shares) {
      const key = `${session} ${String(dealer)}`;
      if ((given.get(key) ?? kind) !== kind) broken.push(`both secrets of a hospital (${key})`);
      given.set(key, kind);
    }
  }

  function moved(node: string, next: Step): void {
    const before = phases.get(node);
    phases.set(node, next);
    if (before !== undefined && !isLegal(before, next))
      broken.push(`${node}: ${JSON.stringify(before)} → ${JSON.stringify(next)}`);
  }

  return {
    broken: () => broken,
    watch: {
      sent,
      studyMoved: (state) => {
        moved('coordinator', stepOfStudy(state));
      },
      hospitalMoved: (hospital, state) => {
        moved(hospital, stepOfHospital(state));
      },
    },
  };
}

function bodyOf<K extends 'advertise' | 'masked' | 'unmask'>(kind: K, envelope: Envelope) {
  const statement = peekStatement(kind, envelope);
  if (statement.kind === 'refused') throw new Error(`a statement that is none: ${kind}`);
  return statement.body;
}

interface Step {
  readonly phase: string;
  readonly session?: string;
  /** Place of the session's phase in its order; an abort is behind all. */
  readonly exchange?: number;
}

const AT_COORDINATOR = ['advertise', 'share', 'masked', 'agree', 'unmask', 'summing', 'aborted'];
const AT_HOSPITAL = ['advertised', 'shared', 'masked', 'agreed', 'released'];
const NEXT: Readonly<Record<string, readonly string[]>> = {
  absent: ['approval', 'offered'],
  approval: ['running', 'cancelled'],
  running: ['closing', 'cancelled'],
  closing: ['completed', 'failed', 'cancelled'],
  offered: ['approved', 'refused', 'ended'],
  approved: ['withdrawn', 'ended'],
};

function stepOfStudy(state: StudyState): Step {
  const { phase } = state;
  if (phase !== 'running' || state.current.phase !== 'session') return { phase };
  const { session } = state.current;
  return { phase, session: session.session, exchange: AT_COORDINATOR.indexOf(session.phase) };
}

function stepOfHospital(state: ParticipantState): Step {
  const { phase } = state;
  if (phase === 'absent' || state.session === undefined) return { phase };
  const { session } = state;
  return { phase, session: session.session, exchange: AT_HOSPITAL.indexOf(session.phase) };
}

/** One phase at a time, and a session that was left is never entered again. */
function isLegal(before: Step, next: Step): boolean {
  if (before.phase !== next.phase && !NEXT[before.phase]?.includes(next.phase)) return false;
  if (next.session === undefined) return true;
  const [from, to] = [before.exchange ?? 0, next.exchange ?? -1];
  if (next.session !== before.session) return to === 0;
  return to === from || to === from + 1 || AT_COORDINATOR[to] === 'aborted';
}

function added(counts: Counts, simulated: Simulated, crashes: number, cuts: number): Counts {
  const { state, refusals } = simulated;
  const log = leavesOf(simulated);
  const isFailed = state.phase === 'failed';
  const codes = isFailed ? [state.code ?? 'none'] : [];
  const drops = log
    .filter(({ type }) => type === 'round.hospital_dropped')
    .map(({ data }) => causeOf(data));
  return {
    schedules: counts.schedules + 1,
    completed: counts.completed + (state.phase === 'completed' ? 1 : 0),
    unapproved: counts.unapproved + (isFailed || state.phase === 'completed' ? 0 : 1),
    failed: tally(counts.failed, codes),
    lost: tally(counts.lost, drops),
    refusals: tally(counts.refusals, refusals),
    sessions: counts.sessions + log.filter(({ type }) => type === 'session.opened').length,
    crashes: counts.crashes + crashes,
    cuts: counts.cuts + cuts,
  };
}

function causeOf(data: JsonObject): string {
  return `${data['phase'] as string} ${data['cause'] as string}`;
}

function tally(
  before: Readonly<Record<string, number>>,
  names: readonly string[],
): Readonly<Record<string, number>> {
  const counts = { ...before };
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
