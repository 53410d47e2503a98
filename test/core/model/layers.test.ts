import { describe, expect, it } from 'vitest';
import { kerasLayer, kerasWeightName } from '../../../core/src/model/keras.ts';
import { layerInputs, layerName, oneInput } from '../../../core/src/model/nodes.ts';
import { layerParameters, modelParameters } from '../../../core/src/model/parameters.ts';
import { axesOf, modelShapes, outputShape } from '../../../core/src/model/shapes.ts';
import type { LayerSpec, Shape } from '../../../core/src/model/spec.ts';
import { authored, LAYERS, parsed, SIGMOID } from './example.ts';

function layerOf(layer: object, shape: Shape): LayerSpec {
  const first = parsed(authored(layer, { type: 'flatten' }, SIGMOID), shape).layers[0];
  if (first === undefined) throw new Error('expected a layer');
  return first;
}

describe('shapes', () => {
  it.each(LAYERS)('of %j with %j: %j', (shape, layer, output) => {
    expect(outputShape(layerOf(layer, shape), [shape])).toEqual({ kind: 'shaped', shape: output });
  });

  it.each([
    [
      { type: 'concatenate', axis: -1 },
      [
        [2, 3],
        [2, 4],
      ],
      [2, 7],
    ],
    [
      { type: 'concatenate', axis: 1 },
      [
        [2, 3],
        [5, 3],
      ],
      [7, 3],
    ],
    [
      { type: 'dot', axes: [2, 2], normalize: false },
      [
        [5, 4],
        [6, 4],
      ],
      [5, 6],
    ],
    [{ type: 'dot', axes: [1, 1], normalize: true }, [[4], [4]], [1]],
    [{ type: 'maximum' }, [[4], [4], [4]], [4]],
  ] as const)('of %j over %j: %j', (layer, inputs, output) => {
    expect(outputShape(layer, inputs)).toEqual({ kind: 'shaped', shape: output });
  });

  it.each([
    [{ type: 'flatten' }, [[3], [3]], 'one input'],
    [
      { type: 'conv1d', filters: 1, kernelSize: 3, strides: 1, padding: 'valid' },
      [[2, 1]],
      'a larger input',
    ],
    [
      { type: 'conv2d', filters: 1, kernelSize: [3, 3], strides: [1, 1], padding: 'valid' },
      [[9, 9]],
      'rows, columns, channels',
    ],
    [{ type: 'reshape', targetShape: [4] }, [[2, 3]], 'targetShape of 6 numbers'],
    [{ type: 'permute', dims: [1, 1] }, [[2, 3]], 'each of 1 to 2 once'],
    [{ type: 'groupNormalization', groups: 3, epsilon: '0.001' }, [[4]], 'divide the 4 channels'],
    [
      { type: 'concatenate', axis: 1 },
      [
        [2, 3],
        [2, 4],
      ],
      'differ on the axis only',
    ],
    [
      { type: 'dot', axes: [1, 2], normalize: false },
      [
        [5, 4],
        [6, 4],
      ],
      'axes of one extent',
    ],
    [
      { type: 'dot', axes: [3, 3], normalize: false },
      [
        [5, 4, 2],
        [6, 4, 2],
      ],
      'one or two axes',
    ],
    [{ type: 'batchNormalization', momentum: '0.9' }, [[2, 5, 5, 1]], 'at most three axes'],
    [{ type: 'layerNormalization', axis: [-1] }, [[2, 5, 5, 1]], 'at most three axes'],
    [{ type: 'repeatVector', n: 2 }, [[5, 4]], 'an input of [features]'],
    [{ type: 'prelu', sharedAxes: [3] }, [[5, 4]], 'sharedAxes of 1 to 2'],
    [
      {
        type: 'cropping2d',
        cropping: [
          [2, 2],
          [0, 0],
        ],
      },
      [[3, 3, 1]],
      'a larger input',
    ],
  ] as const)('of %j over %j: expected %s', (layer, inputs, text) => {
    // what a parser never lets through: readers of options are tested with it
    const shaped = outputShape(layer as unknown as LayerSpec, inputs);
    expect(shaped).toMatchObject({ kind: 'misfit' });
    expect(shaped.kind === 'misfit' ? shaped.text : '').toContain(text);
  });

  it('of a whole model follow its graph', () => {
    const model = parsed(
      authored(
        { type: 'dense', units: 4, name: 'a' },
        { type: 'dense', units: 3, name: 'b', inputs: ['input'] },
        { type: 'concatenate', inputs: ['a', 'b'] },
        SIGMOID,
      ),
    );
    expect(modelShapes(model, oneInput([13]))).toEqual([[4], [3], [7], [1]]);
    expect(model.layers.map((layer, i) => [layerName(layer, i), layerInputs(model, i)])).toEqual([
      ['a', ['input']],
      ['b', ['input']],
      ['layer2', ['a', 'b']],
      ['layer3', ['layer2']],
    ]);
    expect(() => modelShapes(model, [])).toThrow('input: no such layer');
    expect(axesOf([-1, 1], 1)).toBeUndefined();
  });
});

