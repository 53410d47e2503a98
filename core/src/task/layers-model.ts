/**
 * A model and its weights as the two files of a tfjs LayersModel folder, written without tfjs.
 *
 * model.json and weights.bin load with tf.loadLayersModel (groupNormalization needs a class registered under its name). Scaling is
 * not part of the model: the card carries its constants. Source: the tfjs 4.22 layers-model format (modelTopology in Keras 2 style,
 * weightsManifest). Leaves to others: class names and options (model/keras.ts), folder and card (researcher/).
 */
import type { Bytes } from '../base/bytes.js';
import { concat } from '../base/bytes.js';
import { kerasLayer, kerasWeightName, type KerasLayer } from '../model/keras.js';
import { INPUT, layerInputs, layerName, oneInput } from '../model/nodes.js';
import { modelParameters } from '../model/parameters.js';
import { modelShapes } from '../model/shapes.js';
import type { ModelSpec, Shape } from '../model/spec.js';
import { float32Of, type TaskState } from './tensors.js';

export interface LayersModelFiles {
  /** Text of model.json. */
  readonly modelJson: string;
  readonly weightsBin: Bytes;
}

/** Errors: bug/STATE_UNEXPECTED if the state belongs to another model. */
export function layersModelFiles(
  model: ModelSpec,
  state: TaskState,
  inputShape: Shape,
): LayersModelFiles {
  const parameters = modelParameters(model, oneInput(inputShape));
  const modelJson = JSON.stringify(
    {
      format: 'layers-model',
      generatedBy: 'plexus',
      convertedBy: null,
      modelTopology: {
        ...topology(model, inputShape),
        keras_version: 'tfjs-layers 4.22.0',
        backend: 'tensor_flow.js',
      },
      weightsManifest: [
        {
          paths: ['weights.bin'],
          weights: parameters.map(({ name, shape }) => ({
            name: kerasWeightName({ name }),
            shape,
            dtype: 'float32',
          })),
        },
      ],
    },
    undefined,
    2,
  );
  const numbers = parameters.map(({ name, size }) => littleEndian(float32Of(state, name, size)));
  return { modelJson: `${modelJson}\n`, weightsBin: concat(...numbers) };
}

/** A chain is a Sequential, anything else a graph with one input layer. */
function topology(model: ModelSpec, inputShape: Shape): object {
  const { name, layers } = model;
  const reads = layers.map((_, i) => layerInputs(model, i));
  const input = { batch_input_shape: [null, ...inputShape], dtype: 'float32' };
  const shapes = modelShapes(model, oneInput(inputShape));
  const shapeOf = new Map(layers.map((layer, i) => [layerName(layer, i), shapes[i]!]));
  shapeOf.set(INPUT, inputShape);
  const configs = layers.map((layer, i) =>
    inSnakeCase(kerasLayer(layer, layerName(layer, i), shapeOf.get(reads[i]![0]!))),
  );
  const before = (i: number): string => (i === 0 ? INPUT : layerName(layers[i - 1]!, i - 1));
  if (reads.every((names, i) => names.length === 1 && names[0] === before(i))) {
    const [first, ...rest] = configs;
    const chain = [{ ...first, config: { ...first?.config, ...input } }, ...rest];
    return { class_name: 'Sequential', config: { name, layers: chain } };
  }
  const inputLayer = {
    class_name: 'InputLayer',
    config: { name: INPUT, sparse: false, ...input },
    name: INPUT,
    inbound_nodes: [],
  };
  const nodes = configs.map((config, i) => ({
    ...config,
    name: layerName(layers[i]!, i),
    inbound_nodes: [(reads[i] ?? []).map((source) => [source, 0, 0, {}])],
  }));
  const output = layerName(layers.at(-1)!, layers.length - 1);
  return {
    class_name: 'Model',
    config: {
      name,
      layers: [inputLayer, ...nodes],
      input_layers: [[INPUT, 0, 0]],
      output_layers: [[output, 0, 0]],
    },
  };
}

interface SnakeLayer {
  readonly class_name: string;
  readonly config: object;
}

/** tfjs writes option names in snake case in topologies. */
function inSnakeCase({ className, config }: KerasLayer): SnakeLayer {
  const entries = Object.entries(config).map(([key, value]): [string, unknown] => [
    key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    isKerasLayer(value) ? inSnakeCase(value) : value,
  ]);
  return { class_name: className, config: Object.fromEntries<unknown>(entries) };
}

function isKerasLayer(value: unknown): value is KerasLayer {
  return typeof value === 'object' && value !== null && 'className' in value;
}

function littleEndian(values: Float32Array): Bytes {
  const out = new Uint8Array(4 * values.length);
  const view = new DataView(out.buffer);
  values.forEach((value, i) => {
    view.setFloat32(4 * i, value, true);
  });
  return out;
}
