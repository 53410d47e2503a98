/** The dense engine against TensorFlow's values, and what it refuses. */
import { checkConformance, createEngine, DenseEngine, isDense } from '@plexus/engine';
import { oneInput, modelParameters, type OptimizerSpec } from '@plexus/core';
import { describe, expect, it } from 'vitest';
import { lossRule } from '../../engine/src/dense/loss.ts';
import { Network } from '../../engine/src/dense/network.ts';
import { planOf } from '../../engine/src/dense/plan.ts';
import { numbersOf } from '../../engine/src/conformance/cases.ts';
import { translateLoss, translateOptimizer } from '../../engine/src/conformance/translate.ts';
import {
  chain,
  dense,
  engineVectors,
  expectClose,
  expectTensors,
  modelOfCase,
  numbers,
} from './dense-cases.ts';

const vectors = engineVectors();
const SGD: OptimizerSpec = { kind: 'sgd', learningRate: '0.5' };

describe.skipIf(vectors === undefined)('the dense engine against TensorFlow 2.21', () => {
  const layerCases = (vectors?.layers ?? []).flatMap((given) => {
    const model = given.refusal === undefined ? modelOfCase(given) : undefined;
    return model !== undefined && isDense(model) ? [{ ...given, model }] : [];
  });

  it('takes every case of a dense, activation, softmax or dropout layer', () => {
    const ids = layerCases.map(({ id }) => id);
    const all = vectors!.layers.map(({ id }) => id);
    const wanted = all.filter((id) => /^(dense|activation|leakyReLU|dropout)\b/.test(id));
    expect(wanted.length).toBeGreaterThan(35);
    expect(ids).toEqual(
      expect.arrayContaining([...wanted, 'eluLayer', 'reluLayer.max', 'softmaxLayer', 'net.mlp']),
    );
  });

  it.each(layerCases)('computes $id forward and backward', (given) => {
    const input = given.inputs[0]!;
    const width = input.shape.at(-1)!;
    const x = numbersOf(input);
    const rows = x.length / width; // leading axes are rows: these layers read the last one only
    const network = new Network(planOf(given.model, [width]));
    network.weights.set(given.weights.flatMap((weight) => [...numbersOf(weight)]));
    network.reserve(rows + 1); // more room than rows
    network.values[0]!.set(x);
    const output = network.forward(rows, null).subarray(0, rows * network.plan.outputs);
    expectClose('output', output, given.output!, given.tolerance);
    network.slopes.at(-1)!.set(numbersOf(given.upstream!));
    network.backward(rows, true);
    const below = network.slopes[0]!.subarray(0, x.length);
    expectClose('input', below, given.gradInputs![0]!, given.tolerance);
    network.addGradient(rows, network.gradient);
    expectTensors(network.gradient, given.gradWeights!, given.tolerance);

    const engine = new DenseEngine();
    engine.load(given.model, [width]);
    engine.setWeights(given.weights.map(numbersOf));
    expectClose('prediction', engine.predict(x, rows), given.output!, given.tolerance);
  });

  const lossCases = (vectors?.losses ?? []).flatMap((given) => {
    const loss = translateLoss(given);
    return loss === undefined ? [] : [{ ...given, loss }];
  });

  it('takes every case of its losses', () => {
    expect(lossCases.length).toBe(10);
    expect(new Set(lossCases.map(({ loss }) => loss)).size).toBe(5);
  });

  it.each(lossCases)('computes the loss $id and its gradient', (given) => {
    const [rows = 0, outputs = 0] = given.predictions.shape;
    const predictions = Float64Array.from(numbersOf(given.predictions));
    const gradient = new Float64Array(predictions.length);
    const rule = lossRule(given.loss, outputs);
    const sum = rule.sum(rows, numbersOf(given.labels), predictions, gradient);
    expectClose('value', [sum / rows], [given.value], given.tolerance);
    const mean = gradient.map((slope) => slope / rows);
    expectClose('gradient', mean, given.grad, given.tolerance);
  });

  it('computes huber, whose vector has delta 0.5, by δ²·huber(e ÷ δ)', () => {
    const given = vectors!.losses.find(({ id }) => id === 'huberLoss')!;
    const [rows = 0, outputs = 0] = given.predictions.shape;
    const predictions = Float64Array.from(numbersOf(given.predictions), (p) => p / 0.5);
    const gradient = new Float64Array(predictions.length);
    const labels = numbersOf(given.labels).map((label) => label / 0.5);
    const sum = lossRule('huber', outputs).sum(rows, labels, predictions, gradient);
    expectClose('value', [(0.25 * sum) / rows], [given.value]);
    const mean = gradient.map((slope) => (0.5 * slope) / rows);
    expectClose('gradient', mean, given.grad);
  });

  const optimizerCases = (vectors?.optimizers.cases ?? []).flatMap((given) => {
    const spec = translateOptimizer(given);
    return spec === undefined ? [] : [{ ...given, spec }];
  });

  it('takes every case of its optimizers', () => {
    expect(optimizerCases.map(({ id }) => id)).toEqual([
      'sgd',
      'momentum',
      'momentum.nesterov',
      'adam',
      'adam.betas',
      'adagrad',
      'rmsprop',
      'rmsprop.momentum',
    ]);
  });

  it.each(optimizerCases)('takes five steps with $id', (given) => {
    const { problem } = vectors!.optimizers;
    const input = problem.inputs[0]!;
    const [rows = 0, width = 0] = input.shape;
    const engine = new DenseEngine();
    engine.load(modelOfCase(problem, 'binaryCrossentropy')!, [width], given.spec);
    engine.setWeights(problem.weights.map(numbersOf));
    expect(given.steps.length).toBe(5);
    for (const { loss, weightsAfter } of given.steps) {
      const batch = { rows, x: numbersOf(input), y: numbersOf(problem.labels) };
      expectClose('loss', [engine.trainStep(batch, 3)], [loss], given.tolerance);
      engine.getWeights().forEach((weight, i) => {
        expectClose(`weight ${String(i)}`, weight, weightsAfter[i]!, given.tolerance);
      });
    }
  });

  const perExample = (vectors?.perExample ?? []).flatMap((given) => {
    const model = modelOfCase(given, translateLoss({ api: 'layers', name: given.loss }));
    return model !== undefined && isDense(model) ? [{ ...given, model }] : [];
  });

  it('takes every case of dense layers by example', () => {
    expect(perExample.map(({ id }) => id)).toEqual(
      vectors!.perExample.flatMap(({ id }) => (id.startsWith('dense') ? [id] : [])),
    );
    expect(perExample.length).toBe(3);
  });

  it.each(perExample)('computes gradients of $id by example, unclipped and clipped', (given) => {
    const input = given.inputs[0]!;
    const [rows = 0, width = 0] = input.shape;
    const engine = new DenseEngine();
    engine.load(given.model, [width]);
    engine.setWeights(given.weights.map(numbersOf));
    const patientOf = Uint32Array.from({ length: rows }, (_, i) => i);
    const x = numbersOf(input);
    const batch = { rows, x, y: numbersOf(given.labels), patientOf, patients: rows };
    let seen = 0;
    engine.perPatientGradients(batch, 1e30, (patient, gradient) => {
      expect(patient).toBe(seen++);
      expectTensors(gradient, given.perExampleGrad[patient]!);
    });
    expect(seen).toBe(rows);
    for (const { C, sum } of given.clipped) {
      expectTensors(engine.perPatientClippedSum(batch, C), sum);
      engine.perPatientGradients(batch, C, (patient, gradient) => {
        const factor = Math.min(1, C / Math.sqrt(given.squaredNorms[patient]!));
        const wanted = given.perExampleGrad[patient]!.map((values) =>
          values.map((value) => (value === 0 ? 0 : factor * value)),
        );
        expectTensors(gradient, wanted);
      });
    }
  });
});

