/**
 * The long work of a round: fetch the state, read the rows, train; then the machine learns that it is done, or why it cannot be.
 *
 * One at a time for each study: a newer offer calls the older work off. Nothing leaves here but a code (I9); the hospital's own lines say more.
 * Leaves to others: which round (core's round/participant), the computation (train.ts), rows and threads (ports).
 */
import {
  asPlexusError,
  encodeTensors,
  entryOf,
  hex,
  initialState,
  PlexusError,
  updateBytes,
  updateSecret,
  type Bytes,
  type Json,
  type StudyContext,
  type TrainWork,
} from '@plexus/core';
import type { Driver } from '@plexus/runtime/drive';
import { siteState } from './evidence.js';
import type { LocalData, Note } from './ports.js';
import type { StudyNow } from './party.js';
import { trainVector, type Trainer } from './train.js';
import type { CoordinatorLink } from './wire-port.js';

export interface TrainingOptions {
  readonly driver: () => Driver<TrainWork>;
  readonly data: LocalData;
  readonly trainer: Trainer;
  /** Resolves once there is one. */
  readonly link: () => Promise<CoordinatorLink>;
  readonly clock: () => number;
  readonly note: Note;
  /** A bug of ours: the program has to stop. */
  readonly onFailure: (error: PlexusError) => void;
}

export interface Trainings {
  /** Begins the work in the background. */
  readonly begin: (machine: string, study: StudyNow, work: TrainWork) => void;
  /** Calls off what a study does: it has ended, or this hospital has left it. */
  readonly callOff: (machine: string) => void;
  /** Resolves when nothing runs. */
  readonly settled: () => Promise<void>;
}

/** States grow by scaling constants and names after the first task: a coordinator that sends more than this sends something else. */
const SLACK_BYTES = 1 << 20;

export function createTrainings(options: TrainingOptions): Trainings {
  const { data, trainer, clock, note } = options;
  const running = new Map<
    string,
    { readonly off: AbortController; readonly done: Promise<void> }
  >();

  async function run(
    machine: string,
    { context, self }: StudyNow,
    work: TrainWork,
    signal: AbortSignal,
  ): Promise<void> {
    const { round, attempt, position } = work;
    const name = `study ${context.manifest.study}, round ${String(round)}`;
    const feed = async (input: Json, words?: Uint32Array): Promise<void> => {
      if (signal.aborted) return;
      const secrets =
        words === undefined
          ? []
          : [{ name: updateSecret(context.manifest.study), bytes: updateBytes(words) }];
      const fed = await options.driver().feed(machine, input, { secrets });
      if (fed.kind !== 'rejected' || fed.code === 'ROUND_STALE') return; // the round may have gone on without it
      const text = `${name}: what was computed is refused: ${fed.code}`;
      note(text);
      if (fed.code === 'ENCODING_INVALID')
        options.onFailure(new PlexusError('STATE_UNEXPECTED', text));
    };
    try {
      note(`${name}: reading the patients and computing`);
      const state = await stateOf(context, work.model, signal);
      const { study, data: schema } = context.manifest;
      const approved = siteState(options.driver()).mappings[study];
      const { rows, cohort, mapping } = await data.load(study, schema, approved);
      const training = { study: context, position, rosterIndex: self, state, rows };
      const { engine, words, nonFinite } = await trainVector(trainer, training, signal);
      if (nonFinite > 0)
        note(`${name}: ${String(nonFinite)} values were no numbers and count as 0`);
      await feed(
        { kind: 'trained', round, attempt, engine, mapping, cohort, nowMs: clock() },
        words,
      );
    } catch (thrown) {
      if (signal.aborted) return;
      const error = asPlexusError(thrown, 'STATE_UNEXPECTED');
      note(`${name}: this hospital cannot take part: ${error.code}: ${error.message}`);
      await feed({ kind: 'unable', round, attempt, code: error.code, nowMs: clock() });
      if (entryOf(error.code).fault === 'bug') options.onFailure(error);
    }
  }

  /** The first state follows from the manifest; every other is fetched under the digest that the log has. */
  async function stateOf(study: StudyContext, digest: string, signal: AbortSignal): Promise<Bytes> {
    const { suite, manifest, model, studySeed } = study;
    const first = encodeTensors(initialState(suite, { schema: manifest.data, model, studySeed }));
    if (hex(suite.sha256(first)) === digest) return first;
    const link = await options.link();
    return link.download(digest, 2 * first.length + SLACK_BYTES, signal);
  }

  return {
    begin(machine, study, work) {
      running.get(machine)?.off.abort();
      const off = new AbortController();
      const done = run(machine, study, work, off.signal).catch((thrown: unknown) => {
        options.onFailure(asPlexusError(thrown, 'STATE_UNEXPECTED'));
      });
      running.set(machine, { off, done });
    },
    callOff(machine) {
      running.get(machine)?.off.abort();
    },
    async settled() {
      await Promise.all([...running.values()].map(({ done }) => done));
    },
  };
}
