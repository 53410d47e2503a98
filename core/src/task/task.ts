/**
 * The three questions every task answers: which named numbers are summed (layoutOf), what a hospital adds (contribute), what the sum
 * changes (advance). And the state that a study starts from.
 *
 * `advance` uses + − × ÷ √ and Math.fround only, in a fixed order, so that an auditor gets the same bytes (audit-log.md section 11).
 * Leaves to others: each kind's arithmetic (moments.ts, train.ts, evaluate.ts), the round around it (round/).
 */
import type { Bytes } from '../base/bytes.js';
import type { Suite } from '../base/suite.js';
import type { DataSchema } from '../data-schema/schema.js';
import type { ModelSpec } from '../model/spec.js';
import type { Section, SectionValues } from '../secagg/layout.js';
import type { Advanced, LocalContext, LocalRows, Sums, TaskContext } from './context.js';
import type { TrainingEngine } from './engine-port.js';
import { advanceEvaluation, contributeEvaluation, evaluateLayout } from './evaluate.js';
import { initialWeights } from './initial-weights.js';
import { advanceMoments, contributeMoments, momentsLayout } from './moments.js';
import { publicScalingTensors } from './scaling.js';
import type { TaskState } from './tensors.js';
import { advanceTraining, contributeTraining, trainLayout } from './train.js';
import { modelInputs } from './weights.js';

/** What the first state follows from; sections of the manifest. */
export interface StudyStart {
  readonly schema: DataSchema;
  readonly model: ModelSpec;
  /** 32 bytes. */
  readonly studySeed: Bytes;
}

/** Initial weights, and the scaling constants if the schema fixes them all. */
export function initialState(suite: Suite, start: StudyStart): TaskState {
  const { schema, model, studySeed } = start;
  const weights = initialWeights(suite, studySeed, model, modelInputs(start));
  return [...weights, ...(publicScalingTensors(schema) ?? [])];
}

/** The sections of a round's vector, check words left out: makeLayout appends them. */
export function layoutOf(context: TaskContext): readonly Section[] {
  const { task } = context;
  switch (task.kind) {
    case 'moments':
      return momentsLayout(context);
    case 'train':
      return trainLayout({ ...context, task });
    case 'evaluate':
      return evaluateLayout(context);
  }
}

/**
 * This hospital's values, one per section of layoutOf.
 *
 * Errors   operator/NON_FINITE_UPDATE, operator/VALUE_OUT_OF_RANGE; bug/STATE_UNEXPECTED if state and manifest do not fit.
 * Secret   rows and the result.
 */
export function contribute(
  context: LocalContext,
  state: TaskState,
  rows: LocalRows,
  engine: TrainingEngine,
): SectionValues {
  const { task } = context;
  switch (task.kind) {
    case 'moments':
      return contributeMoments(context, rows);
    case 'train':
      return contributeTraining({ ...context, task }, state, rows, engine);
    case 'evaluate':
      return contributeEvaluation(context, state, rows, engine);
  }
}

/** The next state out of the decoded sums. Errors: operator/WEIGHT_SUM_ZERO; bug/STATE_UNEXPECTED. */
export function advance(context: TaskContext, state: TaskState, sums: Sums): Advanced {
  const { task } = context;
  switch (task.kind) {
    case 'moments':
      return advanceMoments(context, state, sums);
    case 'train':
      return advanceTraining({ ...context, task }, state, sums);
    case 'evaluate':
      return advanceEvaluation(context, state, sums);
  }
}

/** How many rounds a task has when nothing goes wrong. */
export function roundsOf(task: TaskContext['task']): number {
  return task.kind === 'train' ? task.rounds : 1;
}
