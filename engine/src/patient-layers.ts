/**
 * Which layers a pass by rows takes, and each as a function of tensors. Dropout is the identity: nothing is dropped here.
 *
 * Leaves to others: layers with weights (patient-weighted.ts); what is not taken, recurrent layers first, is the general loop's.
 */
import { PlexusError, type Activation, type LayerSpec, type Shape } from '@plexus/core';
import * as tf from '@tensorflow/tfjs-core';
import {
  conv1d,
  conv2d,
  dense,
  embedding,
  groupNormalization,
  layerNormalization,
  prelu,
  type WeightedLayer,
} from './patient-weighted.js';
import { buildLayer } from './tfjs-layer.js';

export type RowLayer =
  | { readonly kind: 'plain'; readonly apply: (inputs: readonly tf.Tensor[]) => tf.Tensor }
  | {
      readonly kind: 'weighted';
      readonly layer: WeightedLayer;
      readonly activation: (y: tf.Tensor) => tf.Tensor;
    };

/** Undefined for a layer that is not taken. at: the place of its first weight in the array of all. */
export function rowLayer(layer: LayerSpec, input: Shape, at: number): RowLayer | undefined {
  switch (layer.type) {
    case 'dense':
      return weighted(dense(layer, input, at), layer.activation);
    case 'timeDistributed':
      if (layer.layer.type !== 'dense') return undefined;
      return weighted(dense(layer.layer, input, at), layer.layer.activation);
    case 'conv1d':
      return weighted(conv1d(layer, input, at), layer.activation);
    case 'conv2d':
    case 'depthwiseConv2d':
      return weighted(conv2d(layer, input, at), layer.activation);
    case 'layerNormalization':
      return weighted(layerNormalization(layer, input, at));
    case 'groupNormalization':
      return weighted(groupNormalization(layer, input, at));
    case 'prelu':
      return weighted(prelu(layer, input, at));
    case 'embedding':
      return layer.maskZero ? undefined : weighted(embedding(layer, at));
    case 'dropout':
    case 'maxPooling1d':
    case 'maxPooling2d':
    case 'averagePooling1d':
    case 'averagePooling2d':
    case 'globalMaxPooling1d':
    case 'globalMaxPooling2d':
    case 'globalAveragePooling1d':
    case 'globalAveragePooling2d':
    case 'upSampling2d':
    case 'zeroPadding2d':
    case 'cropping2d':
    case 'flatten':
    case 'reshape':
    case 'permute':
    case 'repeatVector':
    case 'rescaling':
    case 'activation':
    case 'leakyReLU':
    case 'elu':
    case 'reLU':
    case 'softmax':
    case 'add':
    case 'multiply':
    case 'average':
    case 'maximum':
    case 'minimum':
    case 'concatenate':
    case 'dot':
      return { kind: 'plain', apply: layerFunction(layer, input) };
    case 'batchNormalization':
    case 'conv2dTranspose':
    case 'separableConv2d':
    case 'simpleRNN':
    case 'lstm':
    case 'gru':
    case 'bidirectional':
    case 'masking':
      return undefined;
  }
}

function weighted(layer: WeightedLayer, activation: Activation = 'linear'): RowLayer {
  const apply = layerFunction({ type: 'activation', activation }, []);
  return { kind: 'weighted', layer, activation: (y) => apply([y]) };
}

/** A layer of tfjs without weights, not training. */
function layerFunction(spec: LayerSpec, input: Shape): (inputs: readonly tf.Tensor[]) => tf.Tensor {
  const layer = buildLayer(spec, spec.type, input);
  return (inputs) => {
    const [first] = inputs;
    const given = first !== undefined && inputs.length === 1 ? first : [...inputs];
    const value = layer.apply(given, { training: false });
    if (value instanceof tf.Tensor) return value;
    throw new PlexusError('STATE_UNEXPECTED', `${spec.type}: more than one output`);
  };
}
