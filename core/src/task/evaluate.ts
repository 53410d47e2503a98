/**
 * The `evaluate` task: the metrics of the current model on held-out patients, one round. The state stays as it is.
 *
 * Leaves to others: the arithmetic of metrics (metrics.ts).
 */
import type { Section, SectionValues } from '../secagg/layout.js';
import type { Advanced, LocalContext, LocalRows, Sums, TaskContext } from './context.js';
import type { TrainingEngine } from './engine-port.js';
import { examplesOf, metricSections, metricValues, readMetrics } from './metrics.js';
import type { TaskState } from './tensors.js';
import { inputShape, weightsOf } from './weights.js';

export function evaluateLayout(context: TaskContext): readonly Section[] {
  return metricSections(context);
}

export function contributeEvaluation(
  context: LocalContext,
  state: TaskState,
  rows: LocalRows,
  engine: TrainingEngine,
): SectionValues {
  engine.load(context.model, inputShape(context));
  engine.setWeights(weightsOf(context, state));
  return metricValues(engine, examplesOf(context, state, rows.heldOut));
}

export function advanceEvaluation(state: TaskState, sums: Sums): Advanced {
  return { state, metrics: readMetrics(sums), done: true };
}
