/** Models and numbers for the tests of the live engines. */
import {
  modelParameters,
  oneInput,
  parseModel,
  type Loss,
  type ModelInput,
  type ModelSpec,
  type Shape,
} from '@plexus/core';

/** Parses what an author writes. The loss has its own idea of the last layer: here the last layer is a linear unit unless given. */
export function modelOf(
  layers: readonly object[],
  shape: Shape,
  loss: Loss = 'meanSquaredError',
): ModelSpec {
  const parsed = parseModel({ name: 'example', loss, layers }, oneInput(shape), 'model');
  if (parsed.kind === 'parsed') return parsed.model;
  throw new Error(JSON.stringify(parsed.problems));
}

/** Numbers in [−1, 1] without a pattern that a gradient could cancel. */
export function someNumbers(count: number, turn = 1): Float32Array {
  return Float32Array.from({ length: count }, (_, i) =>
    Math.sin(12.9898 * (i + 1) + 78.233 * turn),
  );
}

/** One array for each parameter; variances and slopes are above zero. */
export function someWeights(
  model: ModelSpec,
  inputs: readonly ModelInput[],
): readonly Float32Array[] {
  return modelParameters(model, inputs).map(({ name, size }, i) => {
    const values = someNumbers(size, i + 2);
    return /variance|gamma/.test(name) ? values.map((v) => 1 + v / 2) : values.map((v) => v / 2);
  });
}

export const LINEAR = { type: 'dense', units: 1 };
export const SGD = { kind: 'sgd', learningRate: '1' } as const;
