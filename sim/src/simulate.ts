/**
 * A whole federation in one process: a coordinator and its hospitals over a seeded network, with drivers, stores, logs and proofs as real
 * as in the programs. The same seed gives the same schedule, the same log and the same model.
 *
 * Source: architecture.md (sim/). Leaves to others: TLS, files, people (the programs).
 */
import {
  hex,
  leafHash,
  PlexusError,
  type Bytes,
  type Code,
  type Envelope,
  type FromAgent,
  type LocalRows,
  type Manifest,
  type ParticipantState,
  type StudyState,
  type Suite,
  type TrainingEngine,
} from '@plexus/core';
import type { Delivery } from '@plexus/runtime/drive';
import { createCoordinatorNode, type CoordinatorNode } from './coordinator-node.js';
import { createHospitalNode, type HospitalNode } from './hospital-node.js';
import {
  checkNetwork,
  createDice,
  createLine,
  createSchedule,
  type Line,
  type NetworkRules,
} from './network.js';
import { createDisk, type Disk } from './node.js';

export interface SimulatedHospital {
  readonly hospital: string;
  readonly rows: LocalRows;
  /** Seed of the identity key. Secret. */
  readonly identity: Bytes;
  /** The steward's signed approval. */
  readonly approval: Envelope;
}

export interface Simulation {
  readonly suite: Suite;
  readonly manifest: Manifest;
  readonly hospitals: readonly SimulatedHospital[];
  readonly engine: TrainingEngine;
  /** Seed of the log's key; the manifest pins its public half. Secret. */
  readonly logSeed: Bytes;
  /** 32 bytes: every delay, loss and crash follows from it. */
  readonly seed: Bytes;
  readonly network: NetworkRules;
  readonly startMs: number;
  /** Asked before every event: who dies now, and comes back after the network's reconnectMs. */
  readonly crash?: (event: number, roll: () => number) => string | undefined;
  /** Asked at every commit of a node: whether its power goes, and on which side of the write. It comes back like a crashed one. */
  readonly power?: (node: string, roll: () => number) => 'before' | 'after' | undefined;
  readonly watch?: Partial<Watch>;
  /** Errors: environment/SIMULATION_ENDLESS after so many events. */
  readonly maxEvents?: number;
}

/** What tests see of a run besides its outcome. */
export interface Watch {
  /** Every message that a hospital gives to its line, lost ones and repetitions included. */
  readonly sent: (hospital: string, message: FromAgent) => void;
  readonly studyMoved: (state: StudyState) => void;
  readonly hospitalMoved: (hospital: string, state: ParticipantState) => void;
}

export interface Simulated {
  /** Of a study that is over, or that waits although nothing is left to happen: for people, if the machine is right. */
  readonly state: StudyState;
  readonly endMs: number;
  /** Canonical bytes of the newest state. */
  readonly model: Bytes;
  readonly leaves: readonly Bytes[];
  /** Hash over the schedule and over the log. */
  readonly digest: string;
  readonly events: number;
  /** Codes with which messages were refused, in order. */
  readonly refusals: readonly Code[];
  /** What the coordinator stores under a digest: vectors, models, the revealed secrets of a round. */
  readonly blob: (digest: string) => Bytes | undefined;
}

const COORDINATOR = 'coordinator';
const MAX_EVENTS = 100_000;
/** A person looks again after so long; sooner, and crashes by event would leave the others no time to run. */
const DECIDING_MS = 1_000;
const TRAINING_MS = 50;

