import { describe, expect, it } from 'vitest';
import { readOptimizer } from '../../../core/src/model/optimizer.ts';
import type { Problem } from '../../../core/src/base/fields.ts';

function read(value: unknown): readonly [unknown, readonly string[]] {
  const problems: Problem[] = [];
  const optimizer = readOptimizer(value, { path: 'o', problems, code: 'TASK_INVALID' });
  return [optimizer, problems.map(({ path, text }) => `${path}: ${text}`)];
}

describe('an optimizer', () => {
  it.each([
    [{ kind: 'sgd', learningRate: 0.1 }, { learningRate: '0.1' }],
    [
      { kind: 'momentum', learningRate: 1 },
      { momentum: '0.9', nesterov: false },
    ],
    [
      { kind: 'adam', learningRate: 1 },
      { beta1: '0.9', beta2: '0.999', epsilon: '0.0000001' },
    ],
    [{ kind: 'adagrad', learningRate: 1 }, { initialAccumulator: '0.1' }],
    [
      { kind: 'rmsprop', learningRate: 1 },
      { decay: '0.9', momentum: '0' },
    ],
  ])('%j gets its defaults, and reads again to itself', (given, defaults) => {
    const [optimizer, problems] = read(given);
    expect(problems).toEqual([]);
    expect(optimizer).toMatchObject(defaults);
    expect(read(optimizer)).toEqual([optimizer, []]);
  });

  it('is refused with what its kind does not have, or outside its meaning', () => {
    expect(read({ kind: 'lbfgs' })[1]).toEqual([
      'o.kind: expected one of sgd, momentum, adam, adagrad, rmsprop',
    ]);
    expect(read({ kind: 'sgd', learningRate: 1, beta1: 0.9 })[1]).toEqual([
      'o.beta1: unknown key; expected kind, learningRate',
    ]);
    expect(read({ kind: 'momentum', learningRate: 0, momentum: 1, nesterov: 'yes' })[1]).toEqual([
      'o.learningRate: expected a number above 0',
      'o.momentum: expected a number from 0 up to, not including, 1',
      'o.nesterov: expected true or false',
    ]);
    expect(read('adam')[1]).toContain('o: expected a mapping');
  });
});
