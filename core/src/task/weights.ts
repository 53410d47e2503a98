/**
 * The model's weights inside the state, in the order of the layer catalogue.
 *
 * Leaves to others: first values (initial-weights.ts), how a round changes them (train.ts).
 */
import { featureColumns } from '../data-schema/encode.js';
import type { TaskContext } from './context.js';
import { oneInput, type ModelInput } from '../model/nodes.js';
import { modelParameters, type Parameter } from '../model/parameters.js';
import type { Shape } from '../model/spec.js';
import { float32Of, type TaskState } from './tensors.js';

type Modelled = Pick<TaskContext, 'schema' | 'model'>;

/** What the model reads of one patient, without the batch. */
export function inputShape({ schema }: Pick<TaskContext, 'schema'>): Shape {
  return [featureColumns(schema).length];
}

export function modelInputs(context: Pick<TaskContext, 'schema'>): readonly ModelInput[] {
  return oneInput(inputShape(context));
}

export function parametersOf(context: Modelled): readonly Parameter[] {
  return modelParameters(context.model, modelInputs(context));
}

/** Errors: bug/STATE_UNEXPECTED if the state belongs to another model. */
export function weightsOf(context: Modelled, state: TaskState): readonly Float32Array[] {
  return parametersOf(context).map(({ name, size }) => float32Of(state, name, size));
}
