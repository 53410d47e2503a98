/**
 * What is known and refused: layers that no engine gives a right gradient, and layers that mix examples where privacy forbids it.
 *
 * Source: engine.md "What stock tfjs gets wrong", "Per-patient gradients". Leaves to others: options (options.ts).
 */
import type { Problem } from '../base/fields.js';
import { layerInputs, type ModelInput } from './nodes.js';
import { layerParameters } from './parameters.js';
import { shapedLayers } from './shapes.js';
import type { ModelSpec } from './spec.js';

/** Types of tfjs that are no part of the catalogue, each with the reason. LAYER_NOT_TRAINABLE, NONDETERMINISTIC_LAYER. */
export const REFUSED_TYPES: Readonly<
  Record<
    string,
    { readonly code: 'LAYER_NOT_TRAINABLE' | 'NONDETERMINISTIC_LAYER'; readonly reason: string }
  >
> = {
  thresholdedReLU: untrainable('a comparison has no gradient'),
  conv3d: untrainable('its gradients are wrong on the wasm backend'),
  conv3dTranspose: untrainable('it has no gradient'),
  maxPooling3d: untrainable('its gradients are wrong on the wasm backend'),
  averagePooling3d: untrainable('its gradients are wrong on the wasm backend'),
  convLstm2d: untrainable('its convolutions have no gradient on the wasm backend'),
  gaussianNoise: unseeded(),
  gaussianDropout: unseeded(),
  alphaDropout: unseeded(),
};

/** Layers whose input has no gradient, though a layer with weights stands before them. Errors: as modelShapes. */
export function positionProblems(
  model: ModelSpec,
  inputs: readonly ModelInput[],
  path: string,
): readonly Problem[] {
  const trained = new Set<string>();
  const problems: Problem[] = [];
  shapedLayers(model, inputs).forEach(({ layer, name, inputs: [input = []] }, i) => {
    const isAfter = layerInputs(model, i).some((before) => trained.has(before));
    if (isAfter && (layer.type === 'masking' || layer.type === 'embedding'))
      problems.push({
        path: `${path}.layers[${String(i)}]`,
        code: 'LAYER_NOT_TRAINABLE',
        text: `expected no layer with weights before ${layer.type}: no gradient passes it`,
      });
    if (isAfter || layerParameters(layer, input).length > 0) trained.add(name);
  });
  return problems;
}

/** Why no gradient of one patient alone exists. Empty for a model that every private mode takes. */
export function mixingProblems(model: ModelSpec, path: string): readonly Problem[] {
  const code = 'DP_LAYER_UNSUPPORTED';
  const layers = model.layers.flatMap((layer, i): readonly Problem[] => {
    if (layer.type !== 'batchNormalization') return [];
    const text =
      'expected a layer that keeps examples apart: batchNormalization mixes them; layerNormalization and groupNormalization do not';
    return [{ path: `${path}.layers[${String(i)}].type`, code, text }];
  });
  if (model.loss !== 'coxPartialLikelihood') return layers;
  const text = 'expected a loss of one example alone: coxPartialLikelihood compares patients';
  return [...layers, { path: `${path}.loss`, code, text }];
}

function untrainable(reason: string): {
  readonly code: 'LAYER_NOT_TRAINABLE';
  readonly reason: string;
} {
  return { code: 'LAYER_NOT_TRAINABLE', reason };
}

function unseeded(): { readonly code: 'NONDETERMINISTIC_LAYER'; readonly reason: string } {
  return { code: 'NONDETERMINISTIC_LAYER', reason: 'its noise takes no seed' };
}
