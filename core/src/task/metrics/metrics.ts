/**
 * Chooses the metrics that a target has, and gets the predictions they need.
 *
 * Leaves to others: the sums (the files beside this one).
 */
import { PlexusError } from '../../base/error.js';
import type { DataSchema } from '../../data-schema/schema.js';
import type { Section, SectionValues } from '../../secagg/layout.js';
import type { Sums, TaskContext } from '../context.js';
import type { TrainingEngine } from '../engine-port.js';
import type { Examples } from '../examples.js';
import { binaryMetrics } from './binary.js';
import { categoryMetrics } from './category.js';
import { numberMetrics } from './number.js';
import type { Metrics } from './sums.js';
import { survivalMetrics } from './survival.js';

type Measured = Pick<TaskContext, 'schema'>;

export function metricSections(context: TaskContext): readonly Section[] {
  return metricsOf(context.schema).sections(context);
}

/** This hospital's part of the sums. Errors: operator/NON_FINITE_UPDATE if the model predicts no number. Secret: the result. */
export function metricValues(
  { schema }: Measured,
  engine: TrainingEngine,
  { count, x, y }: Examples,
): SectionValues {
  const scores = count === 0 ? new Float32Array(0) : engine.predict(x, count);
  if (!scores.every((score) => Number.isFinite(score)))
    throw new PlexusError('NON_FINITE_UPDATE', 'metrics: a prediction is not finite');
  return metricsOf(schema).values({ count, scores, labels: y });
}

/** The federation's metrics out of the sums. Errors: bug/STATE_UNEXPECTED if a section is absent. */
export function readMetrics({ schema }: Measured, sums: Sums): Readonly<Record<string, string>> {
  return metricsOf(schema).read(sums);
}

function metricsOf({ target }: DataSchema): Metrics {
  switch (target.type) {
    case 'binary':
      return binaryMetrics;
    case 'category':
      return categoryMetrics(target.values.length);
    case 'number':
    case 'integer':
      return numberMetrics(target.range);
    case 'time-to-event':
      return survivalMetrics;
  }
}
