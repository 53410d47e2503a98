/**
 * GroupNormalization as a layer of tfjs, which has none: over all axes but the batch, channels (the last axis) in groups.
 *
 *     y = gamma · (x − mean) ÷ √(variance + epsilon) + beta     gamma and beta by channel
 *
 * It keeps examples apart, so that every private mode takes it. Source: Wu and He 2018; Keras' layer of this name. Registered under
 * that name, so that an exported model loads wherever this file is imported.
 */
import { PlexusError } from '@plexus/core';
import * as tf from '@tensorflow/tfjs-core';
import { initializers, layers, type LayerVariable, type Shape } from '@tensorflow/tfjs-layers';

/** With what every layer of tfjs takes: a name, an input shape. */
export type GroupNormalizationConfig = NonNullable<
  ConstructorParameters<typeof layers.Layer>[0]
> & { readonly groups: number; readonly epsilon: number };

export class GroupNormalization extends layers.Layer {
  static readonly className = 'GroupNormalization';
  readonly #groups: number;
  readonly #epsilon: number;
  #weights: { readonly gamma: LayerVariable; readonly beta: LayerVariable } | undefined;

  constructor(config: GroupNormalizationConfig) {
    super(config);
    this.#groups = config.groups;
    this.#epsilon = config.epsilon;
    this.supportsMasking = true;
  }

  override build(inputShape: Shape | Shape[]): void {
    const channels = inputShape.at(-1);
    if (typeof channels !== 'number' || channels % this.#groups !== 0)
      throw new PlexusError('STATE_UNEXPECTED', `${this.name}: groups do not divide the channels`);
    this.#weights = {
      gamma: this.addWeight('gamma', [channels], 'float32', initializers.ones()),
      beta: this.addWeight('beta', [channels], 'float32', initializers.zeros()),
    };
    super.build(inputShape);
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const [x] = Array.isArray(inputs) ? inputs : [inputs];
    const weights = this.#weights;
    if (x === undefined || weights === undefined)
      throw new PlexusError('STATE_UNEXPECTED', `${this.name}: called before it was built`);
    return tf.tidy(() => {
      const [batch = 0, ...rest] = x.shape;
      const channels = rest.at(-1) ?? 1;
      const places = rest.slice(0, -1).reduce((product, extent) => product * extent, 1);
      const grouped = tf.reshape(x, [batch, places, this.#groups, channels / this.#groups]);
      const centred = tf.sub(grouped, tf.mean(grouped, [1, 3], true));
      const variance = tf.mean(tf.square(centred), [1, 3], true);
      const normal = tf.mul(centred, tf.rsqrt(tf.add(variance, this.#epsilon)));
      const shaped = tf.reshape(normal, x.shape);
      return tf.add(tf.mul(shaped, weights.gamma.read()), weights.beta.read());
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), groups: this.#groups, epsilon: this.#epsilon };
  }
}

tf.serialization.registerClass(GroupNormalization);
