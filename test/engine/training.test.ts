import {
  encodeTensors,
  hex,
  initialState,
  inputShape,
  weightsOf,
  type ModelSpec,
  type TaskState,
  type TrainingEngine,
} from '@plexus/core';
import { createEngine } from '@plexus/engine';
import { nodeSuite } from '@plexus/suite';
import { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { context, moments, playRound, training } from '../core/task/federation.ts';
import { plainEngine } from '../core/task/plain-engine.ts';

const network: ModelSpec = {
  name: 'network',
  loss: 'binaryCrossentropy',
  layers: [
    {
      type: 'dense',
      units: 5,
      activation: 'tanh',
      useBias: true,
      kernelInitializer: 'glorotUniform',
    },
    {
      type: 'dense',
      units: 1,
      activation: 'sigmoid',
      useBias: false,
      kernelInitializer: 'glorotUniform',
    },
  ],
};
const study = { ...context, model: network };
const shape = inputShape(study);
const [width = 0] = shape;

/** Size of the wasm heap, 0 on other backends. */
function heapBytes(): number {
  const backend: unknown = tf.backend();
  const heap: unknown =
    backend instanceof BackendWasm && 'HEAPU8' in backend.wasm ? backend.wasm.HEAPU8 : undefined;
  return heap instanceof Uint8Array ? heap.length : 0;
}

function trainTwoRounds(engine: TrainingEngine): TaskState {
  const first = initialState(nodeSuite, study);
  const scaled = playRound({ ...moments, model: network }, first, engine).state;
  const once = playRound(study, scaled, engine).state;
  return playRound({ ...study, roundInTask: 1 }, once, engine).state;
}

describe('federated training on a real engine', () => {
  it('gives the same bytes twice, and on a second engine of the same kind', async () => {
    const digests = ['wasm', 'wasm', 'wasm'].map(async () =>
      hex(nodeSuite.sha256(encodeTensors(trainTwoRounds(await createEngine('wasm'))))),
    );
    expect(new Set(await Promise.all(digests)).size).toBe(1);
  });

  it('agrees with plain float64 loops to the quantiser step', async () => {
    const engine = await createEngine('wasm');
    const got = weightsOf(study, trainTwoRounds(engine));
    const want = weightsOf(study, trainTwoRounds(plainEngine()));
    got.forEach((values, i) => {
      values.forEach((w, k) => {
        expect(Math.abs(w - (want[i]?.[k] ?? NaN))).toBeLessThan(2e-5);
      });
    });
  });

  it.each(['wasm', 'cpu'] as const)('leaves no tensor behind in 50 rounds on %s', async (name) => {
    const engine = await createEngine(name);
    const optimizer = {
      kind: 'adam',
      learningRate: '0.01',
      beta1: '0.9',
      beta2: '0.999',
      epsilon: '0.0000001',
    } as const;
    const adam = { ...study, task: { ...training, optimizer, localSteps: 5 } };
    let state: TaskState = trainTwoRounds(engine);
    const sizes: string[] = [];
    for (let round = 0; round < 50; round++) {
      state = playRound({ ...adam, roundInTask: round }, state, engine).state;
      const { numTensors, numBytes } = tf.memory();
      sizes.push([numTensors, numBytes, heapBytes()].join());
    }
    expect(new Set(sizes).size).toBe(1);
    expect(heapBytes() > 0).toBe(name === 'wasm');
    engine.dispose();
    const { numTensors } = tf.memory();
    engine.load(network, shape);
    engine.dispose();
    expect(tf.memory().numTensors).toBe(numTensors);
  });

  it('refuses calls out of order and arrays of the wrong size', async () => {
    const engine = await createEngine('wasm');
    expect(() => engine.getWeights()).toThrow('no model is loaded');
    engine.load(network, shape);
    expect(() => {
      engine.setWeights([]);
    }).toThrow('weights: expected 3, got 0');
    expect(() => engine.predict(new Float32Array(1), 1)).toThrow(`x: expected ${String(width)}`);
    const x = new Float32Array(width);
    const batch = { rows: 1, x, y: Float32Array.of(1) };
    expect(() => engine.trainStep(batch, 0)).toThrow('without an optimizer');
    engine.dispose();
  });
});
