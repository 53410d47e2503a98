/**
 * A model and its weights as the two files of a tfjs LayersModel folder, written without tfjs.
 *
 * model.json and weights.bin load with tf.loadLayersModel. Scaling is not part of the model: the card carries its constants.
 * Source: the tfjs 4.22 layers-model format (modelTopology in Keras 2 style, weightsManifest). Leaves to others: folder and card.
 */
import type { Bytes } from '../base/bytes.js';
import { concat } from '../base/bytes.js';
import { modelParameters } from './layers.js';
import type { LayerSpec, ModelSpec } from './spec.js';
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
  inputWidth: number,
): LayersModelFiles {
  const parameters = modelParameters(model, inputWidth);
  const layers = model.layers.map((layer, i) => layerConfig(layer, i, inputWidth));
  const modelJson = JSON.stringify(
    {
      format: 'layers-model',
      generatedBy: 'plexus',
      convertedBy: null,
      modelTopology: {
        class_name: 'Sequential',
        config: { name: model.name, layers },
        keras_version: 'tfjs-layers 4.22.0',
        backend: 'tensor_flow.js',
      },
      weightsManifest: [
        {
          paths: ['weights.bin'],
          weights: parameters.map(({ name, shape }) => ({ name, shape, dtype: 'float32' })),
        },
      ],
    },
    undefined,
    2,
  );
  const numbers = parameters.map(({ name, size }) => littleEndian(float32Of(state, name, size)));
  return { modelJson: `${modelJson}\n`, weightsBin: concat(...numbers) };
}

/** tfjs writes snake case in topologies and camel case nowhere. */
function layerConfig(layer: LayerSpec, index: number, inputWidth: number): object {
  return {
    class_name: 'Dense',
    config: {
      name: `layer${String(index)}`,
      trainable: true,
      ...(index === 0 ? { batch_input_shape: [null, inputWidth], dtype: 'float32' } : {}),
      units: layer.units,
      activation: layer.activation,
      use_bias: layer.useBias,
    },
  };
}

function littleEndian(values: Float32Array): Bytes {
  const out = new Uint8Array(4 * values.length);
  const view = new DataView(out.buffer);
  values.forEach((value, i) => {
    view.setFloat32(4 * i, value, true);
  });
  return out;
}
