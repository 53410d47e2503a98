/**
 * The `evaluate` task: the metrics of the current model on held-out patients, one round. The state stays as it is.
 *
 * Leaves to others: the arithmetic of metrics (metrics/).
 */
import type { Section, SectionValues } from '../secagg/layout.js';
import type { Advanced, LocalContext, LocalRows, Sums, TaskContext } from './context.js';
import type { TrainingEngine } from './engine-port.js';
import { examplesOf } from './examples.js';
import { metricSections, metricValues, readMetrics } from './metrics/metrics.js';
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
  return metricValues(context, engine, examplesOf(context, state, rows.heldOut));
}

export function advanceEvaluation(context: TaskContext, state: TaskState, sums: Sums): Advanced {
  return { state, metrics: readMetrics(context, sums), done: true };
}
