import { describe, expect, it } from 'vitest';
import { binaryMetrics } from '../../../../core/src/task/metrics/binary.ts';
import { measure } from './measure.ts';

const binary = { name: 'disease', type: 'binary', class: 'health-status', level: 3 } as const;

describe('metrics as sums', () => {
  it('are accuracy at 0.5, mean loss and the area under the curve, ties counted half', () => {
    expect(measure(binary, [0.2, 0.7, 0.7, 0.9], [0, 0, 1, 1])).toEqual({
      examples: '4',
      loss: '0.472288',
      accuracy: '0.75',
      auc: '0.875',
    });
  });

  it('call 0.5 positive and the next smaller number negative', () => {
    expect(measure(binary, [0.5, 0.49999997], [1, 0])).toMatchObject({ accuracy: '1' });
  });

  it('bound the loss of one patient, so that one cannot hide all others', () => {
    expect(measure(binary, [0, 1], [1, 1])).toMatchObject({ loss: '8' });
  });

  it('leave out what cannot be known', () => {
    expect(measure(binary, [], [])).toEqual({});
    expect(measure(binary, [0.9], [1])).not.toHaveProperty('auc');
  });

  it('are refused for predictions that are not finite', () => {
    expect(() => binaryMetrics.read(new Map())).toThrow('metric/loss');
    expect(() => measure(binary, [NaN], [1])).toThrow(
      expect.objectContaining({ code: 'NON_FINITE_UPDATE' }),
    );
  });
});
