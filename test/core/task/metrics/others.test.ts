import { describe, expect, it } from 'vitest';
import { categoryMetrics } from '../../../../core/src/task/metrics/category.ts';
import { numberMetrics } from '../../../../core/src/task/metrics/number.ts';
import { sumOf } from '../../../../core/src/task/metrics/sums.ts';
import { survivalMetrics } from '../../../../core/src/task/metrics/survival.ts';
import { context } from '../federation.ts';
import { measure } from './measure.ts';

const common = { name: 'outcome', class: 'health-status', level: 3 } as const;
const category = { ...common, type: 'category', values: ['a', 'b', 'c'] } as const;
const measured = { ...common, unit: 'd', range: ['0', '100'], outside: 'clamp' } as const;
const number = { ...measured, type: 'number' } as const;
const survival = { ...measured, type: 'time-to-event' } as const;

describe('metrics of a category', () => {
  it('are accuracy and the mean recall of the classes that occur', () => {
    const scores = [
      [0.8, 0.1, 0.1],
      [0.6, 0.3, 0.1],
      [0.2, 0.7, 0.1],
      [0.9, 0.1, 0],
    ].flat();
    const labels = [
      [1, 0, 0],
      [1, 0, 0],
      [0, 1, 0],
      [0, 1, 0],
    ].flat();
    const loss = -(Math.log(0.8) + Math.log(0.6) + Math.log(0.7) + Math.log(0.1)) / 4;
    expect(measure(category, scores, labels)).toEqual({
      examples: '4',
      loss: String(Number(loss.toFixed(6))),
      accuracy: '0.75',
      macroRecall: '0.75',
    });
  });

  it('call the first of equal scores, bound the loss, and say nothing of nobody', () => {
    expect(measure(category, [0.5, 0.5, 0], [1, 0, 0])).toMatchObject({ accuracy: '1' });
    expect(measure(category, [1, 0, 0], [0, 0, 1])).toMatchObject({ loss: '16' });
    expect(measure(category, [], [])).toEqual({});
    expect(
      categoryMetrics(3)
        .sections(context)
        .map(({ length }) => length),
    ).toEqual([1, 9]);
  });
});

describe('metrics of a number', () => {
  it('are errors in its unit and the share of variance explained', () => {
    expect(measure(number, [12, 20, 27], [10, 20, 30])).toEqual({
      examples: '3',
      meanAbsoluteError: '1.666667',
      rootMeanSquaredError: '2.081666',
      r2: '0.935',
    });
  });

  it('bound the error of one patient by the range, and know no variance of a constant', () => {
    const one = measure(number, [1e9], [50]);
    expect(one).toEqual({ examples: '1', meanAbsoluteError: '100', rootMeanSquaredError: '100' });
    expect(measure(number, [], [])).toEqual({});
    expect(() => numberMetrics(['0', '1']).read(new Map())).toThrow('metric/examples');
  });
});

describe('metrics of a time to an event', () => {
  /** All pairs, one by one. */
  function concordance(scores: readonly number[], labels: readonly number[]): number {
    let [right, all] = [0, 0];
    scores.forEach((score, i) => {
      scores.forEach((other, j) => {
        if (labels[2 * i + 1] !== 1 || !(labels[2 * i]! < labels[2 * j]!)) return;
        all += 1;
        right += score > other ? 1 : score === other ? 0.5 : 0;
      });
    });
    return right / all;
  }

  it('count pairs of a hospital as a count of all pairs does, ties in time and hazard included', () => {
    const draw = (i: number, of: number): number => (i * i * 7 + i * 13 + 5) % of;
    const count = 60;
    const scores = Array.from({ length: count }, (_, i) => draw(i, 11) / 4);
    const labels = scores.flatMap((_, i) => [draw(i + 3, 17), draw(i, 3) === 0 ? 0 : 1]);
    const got = measure(survival, scores, labels);
    expect(Number(got['concordance'])).toBeCloseTo(concordance(scores, labels), 5);
    expect(Number(got['events'])).toBe(
      labels.filter((_, i) => i % 2 === 1 && labels[i] === 1).length,
    );
  });

  it("take everybody at risk into the loss, Breslow's way", () => {
    const [a, b, c] = [0.5, -0.25, 1] as const;
    const risk = Math.exp(a) + Math.exp(b) + Math.exp(c);
    const loss = Math.log(risk) - a + Math.log(Math.exp(b) + Math.exp(c)) - b;
    const got = measure(survival, [a, b, c], [1, 1, 2, 1, 3, 0]);
    expect(Number(got['loss'])).toBeCloseTo(loss / 3, 5);
    expect(got['concordance']).toBe('0.333333');
  });

  it('leave out what cannot be known', () => {
    expect(measure(survival, [], [])).toEqual({});
    expect(measure(survival, [1], [5, 1])).not.toHaveProperty('concordance');
    expect(() => survivalMetrics.read(new Map())).toThrow('metric/counts');
    expect(() => sumOf(new Map(), 'metric/x', 1)).toThrow('metric/x');
  });
});
