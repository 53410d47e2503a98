import { createEngine } from '@plexus/engine';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { dropout } from '../../engine/src/dropout.ts';
import { LINEAR, modelOf, SGD, someNumbers, someWeights } from './models.ts';

/** Places where one step changed the kernel behind a dropout layer: those whose input was kept. */
async function kept(seed: number, engineName: 'wasm' | 'cpu' = 'wasm'): Promise<string> {
  const model = modelOf([{ type: 'dropout', rate: 0.5 }, LINEAR], [64]);
  const engine = await createEngine(engineName);
  engine.load(model, [64], SGD);
  engine.setWeights([new Float32Array(64), new Float32Array(1)]);
  const x = new Float32Array(64).fill(1);
  engine.trainStep({ rows: 1, x, y: Float32Array.of(1) }, seed);
  const [kernel] = engine.getWeights();
  engine.dispose();
  return [...(kernel ?? [])].map((weight) => (weight === 0 ? '-' : 'x')).join('');
}

describe('dropout', () => {
  it('draws the same mask from the same seed, on every engine, and another from another', async () => {
    const mask = await kept(7);
    expect(await kept(7)).toBe(mask);
    expect(await kept(7, 'cpu')).toBe(mask);
    expect(await kept(8)).not.toBe(mask);
    expect(await kept(0)).toMatch(/x.*-|-.*x/);
    expect(await kept(2 ** 32 - 1)).not.toBe(await kept(0));
  });

  it('draws another mask for each layer of a step', async () => {
    await createEngine('cpu');
    const ones = tf.ones([1, 200]);
    const masks = [0, 1, 2].map((layer) => dropout(ones, 0.5, 7, layer).dataSync().join());
    expect(new Set(masks).size).toBe(3);
  });

  it('in two layers of a model drops other places', async () => {
    const twice = [
      { type: 'dropout', rate: 0.5 },
      { type: 'dropout', rate: 0.5 },
      { ...LINEAR, useBias: false },
    ];
    const width = 4096;
    const engine = await createEngine('wasm');
    engine.load(modelOf(twice, [width]), [width], SGD);
    engine.setWeights([new Float32Array(width)]);
    const x = new Float32Array(width).fill(1);
    engine.trainStep({ rows: 1, x, y: Float32Array.of(1) }, 5);
    const [kernel = new Float32Array(0)] = engine.getWeights();
    engine.dispose();
    // a quarter is kept by both, half if they agreed; six standard deviations are 0.041
    const share = kernel.filter((weight) => weight !== 0).length / width;
    expect(Math.abs(share - 0.25)).toBeLessThan(0.041);
  });

  it('drops its share and keeps the expectation', async () => {
    await createEngine('cpu');
    const rate = 0.3;
    const values = dropout(tf.ones([100, 1000]), rate, 11, 3).dataSync();
    const dropped = values.filter((value) => value === 0).length / values.length;
    // 100,000 draws: six standard deviations are 0.0087
    expect(Math.abs(dropped - rate)).toBeLessThan(0.0087);
    expect(new Set(values)).toEqual(new Set([0, Math.fround(1 / (1 - rate))]));
  });

  it('trains a deep network to the same bytes twice, and drops nothing in predictions', async () => {
    const layers = [
      { type: 'dense', units: 8, activation: 'relu' },
      { type: 'dropout', rate: 0.4 },
      { type: 'dense', units: 8, activation: 'relu' },
      { type: 'dropout', rate: 0.2 },
      LINEAR,
    ];
    const model = modelOf(layers, [4]);
    const without = modelOf(
      layers.filter(({ type }) => type === 'dense'),
      [4],
    );
    const weights = someWeights(model, [{ name: 'input', shape: [4] }]);
    const x = someNumbers(40);
    const engine = await createEngine('wasm');
    const trained = [1, 1, 2].map((first) => {
      engine.load(model, [4], SGD);
      engine.setWeights(weights);
      for (let step = 0; step < 3; step++)
        engine.trainStep({ rows: 10, x, y: someNumbers(10, 9) }, first + 10 * step);
      return engine.getWeights();
    });
    expect(trained[1]).toEqual(trained[0]);
    expect(trained[2]).not.toEqual(trained[0]);
    engine.load(model, [4]);
    engine.setWeights(weights);
    const scores = engine.predict(x, 10);
    engine.load(without, [4]);
    engine.setWeights(weights);
    expect(engine.predict(x, 10)).toEqual(scores);
    engine.dispose();
  });
});
