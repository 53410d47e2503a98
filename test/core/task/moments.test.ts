import { columnValues, featureColumns } from '@plexus/core';
import { nodeSuite } from '@plexus/suite';
import { describe, expect, it } from 'vitest';
import { contributeMoments } from '../../../core/src/task/moments.ts';
import { needsMoments, publicScalingTensors, scalingOf } from '../../../core/src/task/scaling.ts';
import { initialState } from '../../../core/src/task/task.ts';
import { context, hospitals, moments, playRound, schema } from './federation.ts';
import { plainEngine } from './plain-engine.ts';

const columns = featureColumns(schema);
const at = (name: string): number => columns.findIndex((column) => column.name === name);
const start = initialState(nodeSuite, context);

describe('federated scaling (data.md section 2)', () => {
  it('equals the pooled mean and deviation to 1e-6, through the quantiser', () => {
    const { state, metrics, done } = playRound(moments, start, plainEngine());
    expect([done, metrics]).toEqual([true, { examples: '180' }]);
    const scaling = scalingOf(state, columns.length);
    for (const name of ['chol', 'pain=atypical', 'pain=3']) {
      const column = columns[at(name)];
      if (column === undefined) throw new Error(`expected ${name}`);
      const values = hospitals
        .flatMap((rows) => [...columnValues(schema, column, rows.training)])
        .filter((x) => !Number.isNaN(x));
      const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
      const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (values.length - 1);
      const { centre, spread } = scaling[at(name)] ?? { centre: NaN, spread: NaN };
      expect(Math.abs(centre / mean - 1)).toBeLessThan(1e-6);
      expect(Math.abs(spread / Math.sqrt(variance) - 1)).toBeLessThan(1e-6);
    }
  });

  it('leaves constants that the schema fixes, and indicators, as they are', () => {
    const scaling = scalingOf(playRound(moments, start, plainEngine()).state, columns.length);
    expect(scaling[at('age')]).toEqual({ centre: 55, spread: 10 });
    expect(scaling[at('chol?missing')]).toEqual({ centre: 0, spread: 1 });
  });

  it('gives a constant column spread 1', () => {
    const constant = hospitals.map((rows) => ({
      ...rows,
      training: rows.training.map((column, i) => (i === 2 ? column.map(() => 200) : column)),
    }));
    const { state } = playRound(moments, start, plainEngine(), constant);
    const scaling = scalingOf(state, columns.length)[at('chol')];
    expect(scaling?.spread).toBe(1);
    expect(scaling?.centre).toBeCloseTo(200, 4);
  });

  it('is not there before the moments task, and needs none where the schema fixes it', () => {
    expect(needsMoments(schema)).toBe(true);
    expect(publicScalingTensors(schema)).toBeUndefined();
    expect(() => scalingOf(start, columns.length)).toThrow('scale/centre');
    const features = schema.features.filter(({ scale }) => scale !== 'federated');
    const fixed = initialState(nodeSuite, { ...context, schema: { ...schema, features } });
    expect(scalingOf(fixed, 2)).toEqual([
      { centre: 55, spread: 10 },
      { centre: 0, spread: 1 },
    ]);
  });

  it('makes room for large hospitals by a divisor from wMax', () => {
    const sumsAt = (wMax: string): number => {
      const local = { ...moments, rules: { maxCohort: 4, wMax }, rosterIndex: 1 };
      const [rows] = hospitals;
      return (rows && contributeMoments(local, rows).get('stat/sums/hi')?.[0]) ?? NaN;
    };
    expect(sumsAt('1638400') * 100).toBeCloseTo(sumsAt('60'), 9);
  });
});
