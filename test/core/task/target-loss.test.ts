import { describe, expect, it } from 'vitest';
import { oneInput } from '../../../core/src/model/nodes.ts';
import type { Loss, ModelSpec } from '../../../core/src/model/spec.ts';
import { examplesOf } from '../../../core/src/task/examples.ts';
import { targetProblems } from '../../../core/src/task/target-loss.ts';
import type { Target } from '../../../core/src/data-schema/schema.ts';
import { schema } from './federation.ts';

const common = { name: 'outcome', class: 'health-status', level: 3 } as const;
const measured = { ...common, unit: 'd', range: ['-1', '9'], outside: 'clamp' } as const;

function model(loss: Loss, units: number): ModelSpec {
  const dense = { type: 'dense', activation: 'linear', useBias: true } as const;
  return { name: 'm', loss, layers: [{ ...dense, units, kernelInitializer: 'zeros' }] };
}

function problems(loss: Loss, units: number, target: Target): readonly string[] {
  return targetProblems(model(loss, units), oneInput([3]), target, 'model').map(
    ({ path, text }) => `${path}: ${text}`,
  );
}

describe('a loss', () => {
  it('fits its target', () => {
    const category = { ...common, type: 'category', values: ['a', 'b', 'c'] } as const;
    expect(problems('binaryCrossentropy', 1, { ...common, type: 'binary' })).toEqual([]);
    expect(problems('categoricalCrossentropy', 3, category)).toEqual([]);
    expect(problems('huber', 1, { ...measured, type: 'number' })).toEqual([]);
    expect(problems('coxPartialLikelihood', 1, { ...measured, type: 'time-to-event' })).toEqual([]);
  });

  it('is refused with the losses that would', () => {
    expect(problems('huber', 1, { ...common, type: 'binary' })).toEqual([
      'model.loss: expected binaryCrossentropy, since the target is of type binary',
    ]);
    const category = { ...common, type: 'category', values: ['a', 'b'] } as const;
    expect(problems('categoricalCrossentropy', 3, category)).toEqual([
      'model.layers[0]: expected 2 units, one for each value of outcome; got 3',
    ]);
    expect(problems('poisson', 1, { ...measured, type: 'integer' })).toEqual([
      'model.loss: expected a target that is not negative',
    ]);
  });

  it('gets as many labels as it takes', () => {
    const target = { ...common, type: 'category', values: ['a', 'b', 'c'] } as const;
    const columns = [...schema.features, target].map(() => new Float64Array(4));
    const scale = { dtype: 'f64', shape: [6], data: new Float64Array(6).fill(1) } as const;
    const state = ['scale/centre', 'scale/spread'].map((name) => ({ ...scale, name }));
    const { count, x, y } = examplesOf({ schema: { ...schema, target } }, state, columns);
    expect([count, x.length, y.length]).toEqual([4, 4 * 6, 4 * 3]);
  });
});
