/**
 * Which models the dense engine takes, and such a model as a list of operations on rows of numbers.
 *
 * Leaves to others: running it (network.ts); every other model, which is the wasm engine's.
 */
import {
  layerInputs,
  layerName,
  INPUT,
  PlexusError,
  type Activation,
  type LayerSpec,
  type ModelSpec,
  type Shape,
} from '@plexus/core';
import { ACTIVATIONS, clipped, elu, leaky, type Elementwise } from './activation.js';

export type Operation =
  /** y = x·kernel + bias; `biasAt` is −1 without a bias. Places in the one array of all weights. */
  | {
      readonly kind: 'affine';
      readonly inputs: number;
      readonly outputs: number;
      readonly kernelAt: number;
      readonly biasAt: number;
    }
  | { readonly kind: 'elementwise'; readonly outputs: number; readonly rule: Elementwise }
  | { readonly kind: 'softmax' | 'logSoftmax'; readonly outputs: number }
  /** `layer` is the layer's place in the model, which its mask is drawn for. */
  | {
      readonly kind: 'dropout';
      readonly outputs: number;
      readonly rate: number;
      readonly layer: number;
    };

export interface Plan {
  readonly inputs: number;
  readonly outputs: number;
  readonly operations: readonly Operation[];
  readonly weights: number;
}

/** A layer without weights as an operation; null for one that does nothing, undefined for one that is not known here. */
type Weightless = Operation | null | undefined;

export function isDense(model: ModelSpec): boolean {
  return firstUnknown(model) === -1;
}

/** Errors: operator/LAYER_NOT_SUPPORTED_ON_ENGINE, naming the layer. */
export function planOf(model: ModelSpec, inputShape: Shape): Plan {
  const unknown = firstUnknown(model);
  const layer = model.layers[unknown];
  if (layer !== undefined)
    throw unsupported(
      `model.layers[${String(unknown)}], ${layer.type} ${layerName(layer, unknown)}`,
    );
  const [inputs = 0] = inputShape;
  if (inputShape.length !== 1) throw unsupported(`model input of shape [${inputShape.join(', ')}]`);
  const operations: Operation[] = [];
  let width = inputs;
  let weights = 0;
  model.layers.forEach((each, i) => {
    if (each.type !== 'dense') {
      const operation = weightless(each, i, width);
      if (operation) operations.push(operation);
      return;
    }
    const kernelAt = weights;
    const biasAt = kernelAt + width * each.units;
    operations.push({
      kind: 'affine',
      inputs: width,
      outputs: each.units,
      kernelAt,
      biasAt: each.useBias ? biasAt : -1,
    });
    weights = biasAt + (each.useBias ? each.units : 0);
    width = each.units;
    const after = activation(each.activation, width);
    if (after) operations.push(after);
  });
  return { inputs, outputs: width, operations, weights };
}

/** Index of the first layer that is not one of ours or does not read the one before it; −1 if there is none. */
export function firstUnknown(model: ModelSpec): number {
  return model.layers.findIndex((layer, i) => {
    const before = model.layers[i - 1];
    const previous = before === undefined ? INPUT : layerName(before, i - 1);
    const inputs = layerInputs(model, i);
    const isChained = inputs.length === 1 && inputs[0] === previous;
    return !isChained || !(layer.type === 'dense' || weightless(layer, i, 1) !== undefined);
  });
}

function weightless(layer: LayerSpec, index: number, outputs: number): Weightless {
  const elementwise = (rule: Elementwise): Operation => ({ kind: 'elementwise', outputs, rule });
  if (layer.type === 'activation') return activation(layer.activation, outputs);
  if (layer.type === 'softmax') return activation('softmax', outputs);
  if (layer.type === 'leakyReLU') return elementwise(leaky(Number(layer.alpha)));
  if (layer.type === 'elu') return elementwise(elu(Number(layer.alpha)));
  if (layer.type === 'reLU') return elementwise(clipped(Number(layer.maxValue)));
  if (layer.type !== 'dropout') return undefined;
  const rate = Number(layer.rate);
  return rate === 0 ? null : { kind: 'dropout', outputs, rate, layer: index };
}

function activation(kind: Activation, outputs: number): Operation | null {
  if (kind === 'linear') return null;
  if (kind === 'softmax' || kind === 'logSoftmax') return { kind, outputs };
  return { kind: 'elementwise', outputs, rule: ACTIVATIONS[kind] };
}

function unsupported(what: string): PlexusError {
  return new PlexusError(
    'LAYER_NOT_SUPPORTED_ON_ENGINE',
    `${what}: the dense engine takes one flat input and a chain of dense, activation and dropout layers; choose wasm`,
  );
}
