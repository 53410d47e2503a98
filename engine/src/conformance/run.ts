/**
 * Runs the reference cases on an engine and compares: outputs, gradients, moving statistics, losses, optimizer steps, gradients by example.
 *
 *     max|got − want| ≤ absolute + relative · max|want|     array by array
 *
 * Leaves to others: the file (cases.ts), what a study can name (translate.ts), printing (cli/).
 */
import {
  modelParameters,
  PlexusError,
  type ModelInput,
  type Problem,
  type ModelSpec,
} from '@plexus/core';
import * as tf from '@tensorflow/tfjs-core';
import { capabilityProblems } from '../capabilities.js';
import { meanLoss } from '../losses.js';
import type { TfjsName } from '../provider.js';
import { TfjsEngine } from '../tfjs-engine.js';
import { TfjsModel } from '../tfjs-model.js';
import {
  numbersOf,
  type CaseTensor,
  type EngineVectors,
  type LayerCase,
  type LossCase,
  type OptimizerCase,
  type PatientCase,
  type CaseProblem,
  type Tolerance,
} from './cases.js';
import { translateLoss, translateModel, translateOptimizer } from './translate.js';

export type Outcome =
  | { readonly kind: 'passed' }
  /** Refused by core with the code that the case asks for. */
  | { readonly kind: 'refused' }
  /** A study cannot name it, or not on this engine. */
  | { readonly kind: 'notOffered'; readonly text: string }
  | { readonly kind: 'failed'; readonly text: string };

export interface ConformanceCase {
  /** As in the file, with the prefix loss:, optimizer: or perExample: behind the layers. */
  readonly id: string;
  /** The engine's backend must be up. Errors: none thrown; what tfjs throws is a failure. */
  readonly run: (engine: TfjsName) => Outcome;
}

export function conformanceCases(vectors: EngineVectors): readonly ConformanceCase[] {
  const { layers, losses, optimizers, perExample } = vectors;
  return [
    ...layers.map((given) => caseOf(given.id, (engine) => runLayers(given, engine))),
    ...losses.map((given) => caseOf(`loss:${given.id}`, () => runLoss(given))),
    ...optimizers.cases.map((given) =>
      caseOf(`optimizer:${given.id}`, (engine) => runOptimizer(optimizers.problem, given, engine)),
    ),
    ...perExample.map((given) =>
      caseOf(`perExample:${given.id}`, (engine) => runPatients(given, engine)),
    ),
  ];
}

function caseOf(id: string, run: (engine: TfjsName) => Outcome): ConformanceCase {
  return {
    id,
    run(engine) {
      if (tf.getBackend() !== engine) void tf.setBackend(engine); // at once: it is up
      try {
        return tf.tidy(() => ({ outcome: run(engine) })).outcome;
      } catch (thrown) {
        const [text = ''] = (thrown instanceof Error ? thrown.message : String(thrown)).split('\n');
        return { kind: 'failed', text };
      }
    },
  };
}

/** Notes what differs. */
class Comparison {
  readonly #tolerance: Tolerance;
  readonly #differences: string[] = [];

  constructor(tolerance: Tolerance = {}) {
    this.#tolerance = tolerance;
  }

