/** Scores and labels of one hospital to the metrics that a federation of it alone would read. */
import type { Target, TrainingEngine } from '@plexus/core';
import {
  metricSections,
  metricValues,
  readMetrics,
} from '../../../../core/src/task/metrics/metrics.ts';
import { context, schema } from '../federation.ts';
import { plainEngine } from '../plain-engine.ts';

export function measure(
  target: Target,
  scores: readonly number[],
  labels: readonly number[],
): Readonly<Record<string, string>> {
  const engine: TrainingEngine = { ...plainEngine(), predict: () => Float32Array.from(scores) };
  const of = { ...context, schema: { ...schema, target } };
  const outputs = target.type === 'category' ? target.values.length : 1;
  const count = scores.length / outputs;
  const examples = { count, x: new Float32Array(0), y: Float32Array.from(labels) };
  const values = metricValues(of, engine, examples);
  for (const { name, length, clip } of metricSections(of)) {
    const given = values.get(name);
    if (given?.length !== length) throw new Error(`section ${name}: ${String(given?.length)}`);
    if (clip !== undefined && given.some((value) => Math.abs(value) > Number(clip)))
      throw new Error(`section ${name}: beyond its clip`);
  }
  return readMetrics(of, values);
}
