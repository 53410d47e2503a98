/**
 * Which layer feeds which: names and inputs of a model's layers, where an author leaves most of them out.
 *
 * Leaves to others: whether the names exist (parse.ts).
 */
import type { LayerSpec, ModelSpec, Shape } from './spec.js';

/** Name of the model's input where it has one. */
export const INPUT = 'input';

export interface ModelInput {
  readonly name: string;
  readonly shape: Shape;
}

/** The one input that a study's features make. */
export function oneInput(shape: Shape): readonly ModelInput[] {
  return [{ name: INPUT, shape }];
}

export function layerName(layer: LayerSpec, index: number): string {
  return layer.name ?? `layer${String(index)}`;
}

/** What a layer reads: names of model inputs or of earlier layers. */
export function layerInputs(
  { layers }: Pick<ModelSpec, 'layers'>,
  index: number,
): readonly string[] {
  const given = layers[index]?.inputs;
  if (given !== undefined) return given;
  const before = layers[index - 1];
  return [before === undefined ? INPUT : layerName(before, index - 1)];
}
