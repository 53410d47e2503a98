/**
 * The weights of each layer: names, shapes, and what they start from. Every engine lists a model's weights in this order.
 *
 * Source: the weights of tfjs-layers 4.22 and their order. Leaves to others: the numbers themselves (task/initial-weights.ts).
 */
import type { ModelInput } from './nodes.js';
import { axesOf, shapedLayers, sizeOfShape } from './shapes.js';
import type {
  GatedLayer,
  Initializer,
  LayerSpec,
  ModelSpec,
  RecurrentLayer,
  Shape,
} from './spec.js';

/** One tensor of a model. */
export interface Parameter {
  /** `<layer>/kernel`, lower case, parts joined by /. */
  readonly name: string;
  readonly shape: Shape;
  readonly size: number;
  /** False for moving statistics: no gradient reaches them, but rounds average them. */
  readonly trainable: boolean;
  /** `forgetOnes`: zeros, but ones in the second quarter, an LSTM's forget gate. */
  readonly first: Initializer | 'ones' | 'forgetOnes';
  readonly fanIn: number;
  readonly fanOut: number;
}

/** Errors: bug/STATE_UNEXPECTED for a model that parseModel would have refused. */
export function modelParameters(
  model: ModelSpec,
  inputs: readonly ModelInput[],
): readonly Parameter[] {
  return shapedLayers(model, inputs).flatMap(({ layer, name, inputs: [input = []] }) =>
    layerParameters(layer, input).map((parameter) => ({
      ...parameter,
      name: `${name}/${parameter.name}`,
    })),
  );
}

/** Of one layer, by short names. */
export function layerParameters(layer: LayerSpec, input: Shape): readonly Parameter[] {
  const last = input.at(-1) ?? 0;
  switch (layer.type) {
    case 'dense':
      return weighted([last, layer.units], layer, layer.units);
    case 'conv1d':
      return weighted([layer.kernelSize, last, layer.filters], layer, layer.filters);
    case 'conv2d':
      return weighted([...layer.kernelSize, last, layer.filters], layer, layer.filters);
    case 'conv2dTranspose':
      return weighted([...layer.kernelSize, layer.filters, last], layer, layer.filters);
    case 'depthwiseConv2d': {
      const shape = [...layer.kernelSize, last, layer.depthMultiplier];
      const kernel = parameter('depthwisekernel', shape, layer.kernelInitializer);
      return [kernel, ...biasOf(layer, last * layer.depthMultiplier)];
    }
    case 'separableConv2d': {
      const between = last * layer.depthMultiplier;
      const depthwise = [...layer.kernelSize, last, layer.depthMultiplier];
      return [
        parameter('depthwisekernel', depthwise, layer.kernelInitializer),
        parameter('pointwisekernel', [1, 1, between, layer.filters], layer.kernelInitializer),
        ...biasOf(layer, layer.filters),
      ];
    }
    case 'batchNormalization':
      return [
        ...scaleAndShift([last]),
        { ...parameter('movingmean', [last], 'zeros'), trainable: false },
        { ...parameter('movingvariance', [last], 'ones'), trainable: false },
      ];
    case 'layerNormalization':
      return scaleAndShift((axesOf(layer.axis, input.length) ?? []).map((at) => input[at] ?? 0));
    case 'groupNormalization':
      return scaleAndShift([last]);
    case 'embedding':
      return [
        parameter('embeddings', [layer.inputDim, layer.outputDim], layer.embeddingsInitializer),
      ];
    case 'simpleRNN':
    case 'lstm':
    case 'gru':
      return recurrent(layer, last);
    case 'bidirectional':
      return ['forward', 'backward'].flatMap((way) =>
        recurrent(layer.layer, last).map((part) => ({ ...part, name: `${way}/${part.name}` })),
      );
    case 'timeDistributed':
      return layerParameters(layer.layer, input.slice(1));
    case 'prelu':
      return [
        parameter(
          'alpha',
          input.map((extent, i) => (layer.sharedAxes.includes(i + 1) ? 1 : extent)),
          'zeros',
        ),
      ];
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
    case 'dropout':
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
    case 'masking':
    case 'add':
    case 'multiply':
    case 'average':
    case 'maximum':
    case 'minimum':
    case 'concatenate':
    case 'dot':
      return [];
  }
}

const GATES: Readonly<Record<RecurrentLayer['type'], number>> = { simpleRNN: 1, lstm: 4, gru: 3 };

function recurrent(layer: RecurrentLayer, features: number): readonly Parameter[] {
  const { units, useBias, kernelInitializer, recurrentInitializer } = layer;
  const width = GATES[layer.type] * units;
  const first: Parameter['first'] = isLstm(layer) ? 'forgetOnes' : 'zeros';
  return [
    parameter('kernel', [features, width], kernelInitializer),
    parameter('recurrentkernel', [units, width], recurrentInitializer),
    ...(useBias ? [parameter('bias', [width], first)] : []),
  ];
}

function isLstm(layer: RecurrentLayer): layer is GatedLayer {
  return layer.type === 'lstm';
}

interface Weights {
  readonly useBias: boolean;
  readonly kernelInitializer: Initializer;
}

function weighted(shape: Shape, layer: Weights, outputs: number): readonly Parameter[] {
  return [parameter('kernel', shape, layer.kernelInitializer), ...biasOf(layer, outputs)];
}

function biasOf({ useBias }: Weights, outputs: number): readonly Parameter[] {
  return useBias ? [parameter('bias', [outputs], 'zeros')] : [];
}

function scaleAndShift(shape: Shape): readonly Parameter[] {
  return [parameter('gamma', shape, 'ones'), parameter('beta', shape, 'zeros')];
}

/** Fans as Keras counts them: the two last extents times the extents of the window before them. */
function parameter(name: string, shape: Shape, first: Parameter['first']): Parameter {
  const window = sizeOfShape(shape.slice(0, -2));
  const fanOut = window * (shape.at(-1) ?? 1);
  const fanIn = shape.length < 2 ? fanOut : window * (shape.at(-2) ?? 1);
  return { name, shape, size: sizeOfShape(shape), trainable: true, first, fanIn, fanOut };
}
