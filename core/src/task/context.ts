/**
 * What every kind of task is given, and what it answers. One file a kind implements it; task.ts chooses.
 *
 * Source: architecture.md: a study is a task, a task is a sequence of rounds, a round is one secure sum of vectors.
 */
import type { Bytes } from '../base/bytes.js';
import type { Suite } from '../base/suite.js';
import type { DataSchema } from '../data-schema/schema.js';
import type { SecaggRules } from '../secagg/rules.js';
import type { ModelSpec } from '../model/spec.js';
import type { TaskSpec } from './spec.js';
import type { TaskState } from './tensors.js';

/** What coordinator, hospitals and auditor know alike: all of it follows from the manifest and the round's number. */
export interface TaskContext<T extends TaskSpec = TaskSpec> {
  readonly suite: Suite;
  readonly schema: DataSchema;
  readonly model: ModelSpec;
  readonly task: T;
  /** Position in the manifest's tasks, and the round within that task, both from 0. */
  readonly taskIndex: number;
  readonly roundInTask: number;
  readonly rules: Pick<SecaggRules, 'maxCohort' | 'wMax'>;
  /** 32 bytes. */
  readonly studySeed: Bytes;
}

/** The same, at one hospital. */
export interface LocalContext<T extends TaskSpec = TaskSpec> extends TaskContext<T> {
  readonly rosterIndex: number;
}

/**
 * A hospital's patients as checked columns: one per feature in schema order, then the target; NaN is a missing value.
 *
 * Secret   rows (I9): they stay in the memory of the hospital's process.
 */
export interface LocalRows {
  readonly training: readonly Float64Array[];
  readonly heldOut: readonly Float64Array[];
}

export type Sums = ReadonlyMap<string, Float64Array>;

/** What a round ends in. Metrics are canonical decimals, of the federation as a whole, of the model the round started from. */
export interface Advanced {
  readonly state: TaskState;
  readonly metrics: Readonly<Record<string, string>>;
  /** True if the task has no further round. */
  readonly done: boolean;
}
