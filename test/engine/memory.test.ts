import { oneInput, type ModelSpec, type Shape } from '@plexus/core';
import { createEngine } from '@plexus/engine';
import { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { LINEAR, modelOf, someNumbers, someWeights } from './models.ts';

const adam = {
  kind: 'adam',
  learningRate: '0.01',
  beta1: '0.9',
  beta2: '0.999',
  epsilon: '0.0000001',
} as const;

const sequences = modelOf(
  [
    { type: 'masking' },
    { type: 'bidirectional', layer: { type: 'lstm', units: 3, returnSequences: true } },
    { type: 'timeDistributed', layer: { type: 'dense', units: 2, activation: 'relu' } },
    { type: 'groupNormalization', groups: 1 },
    { type: 'dropout', rate: 0.5 },
    { type: 'flatten' },
    LINEAR,
  ],
  [4, 3],
);
const pictures = modelOf(
  [
    { type: 'conv2d', filters: 3, kernelSize: 3, strides: 2, padding: 'same', name: 'first' },
    { type: 'separableConv2d', filters: 3, kernelSize: 3, padding: 'same' },
    { type: 'layerNormalization' },
    { type: 'add', inputs: ['layer2', 'first'] },
    { type: 'maxPooling2d' },
    { type: 'averagePooling2d', padding: 'same' },
    { type: 'upSampling2d' },
    { type: 'flatten' },
    LINEAR,
  ],
  [8, 8, 2],
);
const words = modelOf(
  [{ type: 'embedding', inputDim: 5, outputDim: 2 }, { type: 'gru', units: 2 }, LINEAR],
  [6],
);
const survival = modelOf([LINEAR], [3], 'coxPartialLikelihood');

/** Size of the wasm heap, 0 on other backends. */
function heapBytes(): number {
  const backend: unknown = tf.backend();
  const heap: unknown =
    backend instanceof BackendWasm && 'HEAPU8' in backend.wasm ? backend.wasm.HEAPU8 : undefined;
  return heap instanceof Uint8Array ? heap.length : 0;
}

describe.each([
  ['wasm', 'sequences', sequences, [4, 3], 1],
  ['wasm', 'pictures', pictures, [8, 8, 2], 1],
  ['wasm', 'words', words, [6], 1],
  ['wasm', 'survival', survival, [3], 2],
  ['cpu', 'sequences', sequences, [4, 3], 1],
  ['cpu', 'survival', survival, [3], 2],
] as const)('50 rounds on %s of %s', (name, _, model: ModelSpec, shape: Shape, labels) => {
  it('leave tensors and heap as they were', async () => {
    const engine = await createEngine(name);
    const rows = 5;
    const x = someNumbers(rows * tf.util.sizeFromShape([...shape])).map(Math.abs);
    const y = someNumbers(rows * labels, 2).map(Math.abs);
    const weights = someWeights(model, oneInput(shape));
    const round = (): string => {
      engine.load(model, shape, adam);
      engine.setWeights(weights);
      for (let step = 0; step < 3; step++)
        expect(engine.trainStep({ rows, x, y }, step)).toBeTypeOf('number');
      if (model.loss !== 'coxPartialLikelihood') {
        const patientOf = Uint32Array.of(0, 0, 1, 2, 2);
        engine.perPatientClippedSum({ rows, x, y, patientOf, patients: 3 }, 1);
      }
      engine.predict(x, rows);
      const trained = tf.memory().numTensors;
      engine.dispose();
      const { numTensors, numBytes, numDataBuffers } = tf.memory();
      return [trained, numTensors, numBytes, numDataBuffers, heapBytes()].join();
    };
    round(); // the heap grows to what the model needs
    const sizes = Array.from({ length: 50 }, round);
    expect(new Set(sizes).size).toBe(1);
    expect(heapBytes() > 0).toBe(name === 'wasm');
  });
});
