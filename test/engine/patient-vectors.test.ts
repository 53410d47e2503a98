/** Gradients by patient from one pass of tfjs, against TensorFlow's values. */
import * as tf from '@tensorflow/tfjs-core';
import { createEngine } from '@plexus/engine';
import { beforeAll, describe, expect, it } from 'vitest';
import { isTaped } from '../../engine/src/patient-tape.ts';
import { numbersOf } from '../../engine/src/conformance/cases.ts';
import { translateLoss } from '../../engine/src/conformance/translate.ts';
import { engineVectors, expectTensors, modelOfCase } from './dense-cases.ts';
import { alone, each, gradientsOf, summed, tensorsOf } from './patient-cases.ts';

const vectors = engineVectors();

describe.skipIf(vectors === undefined).each([
  ['wasm', []],
  ['cpu', ['net.conv.avgpool.same', 'conv.same.s2.B4']], // wrong there: average-pooling's gradient with `same`
] as const)('one pass on %s for all rows, against TensorFlow 2.21', (engine, wrong) => {
  const isWrong = (id: string): boolean => wrong.some((known) => known === id);
  beforeAll(async () => {
    await createEngine(engine); // brings its backend up
    await tf.setBackend(engine);
  });

  const cases = (vectors?.layers ?? []).flatMap((given) => {
    const input = given.inputs[0]!.shape.slice(1);
    const isOne =
      given.inputs.every(({ name }) => name === undefined) && given.refusal === undefined;
    const model = isOne ? modelOfCase(given) : undefined;
    if (model === undefined || given.weights.length === 0 || isWrong(given.id)) return [];
    return isTaped(model, input) ? [{ ...given, input, model }] : [];
  });

  it('takes dense, convolution, normalisation and embedding layers and networks of them', () => {
    const ids = cases.map(({ id }) => id);
    for (const kind of ['dense', 'conv1d', 'conv2d', 'depthwise'])
      expect(ids.filter((id) => id.startsWith(`${kind}.`)).length).toBeGreaterThan(15);
    expect(ids).toEqual(
      expect.arrayContaining([
        'dense.3d',
        'layerNorm',
        'layerNorm.axes',
        'prelu.shared',
        'timeDistributed.dense',
        'embedding.gap.dense',
        'net.conv.maxpool',
        'net.ecg',
      ]),
    );
  });

  // a squared error whose slope is the upstream gradient: labels = output − upstream · outputs ÷ 2
  it.each(cases)('adds up to the gradient of $id', (given) => {
    const rows = given.inputs[0]!.shape[0]!;
    const outputs = given.output!.length / rows;
    const upstream = numbersOf(given.upstream!);
    const y = Float32Array.from(given.output!, (p, k) => p - (upstream[k]! * outputs) / 2);
    const weights = tensorsOf(given.model, given.input, given.weights.map(numbersOf));
    const batch = { ...alone(rows), x: numbersOf(given.inputs[0]!), y };
    const gradients = gradientsOf(given.model, given.input, weights);
    const tolerance = { absolute: 1e-5, relative: 2e-5 }; // labels are float32
    expectTensors(summed(each(gradients, batch, 1e30)), given.gradWeights!, tolerance);
    expectTensors(gradients.clippedSum(batch, 1e30), given.gradWeights!, tolerance);
  });

  const perExample = (vectors?.perExample ?? []).flatMap((given) => {
    const input = given.inputs[0]!.shape.slice(1);
    const model = modelOfCase(given, translateLoss({ api: 'layers', name: given.loss }));
    if (model === undefined || isWrong(given.id)) return [];
    return isTaped(model, input) ? [{ ...given, input, model }] : [];
  });

  it('takes every case by example but the recurrent one', () => {
    const all = vectors!.perExample.map(({ id }) => id);
    expect(perExample.map(({ id }) => id)).toEqual(
      all.filter((id) => !id.startsWith('lstm') && !isWrong(id)),
    );
    expect(perExample.length).toBe(7 - (engine === 'cpu' ? 1 : 0));
  });

  it.each(perExample)('gives the gradients of $id by example, and their clipped sums', (given) => {
    const rows = given.inputs[0]!.shape[0]!;
    const batch = {
      ...alone(rows),
      x: numbersOf(given.inputs[0]!),
      y: numbersOf(given.labels),
    };
    const weights = tensorsOf(given.model, given.input, given.weights.map(numbersOf));
    const gradients = gradientsOf(given.model, given.input, weights);
    each(gradients, batch, 1e30).forEach((gradient, patient) => {
      expectTensors(gradient, given.perExampleGrad[patient]!);
    });
    for (const { C, sum } of given.clipped) {
      expectTensors(gradients.clippedSum(batch, C), sum);
      expectTensors(summed(each(gradients, batch, C)), sum);
    }
  });
});
