import { nodeSuite } from '@plexus/suite';
import { describe, expect, it } from 'vitest';
import { advanceEvaluation, evaluateLayout } from '../../../core/src/task/evaluate.ts';
import { initialState, roundsOf } from '../../../core/src/task/task.ts';
import { context, moments, playRound } from './federation.ts';
import { plainEngine } from './plain-engine.ts';

describe('an evaluate task', () => {
  it('measures the model on every held-out patient and leaves the state alone', () => {
    const scaled = playRound(moments, initialState(nodeSuite, context), plainEngine()).state;
    const evaluate = { ...context, task: { kind: 'evaluate' } as const };
    const { state, metrics, done } = playRound(evaluate, scaled, plainEngine());
    expect(state).toBe(scaled);
    expect(done).toBe(true);
    expect(metrics).toMatchObject({ examples: '80', auc: '0.5' });
    expect(Number(metrics['loss'])).toBeCloseTo(Math.LN2, 5);
    expect(evaluateLayout(evaluate).every(({ name }) => name.startsWith('metric/'))).toBe(true);
  });

  it('refuses sums without its sections', () => {
    expect(() => advanceEvaluation(context, [], new Map())).toThrow('metric/loss');
  });

  it('takes one round', () => {
    expect([roundsOf({ kind: 'evaluate' }), roundsOf(context.task)]).toEqual([1, 2]);
  });
});
