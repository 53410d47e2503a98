/**
 * The coordinator: the machines, and what feeds them: agents, authors, the clock, finished sums.
 *
 * Nothing here decides about a round; it carries inputs in and messages out. Source: docs/protocol.md; audit-log.md sections 7 and 8.
 * Leaves to others: the machines (federation.ts, core), files and sockets (cli/ hands them in as Surroundings).
 */
import {
  asPlexusError,
  fromUtf8,
  hex,
  manifestBytes,
  manifestDigest,
  PlexusError,
  type Bytes,
  type SessionWork,
} from '@plexus/core';
import type { Transitioned } from '@plexus/runtime/drive';
import { admission, type Admission } from './admission.js';
import { agentsPort } from './agents.js';
import { createMachines, type Course } from './machines.js';
import { connectedPeers } from './peers.js';
import type { BundleEntry, CallerKind, CoordinatorApp, Refusal, StudyView } from './ports.js';
import { dealtReleases } from './releases.js';
import { keptBytes, summedVectors, sumSession } from './round-sums.js';
import { studyDesk, studyView } from './studies.js';
import { eachEvent, type StudyEventRow } from './study-events.js';
import type { Surroundings } from './surroundings.js';
import { agentUploads } from './uploads.js';

/** L5: refusals become one leaf this often. */
const REFUSALS_MS = 60_000;
/** D6. */
const PUBLISH_MS = 10_000;
/** After a start, hospitals are given this long to come back before a round goes on without them. */
const RETURN_MS = 35_000;

export interface Status {
  readonly federation: string;
  readonly members: readonly {
    readonly kind: CallerKind;
    readonly id: string;
    readonly connected: boolean;
  }[];
  readonly studies: readonly (StudyView & { readonly step: string })[];
  readonly log: {
    readonly origin: string;
    readonly size: number;
    /** The newest published checkpoint; empty if there is none. */
    readonly checkpoint: string;
  };
}

export interface Coordinator extends Pick<Admission, 'invite' | 'remove'> {
  readonly app: CoordinatorApp;
  /** Replays, writes the first leaf of a new log, and goes on with what was open. Errors: environment/REPLAY_MISMATCH. */
  start(): Promise<void>;
  /** Deadlines, publication, counters: to be called about once a second. */
  tick(): Promise<void>;
  status(): Promise<Status>;
  /** Records the export for the recipient, an actor id, then yields the files of the evidence bundle. */
  exportFor(recipient: string, profile: 'log' | 'full'): AsyncIterable<BundleEntry>;
  /** Publishes what is committed and closes the store. */
  close(): Promise<void>;
}