describe('weights', () => {
  const shapesOf = (layer: object, shape: Shape): Readonly<Record<string, Shape>> =>
    Object.fromEntries(layerParameters(layerOf(layer, shape), shape).map((p) => [p.name, p.shape]));

  it('are listed as tfjs lists them', () => {
    expect(shapesOf({ type: 'conv2d', filters: 4, kernelSize: [3, 2] }, [9, 9, 5])).toEqual({
      kernel: [3, 2, 5, 4],
      bias: [4],
    });
    expect(shapesOf({ type: 'conv2dTranspose', filters: 4, kernelSize: 3 }, [9, 9, 5])).toEqual({
      kernel: [3, 3, 4, 5],
      bias: [4],
    });
    expect(
      shapesOf(
        { type: 'separableConv2d', filters: 4, kernelSize: 3, depthMultiplier: 2 },
        [9, 9, 5],
      ),
    ).toEqual({ depthwisekernel: [3, 3, 5, 2], pointwisekernel: [1, 1, 10, 4], bias: [4] });
    expect(shapesOf({ type: 'gru', units: 4 }, [6, 5])).toEqual({
      kernel: [5, 12],
      recurrentkernel: [4, 12],
      bias: [12],
    });
    expect(
      Object.keys(shapesOf({ type: 'bidirectional', layer: { type: 'lstm', units: 2 } }, [6, 5])),
    ).toEqual([
      'forward/kernel',
      'forward/recurrentkernel',
      'forward/bias',
      'backward/kernel',
      'backward/recurrentkernel',
      'backward/bias',
    ]);
    expect(shapesOf({ type: 'prelu', sharedAxes: [1] }, [4, 5])).toEqual({ alpha: [1, 5] });
    expect(shapesOf({ type: 'layerNormalization', axis: [1, 2] }, [4, 5])).toEqual({
      gamma: [4, 5],
      beta: [4, 5],
    });
  });

  it('carry the fans that Keras counts, and whether a gradient reaches them', () => {
    const model = parsed(
      authored(
        { type: 'conv2d', filters: 4, kernelSize: 3, name: 'conv' },
        { type: 'batchNormalization' },
        { type: 'flatten' },
        SIGMOID,
      ),
      [5, 5, 2],
    );
    const parameters = modelParameters(model, oneInput([5, 5, 2]));
    expect(parameters[0]).toMatchObject({ name: 'conv/kernel', fanIn: 18, fanOut: 36, size: 72 });
    expect(parameters.filter(({ trainable }) => !trainable).map(({ name }) => name)).toEqual([
      'layer1/movingmean',
      'layer1/movingvariance',
    ]);
    expect(new Set(parameters.map(({ name }) => name)).size).toBe(parameters.length);
  });
});

describe('layers in the words of Keras', () => {
  it.each([
    ['leakyReLU', 'LeakyReLU'],
    ['prelu', 'PReLU'],
    ['maxPooling1d', 'MaxPooling1D'],
    ['simpleRNN', 'SimpleRNN'],
    ['globalAveragePooling2d', 'GlobalAveragePooling2D'],
    ['flatten', 'Flatten'],
  ])('%s is %s', (type, expected) => {
    const found = LAYERS.find(([, layer]) => 'type' in layer && layer.type === type);
    if (found === undefined) throw new Error('expected a case');
    expect(kerasLayer(layerOf(found[1], found[0]), 'x').className).toBe(expected);
  });

  it('have numbers for fractions, no initializers, and their own names of weights', () => {
    const { config } = kerasLayer(
      layerOf({ type: 'timeDistributed', layer: { type: 'dense', units: 2 } }, [4, 3]),
      'steps',
    );
    expect(config).toMatchObject({
      name: 'steps',
      layer: { className: 'Dense', config: { units: 2, useBias: true } },
    });
    expect(JSON.stringify(config)).not.toContain('nitializer');
    expect(kerasLayer(layerOf({ type: 'leakyReLU', alpha: '0.5' }, [3]), 'x').config['alpha']).toBe(
      0.5,
    );
    expect(kerasLayer({ type: 'flatten' }, 'x', [3])).toMatchObject({
      className: 'Activation',
      config: { activation: 'linear' },
    });
    expect(kerasLayer({ type: 'softmax' }, 'x').config['axis']).toBe(-1);
    expect(kerasWeightName({ name: 'layer0/recurrentkernel' })).toBe('layer0/recurrent_kernel');
    expect(kerasWeightName({ name: 'both/backward/recurrentkernel' })).toBe(
      'both/backward_both_inner/recurrent_kernel',
    );
    expect(kerasWeightName({ name: 'forward/kernel' })).toBe('forward/kernel');
  });
});
