import type { TrainingEngine } from '@plexus/core';
import {
  capabilityProblems,
  checkConformance,
  createEngine,
  ENGINE_CHOICES,
  engineFor,
  engineProvider,
} from '@plexus/engine';
import { describe, expect, it } from 'vitest';
import { plainEngine } from '../core/task/plain-engine.ts';
import { LINEAR, modelOf } from './models.ts';

const flat = modelOf([LINEAR], [3]);
const steps = modelOf([{ type: 'lstm', units: 2 }, LINEAR], [4, 3]);
const pictures = modelOf(
  [{ type: 'conv2d', filters: 2, kernelSize: 2 }, { type: 'flatten' }, LINEAR],
  [4, 4, 1],
);

describe('the choice of an engine', () => {
  it('takes wasm when left to itself, and says which it took', async () => {
    expect((await createEngine('auto')).id).toBe('wasm/4.22.0');
    expect((await createEngine('auto', flat)).id).toBe('dense/1.0.0');
    expect(await engineFor('auto', steps)).toBe('wasm');
    expect(await engineFor('cpu', flat)).toBe('cpu');
    expect((await createEngine('cpu')).id).toBe('cpu/4.22.0');
  });

  it('takes tensorflow for convolutions where it is installed, and wasm where it is not', async () => {
    const tensorflow = await engineProvider('tensorflow');
    const isReady = (await tensorflow.probe()).kind === 'ready';
    const { id } = await createEngine('auto', pictures);
    expect(id).toMatch(isReady ? /^tensorflow\// : /^wasm\//);
  });

  it('never falls back in silence: a named engine runs or is refused with reason and remedy', async () => {
    const probe = await (await engineProvider('tensorflow')).probe();
    if (probe.kind === 'ready') {
      expect((await createEngine('tensorflow')).id).toMatch(/^tensorflow\//);
      return;
    }
    const refused = createEngine('tensorflow');
    await expect(refused).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
    await expect(refused).rejects.toThrow(
      /^engine tensorflow: .+ npm install @tensorflow\/tfjs-node/,
    );
  });

  it('names what the log can hold: a name and a version of three numbers', async () => {
    for (const name of ['dense', 'wasm', 'cpu'] as const)
      expect((await createEngine(name)).id).toMatch(
        /^[a-z][a-z0-9-]{0,31}\/\d{1,3}(\.\d{1,3}){2}$/,
      );
  });

  it('names every choice once', () => {
    expect(new Set(ENGINE_CHOICES).size).toBe(ENGINE_CHOICES.length);
    expect(ENGINE_CHOICES).toContain('auto');
  });
});

describe('what the cpu engine leaves to others', () => {
  const image = [6, 6, 2];
  const refused = [
    [[12, 2], { type: 'conv1d', filters: 2, kernelSize: 3 }],
    [image, { type: 'conv2d', filters: 2, kernelSize: 3 }],
    [image, { type: 'conv2dTranspose', filters: 2, kernelSize: 3 }],
    [image, { type: 'depthwiseConv2d', kernelSize: 3 }],
    [image, { type: 'separableConv2d', filters: 2, kernelSize: 3 }],
    [
      [2, ...image],
      { type: 'timeDistributed', layer: { type: 'conv2d', filters: 2, kernelSize: 3 } },
    ],
    [[5], { type: 'embedding', inputDim: 3, outputDim: 2 }],
    [image, { type: 'averagePooling2d', padding: 'same' }],
    [[12, 2], { type: 'averagePooling1d', padding: 'same' }],
    [image, { type: 'upSampling2d' }],
  ] as const;
  const taken = [
    [image, { type: 'averagePooling2d' }],
    [image, { type: 'maxPooling2d', padding: 'same' }],
    [[4, 3], { type: 'timeDistributed', layer: { type: 'dense', units: 2 } }],
    [[4, 3], { type: 'bidirectional', layer: { type: 'gru', units: 2 } }],
  ] as const;

  it.each(refused)('%j: %j is refused before it is built', async (shape, layer) => {
    const model = modelOf([{ ...layer, name: 'this' }, { type: 'flatten' }, LINEAR], shape);
    const engine = await createEngine('cpu');
    const load = (): void => {
      engine.load(model, shape);
    };
    expect(load).toThrow(
      expect.objectContaining({ code: 'LAYER_NOT_SUPPORTED_ON_ENGINE' }) as unknown,
    );
    expect(load).toThrow(
      new RegExp(`^model.layers\\[0\\]: .* engine cpu .* got ${layer.type} this: .+; choose `),
    );
    expect(() => engine.getWeights()).toThrow('no model is loaded');
    expect(capabilityProblems('wasm', model, 'model')).toEqual([]);
    expect(capabilityProblems('tensorflow', model, 'model')).toEqual([]);
  });

  it.each(taken)('%j: %j is not', async (shape, layer) => {
    const model = modelOf([layer, { type: 'flatten' }, LINEAR], shape);
    const engine = await createEngine('cpu');
    engine.load(model, shape);
    expect(capabilityProblems('cpu', model, 'model')).toEqual([]);
    engine.dispose();
  });

  it('is said of each layer, with its place in the study', () => {
    const model = modelOf(
      [
        { type: 'conv2d', filters: 2, kernelSize: 2 },
        { type: 'upSampling2d' },
        { type: 'flatten' },
        LINEAR,
      ],
      [4, 4, 1],
    );
    const paths = capabilityProblems('cpu', model, 'study.model').map(({ path }) => path);
    expect(paths).toEqual(['study.model.layers[0]', 'study.model.layers[1]']);
  });
});

describe('the known answers', () => {
  it('stop an engine whose gradient is off by a thousandth', () => {
    const plain = plainEngine();
    const wrong = {
      ...plain,
      getWeights: () => plain.getWeights().map((values) => values.map((w) => w * 1.001)),
    };
    expect(() => {
      checkConformance(wrong);
    }).toThrow(expect.objectContaining({ code: 'ENGINE_CONFORMANCE' }) as unknown);
  });

  it.each(['maxPooling2d', 'conv2d', 'averagePooling2d'])(
    'stop an engine that trains %s wrongly',
    async (type) => {
      const right = await createEngine('wasm');
      let isHit = false;
      const wrong: TrainingEngine = {
        id: 'wrong/1',
        load(model, shape, optimizer) {
          isHit = model.layers.some((layer) => layer.type === type);
          right.load(model, shape, optimizer);
        },
        setWeights: right.setWeights.bind(right),
        getWeights: () =>
          right.getWeights().map((values) => (isHit ? values.map((w) => w + 1e-3) : values)),
        trainStep: right.trainStep.bind(right),
        perPatientGradients: right.perPatientGradients.bind(right),
        perPatientClippedSum: right.perPatientClippedSum.bind(right),
        predict: right.predict.bind(right),
        dispose: right.dispose.bind(right),
      };
      expect(() => {
        checkConformance(wrong);
      }).toThrow(expect.objectContaining({ code: 'ENGINE_CONFORMANCE' }) as unknown);
    },
  );
});
