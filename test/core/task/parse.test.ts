import { describe, expect, it } from 'vitest';
import { parseTasks } from '../../../core/src/task/parse.ts';
import { schema } from './federation.ts';

const train = {
  kind: 'train',
  rounds: 15,
  localSteps: 100,
  batchSize: 4,
  optimizer: { kind: 'sgd', learningRate: 0.01 },
  clip: 1.0,
  weighting: 'examples',
};

const ofTasks = (value: unknown): readonly string[] => {
  const parsed = parseTasks(value, schema, 'tasks');
  if (parsed.kind === 'parsed') return [];
  return parsed.problems.map(({ code, path, text }) => `${code} ${path}: ${text}`);
};

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