export function createCoordinator(around: Surroundings): Coordinator {
  const { suite, store, log, clock, random, say } = around;
  /** Seq of each study's `model.released`. */
  const releases = new Map<string, number>();
  /** Studies being ticked; true when one more tick is due. */
  const ticking = new Map<string, boolean>();
  let waiting: (() => void)[] = [];
  let size = 0;
  let startMs = 0;
  let publishedSize = -1;
  let publishedMs = 0;
  let refusedMs = clock();

  const machines = createMachines(around, {
    dispatch: (delivery) => {
      peers.dispatch(delivery);
    },
    publish,
    onWork: (study, { session }) => {
      background(sum(study, session));
    },
    onTransition,
  });
  const { driver, feedFederation } = machines;
  const peers = connectedPeers({
    clock,
    kept: (digest) => keptBytes(store, digest),
    evidence: async (message, seq, from) =>
      await log.evidence(seq, from, await log.behind(message, seq)),
    acknowledge: driver.acknowledge,
    onFailure: fail,
  });
  const uploads = agentUploads(around, {
    states: machines.studies,
    vectorBytes: (course) => machines.settings(course).setting(course.position).vectorBytes,
  });
  const members = admission(around, machines);

  function fail(thrown: unknown): void {
    around.onFailure(asPlexusError(thrown, 'STATE_UNEXPECTED'));
  }

  /** Work that nobody waits for. A driver that has failed has said so itself, and refuses whatever comes. */
  function background(task: Promise<unknown>): void {
    task.catch((thrown: unknown) => {
      if (!(thrown instanceof PlexusError) || thrown.code !== 'STORE_FAILED') fail(thrown);
    });
  }

  function onTransition(
    { machine, seq, effects }: Transitioned<SessionWork>,
    event: StudyEventRow | undefined,
  ): void {
    size = seq + 1;
    peers.retract(effects.flatMap((effect) => (effect.kind === 'retract' ? [effect.topic] : [])));
    if (event !== undefined) {
      const { study, kind } = event;
      say(lineOf(event));
      if (kind === 'released') releases.set(study, seq);
      if (kind === 'aborted' || kind === 'ended') background(dropUploads(study));
    }
    for (const wake of waiting) wake();
    waiting = [];
    if (machine.startsWith('study/')) background(tickStudy(machine.slice('study/'.length)));
  }

  function changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        signal.removeEventListener('abort', wake);
        resolve();
      };
      waiting.push(wake);
      signal.addEventListener('abort', wake, { once: true });
    });
  }

  async function dropUploads(study: string): Promise<void> {
    const course = machines.study(study);
    if (course !== undefined) await uploads.settle(study, rosterOf(course), []);
  }

  /** Ticks until nothing more follows; a call meanwhile asks for one more. */
  async function tickStudy(study: string): Promise<void> {
    const isBusy = ticking.has(study);
    ticking.set(study, true);
    if (isBusy) return;
    try {
      while (ticking.get(study) === true) {
        ticking.set(study, false);
        const nowMs = clock();
        const present = presentFor(study, nowMs);
        const graceMs = startMs + RETURN_MS;
        const input = { kind: 'tick', nowMs, present, random: hex(random(32)), graceMs } as const;
        await machines.feedStudy(study, input);
      }
    } finally {
      ticking.delete(study);
    }
    const course = machines.study(study);
    if (course?.phase === 'completed') await release(course);
  }

  function presentFor(study: string, nowMs: number): readonly string[] {
    const course = machines.study(study);
    const trains = course?.phase === 'running' && course.current.phase === 'ready';
    // they have not left: we have, and their links come back one by one
    return trains && nowMs < startMs + RETURN_MS ? rosterOf(course) : peers.present(nowMs);
  }

  function tickAll(): void {
    for (const { phase, manifest } of machines.studies())
      if (phase === 'running' || phase === 'closing') background(tickStudy(manifest.study));
  }

  async function sum(study: string, session: string): Promise<void> {
    const course = machines.study(study);
    if (course?.phase !== 'running' || course.current.phase !== 'session') return;
    const input = await sumSession(around, machines.settings(course), course, session);
    if (input === undefined) return;
    // before the transition: a crash in between repeats the sum, and what is archived is no longer taken for an upload
    const summed = summedVectors(course.current.session);
    if (input.result.kind === 'sum') await uploads.settle(study, rosterOf(course), summed);
    await machines.feedStudy(study, input);
  }

  /** Puts the final model of a completed study into the log, once. */
  async function release({ manifest: { study }, model }: Course): Promise<void> {
    if (machines.federation().released[study] !== undefined) return;
    let roundLeaf: number | undefined;
    await eachEvent(store, (event, seq) => {
      if (event.study === study && event.kind === 'aggregated') roundLeaf = seq;
    });
    if (roundLeaf === undefined) return;
    await feedFederation({ kind: 'release', study, model, roundLeaf, nowMs: clock() });
  }

  async function publish(): Promise<{ readonly size: number }> {
    const published = await log.publish();
    publishedSize = published.size;
    publishedMs = clock();
    return published;
  }

  async function flushRefusals(): Promise<void> {
    refusedMs = clock();
    const items = driver.takeRefusals();
    if (items.length > 0) await feedFederation({ kind: 'refusals', items, nowMs: clock() });
  }

  async function* exportFor(
    recipient: string,
    profile: 'log' | 'full',
  ): AsyncIterable<BundleEntry> {
    await flushRefusals();
    await feedFederation({ kind: 'export', profile, to: size, recipient, nowMs: clock() });
    await publish();
    yield* log.bundle(profile, (sha256) => Promise.resolve(manifestOf(sha256)));
  }

  function manifestOf(sha256: string): Bytes | undefined {
    const found = machines
      .studies()
      .find(({ manifest }) => manifestDigest(suite, manifest) === sha256);
    return found === undefined ? undefined : manifestBytes(found.manifest);
  }

  const app: CoordinatorApp = {
    refuses: members.refuses,
    enrol: members.enrol,
    renew: members.renew,
    recordRefusal(refusal) {
      const kind = refusal.kind === 'tls' ? 'login' : refusal.kind;
      driver.refuse({ kind, peer: actorOf(refusal), code: refusal.code });
      say(`refused ${refusal.peer}: ${refusal.code}`);
    },
    exportBundle({ kind, id }, profile, study) {
      if (study !== undefined)
        throw new PlexusError(
          'EXTRACT_NOT_OFFERED',
          'bundle: expected to be asked for all studies',
        );
      return exportFor(`${kind}/${id}`, profile);
    },
    agents: agentsPort({
      ...{ around, machines, peers, uploads },
      releases: dealtReleases(store, machines),
      logSize: () => size,
      onArrival: tickAll,
    }),
    blobs: uploads.port,
    studies: studyDesk(around, {
      ...machines,
      releaseLeaf: (study) => releases.get(study),
      changed,
    }),
  };

  return {
    app,
    invite: members.invite,
    remove: members.remove,
    exportFor,
    async start() {
      startMs = clock();
      size = (await store.tree()).size;
      await driver.start();
      await eachEvent(store, ({ kind, study }, seq) => {
        if (kind === 'released') releases.set(study, seq);
      });
      const { system, version, build_sha256 } = around.source;
      const software = { package: system, version, build_sha256 };
      const genesis = { origin: log.origin, vkey: log.vkey, software, nowMs: clock() };
      if (size === 0) await feedFederation({ kind: 'genesis', ...genesis });
      await feedFederation({ kind: 'tick', nowMs: clock() }); // leaves of keys that a crash cut off
      await publish();
      for (const course of machines.studies())
        if (course.phase === 'completed') await release(course);
      tickAll();
    },
    async tick() {
      const nowMs = clock();
      tickAll();
      if (nowMs >= refusedMs + REFUSALS_MS) await flushRefusals();
      if (size > publishedSize && nowMs >= publishedMs + PUBLISH_MS) await publish();
    },
    status() {
      const { origin } = log;
      return Promise.resolve({
        federation: around.federation,
        members: machines.federation().members.map(({ kind, id }) => ({
          ...{ kind, id },
          connected: kind === 'hospital' && peers.isConnected(id),
        })),
        studies: machines
          .studies()
          .map((one) => ({ ...studyView(around, one), step: stepOf(one) })),
        log: { origin, size, checkpoint: fromUtf8(log.head()?.note ?? new Uint8Array()) },
      });
    },
    async close() {
      await flushRefusals();
      await driver.settled();
      await publish();
      await store.close();
    },
  };
}

function rosterOf(course: Course): readonly string[] {
  return course.manifest.roster.map(({ hospital }) => hospital);
}

/** An actor id for the log; an address never gets there. */
function actorOf({ peer }: Refusal): string {
  return /^(hospital|researcher|auditor|operator)\/[a-z0-9-]{1,64}$/.test(peer) ? peer : 'unknown';
}

/** Where a study stands, in a few words. */
function stepOf(course: Course): string {
  if (course.phase !== 'running') return course.phase;
  const { current, round } = course;
  const phase = current.phase === 'session' ? current.session.phase : current.phase;
  return `round ${String(round)} ${phase}`;
}

function lineOf({ study, kind, round, attempt, phase, hospitals, code }: StudyEventRow): string {
  const again = attempt > 1 ? `.${String(attempt)}` : '';
  const where = round === 0 ? '' : ` round ${String(round)}${again}`;
  const words = [kind, phase, ...hospitals, code ?? ''].filter((word) => word !== '');
  return `${study}:${where} ${words.join(' ')}`;
}
