/**
 * Which losses predict which target, and how many outputs they need.
 *
 * Leaves to others: the last layer of each loss (model/parse.ts), labels (data-schema/target.ts).
 */
import type { Problem } from '../base/fields.js';
import type { Target } from '../data-schema/schema.js';
import { labelWidth } from '../data-schema/target.js';
import { modelShapes } from '../model/shapes.js';
import type { ModelInput } from '../model/nodes.js';
import type { Loss, ModelSpec } from '../model/spec.js';

const LOSSES: Readonly<Record<Target['type'], readonly Loss[]>> = {
  binary: ['binaryCrossentropy'],
  category: ['categoricalCrossentropy'],
  number: ['meanSquaredError', 'meanAbsoluteError', 'huber'],
  integer: ['meanSquaredError', 'meanAbsoluteError', 'huber', 'poisson'],
  'time-to-event': ['coxPartialLikelihood'],
};

/** Empty for a model that predicts this target. The model is one that parseModel gave. */
export function targetProblems(
  model: ModelSpec,
  inputs: readonly ModelInput[],
  target: Target,
  path: string,
): readonly Problem[] {
  const code = 'MODEL_INVALID';
  const losses = LOSSES[target.type];
  if (!losses.includes(model.loss)) {
    const text = `expected ${losses.join(', ')}, since the target is of type ${target.type}`;
    return [{ path: `${path}.loss`, code, text }];
  }
  if (model.loss === 'poisson' && target.type === 'integer' && Number(target.range[0]) < 0)
    return [{ path: `${path}.loss`, code, text: 'expected a target that is not negative' }];
  const [outputs = 0] = modelShapes(model, inputs).at(-1) ?? [];
  const expected = target.type === 'category' ? labelWidth(target) : 1;
  if (outputs === expected) return [];
  const text = `expected ${String(expected)} units, one for each value of ${target.name}; got ${String(outputs)}`;
  return [{ path: `${path}.layers[${String(model.layers.length - 1)}]`, code, text }];
}