export async function simulate(simulation: Simulation): Promise<Simulated> {
  const { suite, manifest, hospitals, seed, network } = simulation;
  checkNetwork(network);
  const schedule = createSchedule(simulation.startMs);
  const dice = createDice(suite, seed);
  const { watch } = simulation;
  let isRunning = false;
  /** Whose power is gone. */
  let dark: string | undefined;
  const diskOf = (node: string): Disk =>
    createDisk(suite, () => {
      const gone = isRunning ? simulation.power?.(node, dice.next) : undefined;
      if (gone !== undefined) dark = node;
      return gone;
    });
  const disk = diskOf(COORDINATOR);
  const disks = new Map(hospitals.map(({ hospital }) => [hospital, diskOf(hospital)] as const));
  const refusals: Code[] = [];
  const nodes = new Map<string, HospitalNode>();
  const lines = new Map<string, Line>();
  let coordinator: CoordinatorNode | undefined;
  let tickAt: number | undefined;

  const note = (code: Code | undefined): Code | undefined => {
    if (code !== undefined) refusals.push(code);
    return code;
  };

  function toHospital(delivery: Delivery): void {
    const name = delivery.to.slice('hospital/'.length);
    const line = lines.get(name);
    const { kind } = delivery.message as { readonly kind: string };
    line?.send('to-hospital', `${kind} ${String(delivery.id)}`, async () => {
      const node = nodes.get(name);
      if (node === undefined || coordinator === undefined) return;
      const message = await coordinator.message(delivery, node.head()?.size ?? 0);
      const code = note(await node.received(message));
      schedule.at(schedule.now() + TRAINING_MS, `${name} trains`, async () => {
        await nodes.get(name)?.work();
      });
      line.send('to-coordinator', `answer ${String(delivery.id)}`, async () => {
        await coordinator?.answered(name, delivery, code);
        look();
      });
    });
  }

  function toCoordinator(name: string, delivery: Delivery): void {
    const line = lines.get(name);
    const node = nodes.get(name);
    const message = node?.message(delivery);
    if (message === undefined) return;
    watch?.sent?.(name, message);
    line?.send('to-coordinator', `${message.kind} ${String(delivery.id)}`, async () => {
      if (coordinator === undefined) return;
      note(await coordinator.received(name, message));
      look();
      line.send('to-hospital', `answer ${String(delivery.id)}`, async () => {
        await nodes.get(name)?.answered(delivery.id);
      });
    });
  }

  async function startCoordinator(): Promise<void> {
    coordinator = createCoordinatorNode({
      suite,
      manifest,
      disk,
      logSeed: simulation.logSeed,
      dice,
      clock: schedule.now,
      present: () => [...nodes.keys()].filter((name) => lines.get(name)?.isUp() === true).sort(),
      moved: (state) => watch?.studyMoved?.(state),
      dispatch: toHospital,
    });
    await coordinator.start();
  }

  async function startHospital({ hospital, rows, identity }: SimulatedHospital): Promise<void> {
    const own = disks.get(hospital);
    if (own === undefined) throw new PlexusError('STATE_UNEXPECTED', `${hospital}: has no disk`);
    const early: Delivery[] = [];
    const node = await createHospitalNode({
      ...{ suite, manifest, hospital, rows, identity, disk: own, dice },
      engine: simulation.engine,
      clock: schedule.now,
      model: (digest) => disk.blobs.get(digest),
      upload: disk.put,
      moved: (state) => watch?.hospitalMoved?.(hospital, state),
      dispatch: (delivery) => {
        if (nodes.get(hospital) === undefined) early.push(delivery);
        else toCoordinator(hospital, delivery);
      },
    });
    await node.start();
    nodes.set(hospital, node);
    for (const delivery of early) toCoordinator(hospital, delivery);
    await node.work();
  }

  /** A full tick now, and one when the next can change something. */
  function look(): void {
    schedule.at(schedule.now(), 'tick', async () => {
      await coordinator?.tick();
      const next = coordinator?.nextTickMs();
      if (next === undefined || (tickAt !== undefined && tickAt > schedule.now() && tickAt <= next))
        return;
      tickAt = next;
      schedule.at(next, 'look', () => {
        tickAt = undefined;
        look();
        return Promise.resolve();
      });
    });
  }

  function die(name: string): void {
    const later = schedule.now() + network.reconnectMs;
    if (name === COORDINATOR) {
      coordinator = undefined;
      for (const line of lines.values()) line.cut();
      schedule.at(later, 'coordinator starts again', async () => {
        await startCoordinator();
        // a line that came up in between carried what nobody heard
        for (const [name, line] of lines) if (line.isUp()) await nodes.get(name)?.connected();
        look();
      });
      return;
    }
    const of = hospitals.find(({ hospital }) => hospital === name);
    if (of === undefined || nodes.get(name) === undefined) return;
    nodes.delete(name);
    lines.get(name)?.cut();
    schedule.at(later, `${name} starts again`, async () => {
      await startHospital(of);
      await coordinator?.connected(name);
      look();
    });
  }

  for (const { hospital } of hospitals)
    lines.set(
      hospital,
      createLine(schedule, dice, network, hospital, async () => {
        if (nodes.has(hospital)) await coordinator?.connected(hospital);
        await nodes.get(hospital)?.connected();
        look();
      }),
    );
  await startCoordinator();
  for (const hospital of hospitals) await startHospital(hospital);
  await started()?.submit();
  for (const { hospital, approval } of hospitals) decideWhenOffered(hospital, approval);

  /** The steward signs once the study has arrived, and again if the power went before it was written. */
  function decideWhenOffered(name: string, approval: Envelope): void {
    schedule.at(schedule.now() + network.maxDelayMs + DECIDING_MS, `${name} decides`, async () => {
      const node = nodes.get(name);
      const phase = node?.state().phase ?? 'absent';
      if (phase === 'offered' || phase === 'absent') decideWhenOffered(name, approval);
      if (phase === 'offered') await node?.decide(approval);
    });
  }

  function started(): CoordinatorNode | undefined {
    return coordinator;
  }

  const isOver = (): boolean => {
    const phase = started()?.state().phase;
    return phase === 'completed' || phase === 'failed' || phase === 'cancelled';
  };
  /** The next event; whoever loses its power in it is dead afterwards. */
  async function stepOn(): Promise<boolean> {
    try {
      return await schedule.step();
    } catch (thrown) {
      const node = dark;
      if (node === undefined) throw thrown;
      dark = undefined;
      die(node);
      return true;
    }
  }

  const { maxEvents = MAX_EVENTS } = simulation;
  isRunning = true;
  let events = 0;
  for (; !isOver(); events++) {
    if (events === maxEvents)
      throw new PlexusError(
        'SIMULATION_ENDLESS',
        `simulation: not over after ${String(events)} events`,
      );
    const dies = simulation.crash?.(events, dice.next);
    if (dies !== undefined) die(dies);
    if (!(await stepOn())) break; // a study that waits for people: nobody here signs a second time
  }
  const over = started();
  const state = over?.state();
  if (state === undefined || state.phase === 'absent')
    throw new PlexusError('STATE_UNEXPECTED', 'simulation: expected a study at a coordinator');
  const { size } = await disk.store.tree();
  const leaves = await disk.store.entries(0, size);
  const digest = suite.sha256(
    new TextEncoder().encode(schedule.history.join('\n')),
    ...leaves.map((leaf) => leafHash(suite, leaf)),
  );
  const model = disk.blobs.get(state.model) ?? new Uint8Array();
  const blob = (named: string): Bytes | undefined => disk.blobs.get(named);
  return {
    state,
    endMs: schedule.now(),
    model,
    leaves,
    digest: hex(digest),
    events,
    refusals,
    blob,
  };
}
