import { describe, expect, it } from 'vitest';
import {
  mixingProblems,
  positionProblems,
  REFUSED_TYPES,
} from '../../../core/src/model/refused.ts';
import { oneInput } from '../../../core/src/model/nodes.ts';
import { authored, parsed, refusals, SIGMOID } from './example.ts';

const flat = [{ type: 'flatten' }, SIGMOID];

describe('what has no right gradient', () => {
  it.each(Object.keys(REFUSED_TYPES))('%s is refused by its code, with the reason', (type) => {
    const { code, reason } = REFUSED_TYPES[type] ?? { code: '', reason: '' };
    expect(refusals(authored({ type }, SIGMOID))).toEqual([
      `${code} model.layers[0].type: expected a layer that can be trained: ${reason}`,
    ]);
  });

  it('unseeded noise is NONDETERMINISTIC_LAYER, everything else LAYER_NOT_TRAINABLE', () => {
    const codes = ['gaussianNoise', 'gaussianDropout', 'alphaDropout', 'conv3d'].map(
      (type) => REFUSED_TYPES[type]?.code,
    );
    expect(codes).toEqual([
      'NONDETERMINISTIC_LAYER',
      'NONDETERMINISTIC_LAYER',
      'NONDETERMINISTIC_LAYER',
      'LAYER_NOT_TRAINABLE',
    ]);
  });

  it.each([
    [{ type: 'conv1d', filters: 2, kernelSize: 3, padding: 'causal' }, [9, 2], 'padding'],
    [{ type: 'conv1d', filters: 2, kernelSize: 3, dilationRate: [2] }, [9, 2], 'dilationRate'],
    [{ type: 'conv2d', filters: 2, kernelSize: 3, dilationRate: 2 }, [9, 9, 2], 'dilationRate'],
    [
      { type: 'separableConv2d', filters: 2, kernelSize: 3, dilationRate: [2, 2] },
      [9, 9, 2],
      'dilationRate',
    ],
    [{ type: 'depthwiseConv2d', kernelSize: 3, dilationRate: [2, 2] }, [9, 9, 2], 'dilationRate'],
    [
      { type: 'conv2dTranspose', filters: 2, kernelSize: 3, dilationRate: [2, 2] },
      [9, 9, 2],
      'dilationRate',
    ],
    [{ type: 'batchNormalization', axis: 1 }, [9, 2], 'axis'],
    [{ type: 'batchNormalization', scale: false }, [9, 2], 'scale'],
    [{ type: 'batchNormalization', center: false }, [9, 2], 'center'],
    [{ type: 'layerNormalization', scale: false }, [9, 2], 'scale'],
    [{ type: 'layerNormalization', center: false }, [9, 2], 'center'],
  ] as const)('%j on %j is refused for its %s', (layer, shape, option) => {
    const found = refusals(authored(layer, ...flat), shape);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(`LAYER_NOT_TRAINABLE model.layers[0].${option}: `);
  });

  it('and what says only what holds anyway is not refused, nor written out', () => {
    const layer = { type: 'conv1d', filters: 2, kernelSize: [3], dilationRate: [1] };
    expect(parsed(authored(layer, ...flat), [9, 2]).layers[0]).not.toHaveProperty('dilationRate');
    const bn = { type: 'batchNormalization', axis: -1, scale: true, center: true };
    expect(parsed(authored(bn, ...flat), [9, 2]).layers[0]).toEqual({
      ...{ type: 'batchNormalization', momentum: '0.99', epsilon: '0.001' },
    });
  });

  it('a layer that no gradient passes stands before every layer with weights', () => {
    const late = authored(
      { type: 'dense', units: 3 },
      { type: 'masking' },
      { type: 'lstm', units: 2 },
      SIGMOID,
    );
    expect(refusals(late, [4, 3])).toEqual([
      'LAYER_NOT_TRAINABLE model.layers[1]: expected no layer with weights before masking: no gradient passes it',
    ]);
    const ids = authored(
      { type: 'dense', units: 3 },
      { type: 'embedding', inputDim: 4, outputDim: 2 },
      ...flat,
    );
    expect(refusals(ids)[0]).toContain('before embedding');
    const early = authored({ type: 'masking' }, { type: 'lstm', units: 2 }, SIGMOID);
    expect(positionProblems(parsed(early, [4, 3]), oneInput([4, 3]), 'model')).toEqual([]);
  });
});

describe('what mixes patients', () => {
  it('is batch normalisation, and a loss that compares them', () => {
    expect(mixingProblems(parsed(authored(SIGMOID)), 'model')).toEqual([]);
    const model = parsed({
      ...authored({ type: 'batchNormalization' }, { type: 'dense', units: 1 }),
      loss: 'coxPartialLikelihood',
    });
    expect(mixingProblems(model, 'model').map(({ path, code }) => `${path} ${code}`)).toEqual([
      'model.layers[0].type DP_LAYER_UNSUPPORTED',
      'model.loss DP_LAYER_UNSUPPORTED',
    ]);
  });
});