describe('the dense engine', () => {
  const model = chain('binaryCrossentropy', dense(3, 'tanh'), dense(1, 'sigmoid'));
  const batch = { rows: 5, x: numbers(1, 10), y: Float32Array.of(0, 1, 1, 0, 1) };
  const start = modelParameters(model, oneInput([2])).map(({ size }, i) => numbers(i, size));
  const loaded = (optimizer?: OptimizerSpec): DenseEngine => {
    const engine = new DenseEngine();
    engine.load(model, [2], optimizer);
    engine.setWeights(start);
    return engine;
  };

  it('keeps weights in float64 from step to step: small steps add up', () => {
    const engine = loaded({ kind: 'sgd', learningRate: '0.000000001' });
    const once = loaded({ kind: 'sgd', learningRate: '0.000002' });
    for (let step = 0; step < 2000; step++) engine.trainStep(batch, 0);
    once.trainStep(batch, 0);
    engine.getWeights().forEach((weight, i) => {
      expectClose(`weight ${String(i)}`, weight, [...once.getWeights()[i]!], { absolute: 1e-7 });
      expect(weight).not.toEqual(start[i]);
    });
  });

  it('forgets the optimizer’s memory at load and lends no array of its own', () => {
    const adam: OptimizerSpec = {
      kind: 'adam',
      learningRate: '0.1',
      beta1: '0.9',
      beta2: '0.999',
      epsilon: '0.0000001',
    };
    const engine = loaded(adam);
    const first = engine.trainStep(batch, 0);
    engine.trainStep(batch, 0);
    const after = engine.getWeights();
    engine.dispose();
    engine.load(model, [2], adam);
    const given = start.map((weight) => weight.slice());
    engine.setWeights(given);
    given.forEach((weight) => weight.fill(NaN));
    engine.getWeights().forEach((weight) => weight.fill(NaN));
    expect(engine.trainStep(batch, 0)).toBe(first);
    engine.trainStep(batch, 0);
    expect(engine.getWeights()).toEqual(after);
  });

  it('gives the known answers that every engine gives before it trains', () => {
    expect(() => {
      checkConformance(new DenseEngine());
    }).not.toThrow();
  });

  it('predicts many rows as it predicts each alone', () => {
    const engine = loaded();
    const x = numbers(9, 2 * 1000);
    const together = engine.predict(x, 1000);
    for (const row of [0, 255, 256, 999])
      expect(engine.predict(x.slice(2 * row, 2 * row + 2), 1)).toEqual(
        together.slice(row, row + 1),
      );
    expect(engine.predict(new Float32Array(0), 0).length).toBe(0);
  });

  it('trains as the cpu engine does, dropout and gradients by patient included', async () => {
    const layers = [
      dense(8, 'gelu'),
      { type: 'dropout', rate: '0.3' } as const,
      dense(1, 'softplus'),
    ];
    const deep = chain('poisson', ...layers);
    const patients = { ...batch, patientOf: Uint32Array.of(0, 1, 1, 2, 3), patients: 5 };
    const results = [new DenseEngine(), await createEngine('cpu')].map((engine) => {
      engine.load(deep, [2], {
        kind: 'momentum',
        learningRate: '0.05',
        momentum: '0.9',
        nesterov: true,
      });
      engine.setWeights(
        modelParameters(deep, oneInput([2])).map(({ size }, i) => numbers(i, size)),
      );
      const losses = Array.from({ length: 20 }, (_, step) => engine.trainStep(batch, step));
      const weights = engine.getWeights().flatMap((weight) => [...weight]);
      const sum = engine.perPatientClippedSum(patients, 0.1);
      engine.dispose();
      return { losses, weights, sum };
    });
    const [ours, theirs] = results;
    const tolerance = { relative: 1e-5 };
    expectClose('losses', ours!.losses, theirs!.losses, tolerance);
    expectClose('weights', ours!.weights, theirs!.weights, tolerance);
    expectClose('clipped sum', ours!.sum, theirs!.sum, tolerance);
  });

  it('makes probabilities of the largest numbers, and of equal ones', () => {
    const x = Float32Array.of(3e38, -3e38, 0, 800, 800, 799, -3e38, -3e38, -3e38);
    const engine = new DenseEngine();
    engine.load(chain('categoricalCrossentropy', { type: 'softmax' }), [3]);
    const e = Math.exp(-1);
    const [high, low] = [1 / (2 + e), e / (2 + e)];
    const third = 1 / 3;
    expectClose('shares', engine.predict(x, 3), [1, 0, 0, high, high, low, third, third, third]);
    const logSoftmax = { type: 'activation', activation: 'logSoftmax' } as const;
    engine.load(chain('meanSquaredError', logSoftmax), [3]);
    const row = engine.predict(x.subarray(3, 6), 1);
    expectClose('logarithms', row, [Math.log(high), Math.log(high), Math.log(low)]);
  });

  it('says which models it takes', () => {
    expect(isDense(model)).toBe(true);
    expect(isDense(chain('huber', { type: 'dropout', rate: '0.5' }, dense(1)))).toBe(true);
    expect(isDense(chain('huber', { type: 'flatten' }, dense(1)))).toBe(false);
    const twice = chain('huber', dense(1), { ...dense(1), inputs: ['input'] });
    expect(isDense(twice)).toBe(false);
    const named = chain(
      'huber',
      { ...dense(2), name: 'first' },
      { ...dense(1), inputs: ['first'] },
    );
    expect(isDense(named)).toBe(true);
  });

  it('refuses another model at load, naming the layer and the engine to choose', () => {
    const engine = new DenseEngine();
    const batchNormalization = {
      type: 'batchNormalization',
      momentum: '0.99',
      epsilon: '0.001',
    } as const;
    const code = 'LAYER_NOT_SUPPORTED_ON_ENGINE';
    expect(() => {
      engine.load(chain('huber', dense(2), { ...batchNormalization, name: 'norm' }, dense(1)), [2]);
    }).toThrow(
      expect.objectContaining({
        code,
        message: expect.stringMatching(
          /layers\[1\], batchNormalization norm: .*choose wasm/,
        ) as string,
      }),
    );
    expect(() => {
      engine.load(model, [3, 2]);
    }).toThrow(expect.objectContaining({ code }));
  });

  it('refuses calls that the port excludes', () => {
    const bug = expect.objectContaining({ code: 'STATE_UNEXPECTED' }) as Error;
    expect(() => new DenseEngine().getWeights()).toThrow(bug);
    expect(() => loaded().trainStep(batch, 0)).toThrow(bug);
    const engine = loaded(SGD);
    expect(() => engine.trainStep({ ...batch, rows: 4 }, 0)).toThrow(bug);
    expect(() => engine.trainStep({ ...batch, y: new Float32Array(4) }, 0)).toThrow(bug);
    expect(() => engine.predict(batch.x, 4)).toThrow(bug);
    expect(() => {
      engine.setWeights(start.slice(1));
    }).toThrow(bug);
    expect(() => {
      engine.setWeights(start.map((weight) => weight.slice(1)));
    }).toThrow(bug);
    engine.dispose();
    expect(() => engine.predict(batch.x, 5)).toThrow(bug);
  });
});
