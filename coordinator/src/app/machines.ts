/**
 * The coordinator's machines under one driver, with their types: `federation` and one `study/<id>` each.
 *
 * The driver knows states and inputs as JSON; the casts of this file are the one seam, and what passes it was written by this program.
 * Leaves to others: what is fed and when (coordinator.ts, agents.ts, studies.ts).
 */
import {
  PlexusError,
  settingsOf,
  studyId,
  studyMachine,
  type Json,
  type SessionWork,
  type StudyInput,
  type StudySettings,
  type StudyState,
} from '@plexus/core';
import {
  createDriver,
  type Delivery,
  type Driver,
  type Fed,
  type Machine,
  type Transitioned,
} from '@plexus/runtime/drive';
import type { FederationInput, FederationState, OpenFederation } from './federation-state.js';
import { FEDERATION_ID, federationMachine } from './federation.js';
import { EVENTS_TABLE, eventOf, type StudyEventRow } from './study-events.js';
import type { Surroundings } from './surroundings.js';

/** A study that was submitted. */
export type Course = Exclude<StudyState, { readonly phase: 'absent' }>;

export interface MachineHooks {
  readonly dispatch: (delivery: Delivery) => void;
  readonly publish: () => Promise<{ readonly size: number }>;
  readonly onWork: (study: string, work: SessionWork) => void;
  /** After the commit; `event` is what an author is told of it. */
  readonly onTransition: (
    transitioned: Transitioned<SessionWork>,
    event: StudyEventRow | undefined,
  ) => void;
}

export interface Machines {
  readonly driver: Driver<SessionWork>;
  /** Errors: environment/FEDERATION_ABSENT. */
  readonly federation: () => OpenFederation;
  readonly study: (id: string) => Course | undefined;
  readonly studies: () => readonly Course[];
  readonly settings: (course: Course) => StudySettings;
  readonly feedStudy: (id: string, input: StudyInput, peer?: string) => Promise<Fed<SessionWork>>;
  readonly feedFederation: (input: FederationInput, peer?: string) => Promise<Fed<SessionWork>>;
}

export function createMachines(around: Surroundings, hooks: MachineHooks): Machines {
  const { suite, store, clock, random } = around;
  const known = new Map<string, StudySettings>();

  const driver = createDriver<SessionWork>({
    ...{ suite, store, clock, random },
    origin: around.log.origin,
    source: around.source,
    machine(id) {
      if (id === FEDERATION_ID) return federationMachine(suite);
      if (studyOf(id) === undefined) return undefined;
      return { id, ...studyMachine(suite) } as unknown as Machine<SessionWork>;
    },
    dispatch: hooks.dispatch,
    publish: hooks.publish,
    records(transitioned) {
      const row = eventRow(transitioned);
      return row === undefined ? [] : [{ table: EVENTS_TABLE, row }];
    },
    onWork(machine, work) {
      hooks.onWork(studyOf(machine) ?? '', work);
    },
    onTransition(transitioned) {
      hooks.onTransition(transitioned, eventRow(transitioned));
    },
    onFailure: around.onFailure,
  });

  function study(id: string): Course | undefined {
    const state = driver.state(`study/${id}`) as unknown as StudyState | undefined;
    return state === undefined || state.phase === 'absent' ? undefined : state;
  }

  return {
    driver,
    federation() {
      const state = driver.state(FEDERATION_ID) as FederationState | undefined;
      if (state?.phase !== 'open')
        throw new PlexusError('FEDERATION_ABSENT', 'federation: expected its first leaf');
      return state;
    },
    study,
    studies: () => driver.machines().flatMap((id) => study(studyOf(id) ?? '') ?? []),
    settings(course) {
      const id = course.manifest.study;
      const settings = known.get(id) ?? settingsOf(suite, course.manifest);
      known.set(id, settings);
      return settings;
    },
    feedStudy: (id, input, peer = 'coordinator') =>
      driver.feed(`study/${id}`, input as unknown as Json, { peer }),
    feedFederation: (input, peer = 'operator') => driver.feed(FEDERATION_ID, input, { peer }),
  };
}

/** The study of a machine's id, or undefined. Peer-controlled. */
function studyOf(machine: string): string | undefined {
  if (!machine.startsWith('study/')) return undefined;
  try {
    return studyId(machine.slice('study/'.length));
  } catch {
    return undefined;
  }
}

function eventRow(transitioned: Transitioned<SessionWork>): StudyEventRow | undefined {
  const { machine, input, state } = transitioned;
  if (machine === FEDERATION_ID) return releasedRow(input as unknown as FederationInput);
  const course = state as unknown as StudyState;
  return course.phase === 'absent' ? undefined : eventOf(transitioned, course);
}

function releasedRow(input: FederationInput): StudyEventRow | undefined {
  if (input.kind !== 'release') return undefined;
  const { study, nowMs: timeMs } = input;
  const nothing = { round: 0, attempt: 0, phase: '', hospitals: [], metrics: [] };
  return { study, timeMs, kind: 'released', ...nothing };
}
