import * as tf from '@tensorflow/tfjs-core';
import { createEngine } from '@plexus/engine';
import type { OptimizerSpec } from '@plexus/core';
import { describe, expect, it } from 'vitest';
import { buildModel, meanLoss } from '../../engine/src/tfjs-model.ts';
import { engineVectors, expectClose, modelOf, numbersOf } from './vectors.ts';

const vectors = engineVectors();
const isVariable = (value: tf.Tensor): value is tf.Variable => value instanceof tf.Variable;

describe.skipIf(vectors === undefined).each(['wasm', 'cpu'] as const)(
  'the %s engine against TensorFlow 2.21',
  (name) => {
    const layerCases = vectors?.layers.flatMap((given) => {
      const model = modelOf(given.layers);
      const isFlat = given.inputs.every(({ shape }) => shape.length === 2);
      return model !== undefined && isFlat ? [{ ...given, model }] : [];
    });

    it('has cases for every activation, with and without bias, and for a network', () => {
      const ids = layerCases?.map(({ id }) => id);
      const some = ['linear', 'relu', 'sigmoid', 'tanh', 'nobias'].map((kind) => `dense.${kind}`);
      expect(ids).toEqual(expect.arrayContaining([...some, 'net.mlp']));
    });

    it.each(layerCases ?? [])('computes $id forward and backward', async (given) => {
      await createEngine(name);
      await tf.setBackend(name);
      const [input] = given.inputs;
      if (input === undefined) throw new Error('expected an input');
      const model = buildModel(given.model, input.shape[1] ?? 0);
      const weights = given.weights.map((w) => tf.tensor(numbersOf(w), [...w.shape]));
      model.setWeights(weights);
      const x = tf.tensor2d(numbersOf(input), [input.shape[0] ?? 0, input.shape[1] ?? 0]);
      const upstream = tf.tensor(numbersOf(given.upstream), [...given.upstream.shape]);
      const forward = (value: tf.Tensor): tf.Tensor => {
        const out = model.apply(value, { training: true });
        if (!(out instanceof tf.Tensor)) throw new Error('expected one output');
        return out;
      };
      const weighted = (value: tf.Tensor): tf.Scalar => tf.sum(tf.mul(forward(value), upstream));
      expectClose('output', forward(x).dataSync(), given.output, given.tolerance);
      const back = tf.grad((value) => weighted(value))(x);
      expectClose('input', back.dataSync(), given.gradInputs[0] ?? [], given.tolerance);
      const variables = model.trainableWeights.map((weight) => weight.read()).filter(isVariable);
      const { grads } = tf.variableGrads(() => weighted(x), variables);
      variables.forEach((variable, i) => {
        const gradient = grads[variable.name]?.dataSync() ?? [];
        expectClose(`weight ${String(i)}`, gradient, given.gradWeights[i] ?? [], given.tolerance);
      });
    });

    const lossCases = vectors?.losses.filter(
      (given) => given.api === 'layers' && given.name === 'binaryCrossentropy',
    );

    it.each(lossCases ?? [])('computes the loss $id and its gradient', async (given) => {
      await createEngine(name);
      await tf.setBackend(name);
      const model = { name: 'loss', loss: 'binaryCrossentropy', layers: [] } as const;
      const labels = tf.tensor(numbersOf(given.labels), [...given.labels.shape]);
      const predictions = tf.tensor(numbersOf(given.predictions), [...given.predictions.shape]);
      const value = meanLoss(model, labels, predictions).dataSync();
      expectClose('value', value, [given.value], given.tolerance);
      const gradient = tf.grad((p) => meanLoss(model, labels, p))(predictions);
      expectClose('gradient', gradient.dataSync(), given.grad, given.tolerance);
    });

    const optimizerCases = vectors?.optimizers.cases.flatMap((given) => {
      const { className, config } = given.optimizer;
      const { learningRate, beta1, beta2, epsilon } = config;
      const spec: OptimizerSpec | undefined =
        className === 'SGD'
          ? { kind: 'sgd', learningRate: String(learningRate) }
          : className === 'Adam'
            ? {
                kind: 'adam',
                learningRate: String(learningRate),
                beta1: String(beta1 ?? 0.9),
                beta2: String(beta2 ?? 0.999),
                epsilon: String(epsilon ?? 1e-7),
              }
            : undefined;
      return spec === undefined ? [] : [{ ...given, spec }];
    });

    it.each(optimizerCases ?? [])('takes five steps with $id', async (given) => {
      const problem = vectors?.optimizers.problem;
      const model = modelOf(problem?.layers);
      const [input] = problem?.inputs ?? [];
      if (problem === undefined || model === undefined || input === undefined)
        throw new Error('expected the problem of the vectors');
      const engine = await createEngine(name);
      engine.load(model, input.shape[1] ?? 0, given.spec);
      engine.setWeights(problem.weights.map(numbersOf));
      for (const { loss, weightsAfter } of given.steps) {
        const rows = input.shape[0] ?? 0;
        const got = engine.trainStep(numbersOf(input), numbersOf(problem.labels), rows);
        expectClose('loss', [got], [loss], given.tolerance);
        engine.getWeights().forEach((weight, i) => {
          expectClose(`weight ${String(i)}`, weight, weightsAfter[i] ?? [], given.tolerance);
        });
      }
      engine.dispose();
    });
  },
);
