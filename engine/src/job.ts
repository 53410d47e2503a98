/**
 * What crosses between a program and its training threads: plain data and typed arrays, never a tensor.
 *
 * Leaves to others: the two ends (pool.ts, worker.ts).
 */
import type { Bytes, Code, LocalContext, LocalRows } from '@plexus/core';
import type { EngineName } from './provider.js';
import type { EngineChoice } from './select.js';

export interface TrainingJob {
  readonly engine: EngineChoice;
  readonly context: Omit<LocalContext, 'suite'>;
  /** Canonical bytes of the state (encodeTensors). */
  readonly state: Bytes;
  /** Secret: rows. They move between threads of one process, nowhere else (I9). */
  readonly rows: LocalRows;
}

export interface TrainingResult {
  /** Id of the engine that ran, `wasm/4.22.0`. */
  readonly engine: string;
  /** Values by section name. Secret until masked. */
  readonly values: ReadonlyMap<string, Float64Array>;
}

/** `check` brings an engine up and has it prove itself. */
export type WorkerTask =
  | { readonly kind: 'train'; readonly job: TrainingJob }
  | { readonly kind: 'check'; readonly engine: EngineName };

export type WorkerAnswer =
  | { readonly kind: 'done'; readonly result: TrainingResult }
  | { readonly kind: 'ready'; readonly engine: string }
  | { readonly kind: 'failed'; readonly code: Code; readonly text: string };
