import { describe, expect, it } from 'vitest';
import { LAYER_TYPES } from '../../../core/src/model/options.ts';
import { inside, note, type Place } from '../../../core/src/model/reader.ts';
import { authored, LAYERS, parsed, refusals, SIGMOID } from './example.ts';

describe('a model', () => {
  it('gets its defaults written out, and parses again to itself', () => {
    const model = parsed(authored(SIGMOID));
    expect(model.layers).toEqual([
      { ...SIGMOID, useBias: true, kernelInitializer: 'glorotUniform' },
    ]);
    expect(parsed(model)).toEqual(model);
  });

  it.each(LAYERS)('of %j with %j parses to one spelling', (shape, layer) => {
    const tail = [{ type: 'flatten' }, SIGMOID];
    const model = parsed(authored(layer, ...tail), shape);
    expect(parsed(model, shape)).toEqual(model);
    expect(JSON.stringify(model)).not.toContain('null');
  });

  it('may name every type of the catalogue: each has its case here', () => {
    const merges = ['add', 'multiply', 'average', 'maximum', 'minimum', 'concatenate', 'dot'];
    const cased = LAYERS.map(([, layer]) => ('type' in layer ? layer.type : ''));
    expect([...new Set([...cased, ...merges])].sort()).toEqual([...LAYER_TYPES].sort());
  });

  it('writes sizes of two axes and fractions in one way', () => {
    const layer = { type: 'conv2d', filters: 2, kernelSize: 3, strides: [1, 2] };
    const [conv, dropout] = parsed(
      authored(layer, { type: 'dropout', rate: '0.50' }, { type: 'flatten' }, SIGMOID),
      [6, 6, 1],
    ).layers;
    expect(conv).toMatchObject({ kernelSize: [3, 3], strides: [1, 2], padding: 'valid' });
    expect(dropout).toEqual({ type: 'dropout', rate: '0.5' });
    const [pooling] = parsed(
      authored({ type: 'maxPooling2d', poolSize: 3 }, { type: 'flatten' }, SIGMOID),
      [9, 9, 1],
    ).layers;
    expect(pooling).toMatchObject({ poolSize: [3, 3], strides: [3, 3] });
  });

  it('with an unknown layer is refused with the list of known ones (I8)', () => {
    expect(refusals(authored({ type: 'lambda', code: 'x' }, SIGMOID))).toEqual([
      `LAYER_UNKNOWN model.layers[0].type: expected one of ${LAYER_TYPES.join(', ')}`,
    ]);
    expect(refusals(authored({ type: 'toString' }, SIGMOID))[0]).toContain('LAYER_UNKNOWN');
  });

  it('must end in what its loss needs', () => {
    expect(refusals(authored({ ...SIGMOID, units: 2 }))).toEqual([
      'MODEL_INVALID model.layers[0]: expected one unit with sigmoid as the last layer, since the loss is binaryCrossentropy; got sigmoid of [2]',
    ]);
    const ending = (loss: string, layer: object): readonly string[] =>
      refusals({ ...authored(layer), loss });
    const dense = (units: number, activation = 'linear'): object => ({
      type: 'dense',
      units,
      activation,
    });
    expect(ending('categoricalCrossentropy', dense(3, 'softmax'))).toEqual([]);
    expect(ending('categoricalCrossentropy', dense(3))[0]).toContain('softmax');
    expect(ending('categoricalCrossentropy', dense(1, 'softmax'))[0]).toContain(
      'two or more units',
    );
    expect(ending('poisson', dense(1, 'softplus'))).toEqual([]);
    expect(ending('poisson', dense(1))[0]).toContain('softplus');
    for (const loss of ['meanSquaredError', 'meanAbsoluteError', 'huber', 'coxPartialLikelihood']) {
      expect(ending(loss, dense(1))).toEqual([]);
      expect(ending(loss, dense(2))[0]).toContain('expected one unit');
    }
  });

  it('with more parameters than a vector may hold is refused', () => {
    const wide = authored({ type: 'dense', units: 2 ** 20 }, SIGMOID);
    expect(refusals(wide, [20])).toEqual([
      'MODEL_TOO_LARGE model: expected at most 16777216 parameters, got 23068673',
    ]);
  });

  it('tells every problem of a mapping at once, at its place', () => {
    expect(refusals({ name: 'Heart', loss: 'mse', layers: [{ ...SIGMOID, rate: 1 }] })).toEqual([
      'MODEL_INVALID model.name: expected words of a-z and 0-9 joined by -, at most 64 characters',
      'MODEL_INVALID model.loss: expected one of binaryCrossentropy, categoricalCrossentropy, meanSquaredError, meanAbsoluteError, huber, poisson, coxPartialLikelihood',
      'MODEL_INVALID model.layers[0].rate: unknown key; expected type, name, inputs, units, activation, useBias, kernelInitializer',
    ]);
    expect(refusals({ ...authored(SIGMOID), code: 1 })).toEqual([
      'MODEL_INVALID model.code: unknown key; expected name, layers, loss',
    ]);
    expect(refusals([])).toEqual(['MODEL_INVALID model: expected a mapping']);
    const wrong = { type: 'conv2d', filters: 0, kernelSize: [3, 'x'], useBias: 1 };
    expect(refusals(authored(wrong), [9, 9, 1])).toEqual([
      'MODEL_INVALID model.layers[0].filters: expected a whole number from 1 to 16777216',
      'MODEL_INVALID model.layers[0].kernelSize[1]: expected a whole number from 1 to 16777216',
      'MODEL_INVALID model.layers[0].useBias: expected true or false',
    ]);
  });

  it('refuses by name what every object inherits, and what another type may say', () => {
    for (const key of ['toString', 'constructor', 'scale', 'dilationRate'])
      expect(refusals(authored({ ...SIGMOID, [key]: 1 }))).toEqual([
        `MODEL_INVALID model.layers[0].${key}: unknown key; expected type, name, inputs, units, activation, useBias, kernelInitializer`,
      ]);
  });

  it('notes a problem where a reader is', () => {
    const place: Place = { path: 'model', problems: [], code: 'MODEL_INVALID' };
    expect(note(inside(inside(place, 'layers'), '[2]'), 'expected more')).toBeNull();
    expect(place.problems).toEqual([
      { path: 'model.layers[2]', code: 'MODEL_INVALID', text: 'expected more' },
    ]);
  });
});

