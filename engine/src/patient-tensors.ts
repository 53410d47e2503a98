/** Small functions of tensors that the layers by rows share. */
import type { Activation } from '@plexus/core';
import * as tf from '@tensorflow/tfjs-core';
import { layers } from '@tensorflow/tfjs-layers';

export type TensorFunction = (x: tf.Tensor) => tf.Tensor;

export const identity: TensorFunction = (x) => x;

export function activation(kind: Activation): TensorFunction {
  if (kind === 'linear') return identity;
  if (kind === 'logSoftmax') return (y) => tf.logSoftmax(y);
  const layer = layers.activation({ activation: kind });
  return (y) => {
    const value = layer.apply(y);
    return value instanceof tf.Tensor ? value : y;
  };
}

/** x less its mean, divided by √(variance + epsilon), over these axes. */
export function standardised(x: tf.Tensor, axes: readonly number[], epsilon: string): tf.Tensor {
  const { mean, variance } = tf.moments(x, [...axes], true);
  return tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, Number(epsilon))));
}

/** The same tensor in a type that says its rank. */
export function rank3(x: tf.Tensor): tf.Tensor3D {
  const [a = 1, b = 1, c = 1] = x.shape;
  return tf.reshape<tf.Rank.R3>(x, [a, b, c]);
}

export function rank4(x: tf.Tensor): tf.Tensor4D {
  const [a = 1, b = 1, c = 1, d = 1] = x.shape;
  return tf.reshape<tf.Rank.R4>(x, [a, b, c, d]);
}
