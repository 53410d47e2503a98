import { describe, expect, it } from 'vitest';
import { parseModel, parseTasks } from '../../../core/src/task/parse.ts';
import { schema } from './federation.ts';

const layer = { type: 'dense', units: 1, activation: 'sigmoid', kernelInitializer: 'zeros' };
const model = { name: 'heart', loss: 'binaryCrossentropy', layers: [layer] };
const train = {
  kind: 'train',
  rounds: 15,
  localSteps: 100,
  batchSize: 4,
  optimizer: { kind: 'sgd', learningRate: 0.01 },
  clip: 1.0,
  weighting: 'examples',
};

function refusals(
  parsed: ReturnType<typeof parseModel> | ReturnType<typeof parseTasks>,
): readonly string[] {
  if (parsed.kind === 'parsed') return [];
  return parsed.problems.map(({ code, path, text }) => `${code} ${path}: ${text}`);
}
const ofModel = (value: unknown, width = 13): readonly string[] =>
  refusals(parseModel(value, width, 'model'));
const ofTasks = (value: unknown): readonly string[] => refusals(parseTasks(value, schema, 'tasks'));

describe('a model', () => {
  it('gets its defaults written out, and parses again to itself', () => {
    const parsed = parseModel(model, 13, 'model');
    if (parsed.kind === 'refused') throw new Error('expected it to parse');
    expect(parsed.model.layers).toEqual([{ ...layer, useBias: true }]);
    expect(parseModel(parsed.model, 13, 'model')).toEqual(parsed);
  });

  it('with an unknown layer is refused with the list of known ones (I8)', () => {
    expect(ofModel({ ...model, layers: [{ type: 'lambda', code: 'x' }, layer] })).toEqual([
      'LAYER_UNKNOWN model.layers[0].type: expected one of dense',
    ]);
  });

  it('must end in what its loss needs', () => {
    expect(ofModel({ ...model, layers: [{ ...layer, units: 2 }] })).toEqual([
      'MODEL_INVALID model.layers[0]: expected one unit with sigmoid as the last layer, since the loss is binaryCrossentropy',
    ]);
  });

  it('with more parameters than a vector may hold is refused', () => {
    const wide = [{ type: 'dense', units: 2 ** 20 }, layer];
    expect(ofModel({ ...model, layers: wide }, 20)).toEqual([
      'MODEL_TOO_LARGE model: expected at most 16777216 parameters, got 23068673',
    ]);
  });

  it('tells every problem of a mapping at once, at its place', () => {
    expect(ofModel({ name: 'Heart', loss: 'mse', layers: [{ ...layer, rate: 1 }] })).toEqual([
      'MODEL_INVALID model.name: expected words of a-z and 0-9 joined by -, at most 64 characters',
      'MODEL_INVALID model.loss: expected binaryCrossentropy',
      'MODEL_INVALID model.layers[0].rate: unknown key; expected type, units, activation, useBias, kernelInitializer',
    ]);
    expect(ofModel({ ...model, code: 1 })).toEqual([
      'MODEL_INVALID model.code: unknown key; expected name, layers, loss',
    ]);
    expect(ofModel([])).toEqual(['MODEL_INVALID model: expected a mapping']);
  });
});

describe('tasks', () => {
  it('become canonical: decimals as strings, defaults written out', () => {
    const optimizer = { kind: 'adam', learningRate: '0.0010' };
    const given = [{ kind: 'moments' }, { ...train, optimizer }, { kind: 'evaluate' }];
    const parsed = parseTasks(given, schema, 'tasks');
    if (parsed.kind === 'refused') throw new Error('expected it to parse');
    expect(parsed.tasks[1]).toEqual({
      ...train,
      localEpochs: 0,
      clip: '1',
      optimizer: {
        kind: 'adam',
        learningRate: '0.001',
        beta1: '0.9',
        beta2: '0.999',
        epsilon: '0.0000001',
      },
    });
    expect(parseTasks(parsed.tasks, schema, 'tasks')).toEqual(parsed);
  });

  it('of an unknown kind are refused with the list of known ones', () => {
    expect(ofTasks([{ kind: 'shell' }])).toEqual([
      'TASK_UNKNOWN tasks[0].kind: expected one of moments, train, evaluate',
    ]);
  });

  it('that need federated scaling must find it first', () => {
    expect(ofTasks([train, { kind: 'moments' }])).toEqual([
      'TASK_INVALID tasks[0]: expected a moments task before it, since a feature has scale: federated',
    ]);
  });

  it('train for steps or for epochs, not both and not neither', () => {
    for (const wrong of [{ localEpochs: 1 }, { localSteps: 0 }])
      expect(ofTasks([{ kind: 'moments' }, { ...train, ...wrong }])).toEqual([
        'TASK_INVALID tasks[1]: expected exactly one of localSteps and localEpochs above 0',
      ]);
  });

  it('refuse rates, decays and clips outside their meaning', () => {
    const optimizer = { kind: 'adam', learningRate: -1, beta1: 1, epsilon: 0 };
    expect(ofTasks([{ ...train, optimizer, clip: 'wide' }])).toEqual([
      'TASK_INVALID tasks[0].optimizer.learningRate: expected a number above 0',
      'TASK_INVALID tasks[0].optimizer.beta1: expected a number from 0 up to, not including, 1',
      'TASK_INVALID tasks[0].optimizer.epsilon: expected a number above 0',
      'TASK_INVALID tasks[0].clip: expected a number above 0',
    ]);
  });
});
