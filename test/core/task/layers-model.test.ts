import { nodeSuite } from '@plexus/suite';
import { describe, expect, it } from 'vitest';
import { layersModelFiles } from '../../../core/src/task/layers-model.ts';
import { initialState } from '../../../core/src/task/task.ts';
import { context, logistic } from './federation.ts';

describe('a model as LayersModel files', () => {
  const state = initialState(nodeSuite, context);

  it('lists the weights in the order of the binary, four bytes a number', () => {
    const { modelJson, weightsBin } = layersModelFiles(logistic, state, [6]);
    expect(JSON.parse(modelJson)).toMatchObject({
      format: 'layers-model',
      weightsManifest: [
        {
          paths: ['weights.bin'],
          weights: [
            { name: 'layer0/kernel', shape: [6, 1], dtype: 'float32' },
            { name: 'layer0/bias', shape: [1], dtype: 'float32' },
          ],
        },
      ],
    });
    expect(weightsBin.length).toBe(4 * 7);
  });

  it('is refused for a state of another model', () => {
    expect(() => layersModelFiles(logistic, state, [7])).toThrow('layer0/kernel: expected 7');
  });
});
