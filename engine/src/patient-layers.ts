/**
 * Which layers a pass by rows takes, and each as a function of tensors. Dropout is the identity: nothing is dropped here.
 *
 * Leaves to others: layers with weights (patient-weighted.ts); what is not taken, recurrent layers first, is the general loop's.
 */
import type { LayerSpec, Shape } from '@plexus/core';
import * as tf from '@tensorflow/tfjs-core';
import { activation, identity, rank4, type TensorFunction } from './patient-tensors.js';
import {
  conv1d,
  conv2d,
  dense,
  embedding,
  groupNormalization,
  layerNormalization,
  type WeightedLayer,
} from './patient-weighted.js';

export type RowLayer =
  | { readonly kind: 'plain'; readonly apply: (inputs: readonly tf.Tensor[]) => tf.Tensor }
  | { readonly kind: 'weighted'; readonly layer: WeightedLayer };

/** Undefined for a layer that is not taken. at: the place of its first weight in the array of all. */
export function rowLayer(layer: LayerSpec, input: Shape, at: number): RowLayer | undefined {
  const positions = input.slice(0, -1).map((_, i) => i + 1);
  switch (layer.type) {
    case 'dense':
      return weighted(dense(layer, input, at));
    case 'conv1d':
      return weighted(conv1d(layer, input, at));
    case 'conv2d':
    case 'depthwiseConv2d':
      return weighted(conv2d(layer, input, at));
    case 'layerNormalization':
      return weighted(layerNormalization(layer, input, at));
    case 'groupNormalization':
      return weighted(groupNormalization(layer, input, at));
    case 'embedding':
      return layer.maskZero ? undefined : weighted(embedding(layer, at));
    case 'activation':
      return plain(activation(layer.activation));
    case 'softmax':
      return plain(activation('softmax'));
    case 'leakyReLU':
      return plain((x) => tf.leakyRelu(x, Number(layer.alpha)));
    case 'reLU':
      return plain((x) => tf.clipByValue(x, 0, Number(layer.maxValue)));
    case 'dropout':
      return plain(identity);
    case 'flatten':
      return plain((x) => tf.reshape(x, [x.shape[0], -1]));
    case 'reshape':
      return plain((x) => tf.reshape(x, [x.shape[0], ...layer.targetShape]));
    case 'permute':
      return plain((x) => tf.transpose(x, [0, ...layer.dims]));
    case 'rescaling':
      return plain((x) => tf.add(tf.mul(x, Number(layer.scale)), Number(layer.offset)));
    case 'maxPooling1d':
    case 'averagePooling1d': {
      const pool = layer.type === 'maxPooling1d' ? tf.maxPool : tf.avgPool;
      const { poolSize, strides, padding } = layer;
      return plain((x) => {
        const y = pool(rank4(tf.expandDims(x, 2)), [poolSize, 1], [strides, 1], padding);
        return tf.squeeze(y, [2]);
      });
    }
    case 'maxPooling2d':
    case 'averagePooling2d': {
      const pool = layer.type === 'maxPooling2d' ? tf.maxPool : tf.avgPool;
      return plain((x) => pool(rank4(x), [...layer.poolSize], [...layer.strides], layer.padding));
    }
    case 'globalMaxPooling1d':
    case 'globalMaxPooling2d':
      return plain((x) => tf.max(x, positions));
    case 'globalAveragePooling1d':
    case 'globalAveragePooling2d':
      return plain((x) => tf.mean(x, positions));
    case 'zeroPadding2d': {
      const [rows, columns] = layer.padding;
      return plain((x) => tf.pad(x, [[0, 0], [...rows], [...columns], [0, 0]]));
    }
    case 'add':
      return { kind: 'plain', apply: (inputs) => tf.addN([...inputs]) };
    case 'concatenate': {
      const axis = layer.axis === -1 ? input.length : layer.axis;
      return { kind: 'plain', apply: (inputs) => tf.concat([...inputs], axis) };
    }
    case 'conv2dTranspose':
    case 'separableConv2d':
    case 'batchNormalization':
    case 'simpleRNN':
    case 'lstm':
    case 'gru':
    case 'bidirectional':
    case 'timeDistributed':
    case 'elu':
    case 'prelu':
    case 'masking':
    case 'repeatVector':
    case 'upSampling2d':
    case 'cropping2d':
    case 'multiply':
    case 'average':
    case 'maximum':
    case 'minimum':
    case 'dot':
      return undefined;
  }
}

function weighted(layer: WeightedLayer): RowLayer {
  return { kind: 'weighted', layer };
}

function plain(apply: TensorFunction): RowLayer {
  return { kind: 'plain', apply: ([x]) => apply(x!) };
}
