/** Models for the tests of the catalogue, as an author writes them. */
import { parseModel } from '../../../core/src/model/parse.ts';
import { oneInput } from '../../../core/src/model/nodes.ts';
import type { ModelSpec, Shape } from '../../../core/src/model/spec.ts';

export const SIGMOID = { type: 'dense', units: 1, activation: 'sigmoid' };

export function authored(...layers: readonly object[]): object {
  return { name: 'example', loss: 'binaryCrossentropy', layers };
}

export function refusals(value: unknown, shape: Shape = [13]): readonly string[] {
  const parsed = parseModel(value, oneInput(shape), 'model');
  if (parsed.kind === 'parsed') return [];
  return parsed.problems.map(({ code, path, text }) => `${code} ${path}: ${text}`);
}

export function parsed(value: unknown, shape: Shape = [13]): ModelSpec {
  const result = parseModel(value, oneInput(shape), 'model');
  if (result.kind === 'refused') throw new Error(JSON.stringify(result.problems));
  return result.model;
}

/** One of every type, but for the merges: what it reads, and what an author has to write. */
export const LAYERS: readonly (readonly [shape: Shape, layer: object, output: Shape])[] = [
  [[4, 3], { type: 'dense', units: 2 }, [4, 2]],
  [[9, 2], { type: 'conv1d', filters: 3, kernelSize: 3, strides: 2 }, [4, 3]],
  [
    [9, 9, 2],
    { type: 'conv2d', filters: 3, kernelSize: [3, 2], strides: 2, padding: 'same' },
    [5, 5, 3],
  ],
  [[4, 5, 2], { type: 'conv2dTranspose', filters: 3, kernelSize: 3, strides: 2 }, [9, 11, 3]],
  [
    [4, 5, 2],
    { type: 'conv2dTranspose', filters: 3, kernelSize: 3, strides: 2, padding: 'same' },
    [8, 10, 3],
  ],
  [[5, 5, 2], { type: 'depthwiseConv2d', kernelSize: 3, depthMultiplier: 2 }, [3, 3, 4]],
  [
    [5, 5, 2],
    { type: 'separableConv2d', filters: 3, kernelSize: 3, depthMultiplier: 2 },
    [3, 3, 3],
  ],
  [[9, 2], { type: 'maxPooling1d' }, [4, 2]],
  [[9, 2], { type: 'averagePooling1d', poolSize: 3, strides: 2, padding: 'same' }, [5, 2]],
  [[9, 8, 2], { type: 'maxPooling2d' }, [4, 4, 2]],
  [[9, 8, 2], { type: 'averagePooling2d', poolSize: [3, 2] }, [3, 4, 2]],
  [[9, 2], { type: 'globalMaxPooling1d' }, [2]],
  [[9, 2], { type: 'globalAveragePooling1d' }, [2]],
  [[9, 8, 2], { type: 'globalMaxPooling2d' }, [2]],
  [[9, 8, 2], { type: 'globalAveragePooling2d' }, [2]],
  [[3, 2, 2], { type: 'upSampling2d', size: [2, 3] }, [6, 6, 2]],
  [[3, 2, 2], { type: 'zeroPadding2d', padding: [[1, 0], 2] }, [4, 6, 2]],
  [[3, 4, 2], { type: 'cropping2d', cropping: [1, [0, 2]] }, [1, 2, 2]],
  [[3, 2], { type: 'batchNormalization' }, [3, 2]],
  [[3, 2], { type: 'layerNormalization', axis: [1, 2] }, [3, 2]],
  [[3, 4], { type: 'groupNormalization', groups: 2 }, [3, 4]],
  [[3], { type: 'dropout', rate: 0.5 }, [3]],
  [[6], { type: 'embedding', inputDim: 9, outputDim: 4 }, [6, 4]],
  [[6, 3], { type: 'simpleRNN', units: 4 }, [4]],
  [[6, 3], { type: 'lstm', units: 4, returnSequences: true }, [6, 4]],
  [[6, 3], { type: 'gru', units: 4, goBackwards: true, useBias: false }, [4]],
  [[6, 3], { type: 'bidirectional', layer: { type: 'lstm', units: 4 } }, [8]],
  [
    [6, 3],
    {
      type: 'bidirectional',
      layer: { type: 'gru', units: 4, returnSequences: true },
      mergeMode: 'sum',
    },
    [6, 4],
  ],
  [
    [6, 5, 5, 1],
    { type: 'timeDistributed', layer: { type: 'conv2d', filters: 2, kernelSize: 2 } },
    [6, 4, 4, 2],
  ],
  [[2, 3], { type: 'flatten' }, [6]],
  [[2, 3], { type: 'reshape', targetShape: [3, 2, 1] }, [3, 2, 1]],
  [[2, 3, 4], { type: 'permute', dims: [3, 1, 2] }, [4, 2, 3]],
  [[3], { type: 'repeatVector', n: 5 }, [5, 3]],
  [[3], { type: 'rescaling', scale: 0.5 }, [3]],
  [[3], { type: 'activation', activation: 'gelu' }, [3]],
  [[3], { type: 'leakyReLU' }, [3]],
  [[3], { type: 'elu', alpha: 1 }, [3]],
  [[3], { type: 'reLU', maxValue: 6 }, [3]],
  [[2, 3], { type: 'prelu', sharedAxes: [1] }, [2, 3]],
  [[3], { type: 'softmax' }, [3]],
  [[4, 3], { type: 'masking' }, [4, 3]],
];