  close(what: string, got: ArrayLike<number>, want: ArrayLike<number>): void {
    const { relative = 2e-5, absolute = 1e-6 } = this.#tolerance;
    let largest = 0;
    let error = got.length === want.length ? 0 : NaN;
    for (let i = 0; i < want.length; i++) {
      const wanted = want[i] ?? NaN;
      largest = Math.max(largest, Math.abs(wanted));
      error = Math.max(error, Math.abs((got[i] ?? NaN) - wanted)); // NaN stays NaN
    }
    const allowed = absolute + relative * largest;
    if (error <= allowed) return;
    this.#differences.push(
      `${what}: off by ${error.toPrecision(3)}, allowed ${allowed.toPrecision(3)}`,
    );
  }

  outcome(): Outcome {
    if (this.#differences.length === 0) return { kind: 'passed' };
    return { kind: 'failed', text: this.#differences.join('; ') };
  }
}

interface Offered {
  readonly model: ModelSpec;
  readonly inputs: readonly ModelInput[];
}

function isOutcome(value: Offered | Outcome): value is Outcome {
  return 'kind' in value;
}

/** The model of a case, or what becomes of the case without one. */
function offered(
  given: Parameters<typeof translateModel>[0],
  engine: TfjsName,
  refusal: string | undefined,
  loss: Parameters<typeof translateModel>[1],
): Offered | Outcome {
  const translated = translateModel(given, loss);
  if (translated.kind === 'parsed') {
    if (refusal !== undefined) return { kind: 'failed', text: `expected core to say ${refusal}` };
    const problems = capabilityProblems(engine, translated.model, 'model');
    if (problems.length > 0) return { kind: 'notOffered', text: textOf(problems) };
    return { model: translated.model, inputs: translated.inputs };
  }
  const { problems } = translated;
  if (refusal === undefined) return { kind: 'notOffered', text: textOf(problems) };
  if (problems.some(({ code }) => code === refusal)) return { kind: 'refused' };
  return { kind: 'failed', text: `expected ${refusal}, got ${textOf(problems)}` };
}

function textOf([problem]: readonly Problem[]): string {
  return problem === undefined ? '' : `${problem.path}: ${problem.text}`;
}

function runLayers(given: LayerCase, engine: TfjsName): Outcome {
  const found = offered(given, engine, given.refusal?.code, undefined);
  if (isOutcome(found)) return found;
  const model = new TfjsModel(found.model, found.inputs);
  const inputs = given.inputs.map((tensor) => tf.variable(tensorOf(tensor)));
  try {
    model.weights.forEach(({ variable }, i) => {
      const weight = given.weights[i];
      if (weight !== undefined) variable.assign(tf.tensor(numbersOf(weight), variable.shape));
    });
    return compareLayers(given, model, inputs);
  } finally {
    model.dispose();
    tf.dispose(inputs);
  }
}

function compareLayers(
  given: LayerCase,
  model: TfjsModel,
  inputs: readonly tf.Variable[],
): Outcome {
  const comparison = new Comparison(given.tolerance);
  const { upstream, output: wanted = [], gradInputs = [], gradWeights = [], after = [] } = given;
  comparison.close('number of weights', [model.weights.length], [given.weights.length]);
  const traced = [
    ...inputs.map((variable, i) => ({
      what: `gradient of input ${String(i)}`,
      variable,
      want: gradInputs[i],
    })),
    ...model.weights.map(({ parameter, variable }, i) => ({
      what: `gradient of ${parameter.name}`,
      variable,
      want: gradWeights[i],
    })),
  ].flatMap(({ want, ...rest }) => (want ? [{ ...rest, want }] : []));
  const forward = (): tf.Scalar => {
    const output = model.forward(inputs, given.training ? 0 : undefined);
    comparison.close('output', output.dataSync(), wanted);
    return upstream === undefined ? tf.sum(output) : tf.sum(tf.mul(output, tensorOf(upstream)));
  };
  if (traced.length === 0) forward();
  else {
    const variables = traced.map(({ variable }) => variable);
    const { grads } = tf.variableGrads(forward, variables);
    for (const { what, variable, want } of traced)
      comparison.close(what, grads[variable.name]?.dataSync() ?? [], want);
  }
  for (const { weight, values } of after)
    comparison.close(
      `weight ${String(weight)} after`,
      model.weights[weight]?.variable.dataSync() ?? [],
      values,
    );
  return comparison.outcome();
}

function runLoss(given: LossCase): Outcome {
  const loss = translateLoss(given);
  if (loss === undefined) return { kind: 'notOffered', text: `no loss of a study: ${given.name}` };
  const comparison = new Comparison(given.tolerance);
  const labels = tensorOf(given.labels);
  const predictions = tensorOf(given.predictions);
  const examples = given.perExample.map((_, i) => {
    const row = (tensor: tf.Tensor): tf.Tensor => tf.slice(tensor, i, 1);
    return meanLoss(loss, row(labels), row(predictions)).dataSync()[0] ?? NaN;
  });
  comparison.close('by example', examples, given.perExample);
  comparison.close('mean', meanLoss(loss, labels, predictions).dataSync(), [given.value]);
  const gradient = tf.grad((p) => meanLoss(loss, labels, p))(predictions);
  comparison.close('gradient', gradient.dataSync(), given.grad);
  return comparison.outcome();
}

function runOptimizer(problem: CaseProblem, given: OptimizerCase, name: TfjsName): Outcome {
  const optimizer = translateOptimizer(given);
  if (optimizer === undefined) {
    const text = `no optimizer of a study: ${given.optimizer.className}`;
    return { kind: 'notOffered', text };
  }
  return withProblem(problem, name, (engine, { model, inputs }) => {
    const comparison = new Comparison(given.tolerance);
    engine.load(model, inputs[0]?.shape ?? [], optimizer);
    engine.setWeights(problem.weights.map(numbersOf));
    given.steps.forEach(({ loss, weightsAfter }, step) => {
      const what = `step ${String(step + 1)}`;
      comparison.close(`${what}, loss`, [engine.trainStep(batchOf(problem), 0)], [loss]);
      engine.getWeights().forEach((weight, i) => {
        comparison.close(`${what}, weight ${String(i)}`, weight, weightsAfter[i] ?? []);
      });
    });
    return comparison.outcome();
  });
}

/** One row a patient. */
function runPatients(given: PatientCase, name: TfjsName): Outcome {
  return withProblem(given, name, (engine, { model, inputs }) => {
    const comparison = new Comparison(given.tolerance);
    engine.load(model, inputs[0]?.shape ?? []);
    engine.setWeights(given.weights.map(numbersOf));
    const batch = batchOf(given);
    const patients = {
      ...batch,
      patients: batch.rows,
      patientOf: Uint32Array.from({ length: batch.rows }, (_, row) => row),
    };
    const sizes = modelParameters(model, inputs).map(({ size }) => size);
    const squaredNorms: number[] = [];
    const compareAll = (what: string, got: Float32Array, want: readonly (readonly number[])[]) => {
      let start = 0;
      sizes.forEach((size, i) => {
        const part = got.subarray(start, (start += size));
        comparison.close(`${what}, weight ${String(i)}`, part, want[i] ?? []);
      });
    };
    engine.perPatientGradients(patients, Infinity, (patient, gradient) => {
      compareAll(`example ${String(patient)}`, gradient, given.perExampleGrad[patient] ?? []);
      squaredNorms.push(gradient.reduce((sum, value) => sum + value * value, 0));
    });
    comparison.close('squared norms', squaredNorms, given.squaredNorms);
    compareAll('sum', engine.perPatientClippedSum(patients, Infinity), given.gradSum);
    for (const { C, sum } of given.clipped)
      compareAll(`sum clipped to ${String(C)}`, engine.perPatientClippedSum(patients, C), sum);
    return comparison.outcome();
  });
}

function withProblem(
  problem: CaseProblem,
  name: TfjsName,
  run: (engine: TfjsEngine, found: Offered) => Outcome,
): Outcome {
  const loss = translateLoss({ api: 'layers', name: problem.loss });
  if (loss === undefined)
    return { kind: 'notOffered', text: `no loss of a study: ${problem.loss}` };
  const found = offered(problem, name, undefined, loss);
  if (isOutcome(found)) return found;
  const engine = new TfjsEngine('conformance', name);
  try {
    return run(engine, found);
  } finally {
    engine.dispose();
  }
}

function batchOf({ inputs, labels }: CaseProblem): {
  rows: number;
  x: Float32Array;
  y: Float32Array;
} {
  const [input] = inputs;
  if (input === undefined) throw new PlexusError('FILE_UNREADABLE', 'case: expected an input');
  return { rows: input.shape[0] ?? 0, x: numbersOf(input), y: numbersOf(labels) };
}

function tensorOf(tensor: CaseTensor): tf.Tensor {
  return tf.tensor(numbersOf(tensor), [...tensor.shape]);
}