describe('a graph of layers', () => {
  const left = { ...SIGMOID, name: 'left', units: 2, inputs: ['input'] };
  const right = { ...left, name: 'right' };

  it('names its inputs; whoever names none reads the layer before', () => {
    const model = authored(left, right, { type: 'add', inputs: ['left', 'right'] }, SIGMOID);
    expect(refusals(model)).toEqual([]);
    expect(parsed(model).layers[2]).toEqual({ type: 'add', inputs: ['left', 'right'] });
  });

  it.each([
    [
      [{ ...left, inputs: ['later'] }, SIGMOID],
      'expected input or the name of an earlier layer, got later',
    ],
    [[left, left, SIGMOID], 'expected a name used once, got left'],
    [[{ ...left, name: 'layer1' }, SIGMOID], 'not layer with a number'],
    [[{ ...left, name: 'input' }, SIGMOID], 'not input'],
    [[left, right, SIGMOID], 'nothing reads left'],
    [[{ ...left, inputs: [] }, SIGMOID], 'expected a list of 1 to 64 names'],
    [
      [left, { ...right, units: 3 }, { type: 'add', inputs: ['left', 'right'] }, SIGMOID],
      'expected inputs of one shape; got left [2], right [3]',
    ],
    [[{ type: 'add' }, SIGMOID], 'expected two or more inputs; got input [13]'],
    [[{ ...left, inputs: ['input', 'input'] }, SIGMOID], 'expected one input'],
  ])('refuses %j', (layers, text) => {
    expect(refusals(authored(...layers)).join()).toContain(text);
  });
});
