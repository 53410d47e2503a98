/**
 * One round's local computation: rows and the state in, the words of this hospital's vector out. Nothing here leaves the hospital.
 *
 * Equal rows and state give equal words: batch orders and rounding follow from the study's seed, so an interrupted round is done again
 * and a retried session masks the same vector. Source: secure-aggregation.md section 7.
 * Leaves to others: loading rows (data/), threads and engines (engine/), masks (core).
 */
import {
  encodeVector,
  roundSetting,
  roundingSeed,
  type Bytes,
  type LocalContext,
  type LocalRows,
  type Problem,
  type ModelSpec,
  type Position,
  type StudyContext,
} from '@plexus/core';

/** The engine's pool, as the app sees it: `contribute` of core in a thread, so that the control stream stays alive meanwhile. */
export interface Trainer {
  /** What this hospital's engine cannot train: such a study is refused before anybody is asked. */
  problems(model: ModelSpec): readonly Problem[];
  run(
    job: {
      readonly context: Omit<LocalContext, 'suite'>;
      /** Canonical bytes of the state to start from. */
      readonly state: Bytes;
      readonly rows: LocalRows;
    },
    signal?: AbortSignal,
  ): Promise<{
    readonly engine: string;
    readonly values: ReadonlyMap<string, Float64Array>;
  }>;
}

export interface Training {
  readonly study: StudyContext;
  readonly position: Position;
  readonly rosterIndex: number;
  readonly state: Bytes;
  /** Secret. */
  readonly rows: LocalRows;
}

export interface TrainedVector {
  /** Id of the engine that ran, `wasm/4.22.0`. */
  readonly engine: string;
  /** Secret until masked. */
  readonly words: Uint32Array;
  /** Values that were no numbers and went in as 0. */
  readonly nonFinite: number;
}

/** Errors: those of the task (NON_FINITE_UPDATE, VALUE_OUT_OF_RANGE) and of the engine. */
export async function trainVector(
  trainer: Trainer,
  { study, position, rosterIndex, state, rows }: Training,
  signal?: AbortSignal,
): Promise<TrainedVector> {
  const { taskContext, layout } = roundSetting(study, position);
  const { suite, ...facts } = taskContext;
  const { engine, values } = await trainer.run(
    { context: { ...facts, rosterIndex }, state, rows },
    signal,
  );
  const update = { ...position, taskIndex: position.task, rosterIndex };
  const seed = roundingSeed(suite, study.studySeed, update);
  return { engine, ...encodeVector(suite, layout, study.rules.maxCohort, values, seed) };
}
