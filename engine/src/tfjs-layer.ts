/**
 * One layer of the catalogue as a live layer of tfjs, by the class name and options that core writes into model files.
 *
 * First values come from core's catalogue, so weights start at zero here: tfjs draws no random number.
 * Source: engine.md. Leaves to others: who feeds whom (tfjs-model.ts).
 */
import { kerasLayer, PlexusError, type LayerSpec, type Shape } from '@plexus/core';
import * as tf from '@tensorflow/tfjs-core';
import { layers } from '@tensorflow/tfjs-layers';
import './group-normalization.js';

/** tfjs refuses a kernel's initializer where a layer has two kernels. */
const KERNELS: Readonly<Record<string, readonly string[]>> = {
  DepthwiseConv2D: ['depthwise'],
  SeparableConv2D: ['depthwise', 'pointwise'],
};

/** input: what it reads, without the batch. Errors: bug/STATE_UNEXPECTED for a class that tfjs does not know. */
export function buildLayer(spec: LayerSpec, name: string, input: Shape): layers.Layer {
  const { className, config } = startingAtZero(kerasLayer(spec, name, input));
  const entry = tf.serialization.SerializationMap.getMap().classNameMap[className];
  const layer = entry?.[1](entry[0], config);
  if (layer instanceof layers.Layer) return layer;
  throw new PlexusError('STATE_UNEXPECTED', `${name}: tfjs has no layer ${className}`);
}

interface Serialised {
  readonly className: string;
  readonly config: tf.serialization.ConfigDict;
}

/** A copy, since tfjs writes into what it is given. */
function startingAtZero({ className, config }: ReturnType<typeof kerasLayer>): Serialised {
  const copy: Record<string, unknown> = structuredClone(config);
  for (const weight of KERNELS[className] ?? ['kernel', 'recurrent', 'embeddings'])
    copy[`${weight}Initializer`] = 'zeros';
  const inner = copy['layer'];
  if (isSerialised(inner)) copy['layer'] = startingAtZero(inner);
  return { className, config: copy as tf.serialization.ConfigDict }; // core writes plain JSON
}

function isSerialised(value: unknown): value is ReturnType<typeof kerasLayer> {
  return typeof value === 'object' && value !== null && 'className' in value;
}
