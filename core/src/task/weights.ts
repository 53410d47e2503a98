/**
 * The model's weights inside the state, in the order of the layer catalogue.
 *
 * Leaves to others: first values (layers.ts), how a round changes them (train.ts).
 */
import { featureColumns } from '../data-schema/encode.js';
import type { TaskContext } from './context.js';
import { modelParameters, type Parameter } from './layers.js';
import { float32Of, type TaskState } from './tensors.js';

type Modelled = Pick<TaskContext, 'schema' | 'model'>;

export function inputWidth({ schema }: Pick<TaskContext, 'schema'>): number {
  return featureColumns(schema).length;
}

export function parametersOf(context: Modelled): readonly Parameter[] {
  return modelParameters(context.model, inputWidth(context));
}

/** Errors: bug/STATE_UNEXPECTED if the state belongs to another model. */
export function weightsOf(context: Modelled, state: TaskState): readonly Float32Array[] {
  return parametersOf(context).map(({ name, size }) => float32Of(state, name, size));
}
