/**
 * The training engine over tfjs, on whichever backend a provider has prepared.
 *
 * Every call is synchronous and leaves no tensor behind but the model's weights and the optimizer's memory. tfjs has one current
 * backend per process, so each call first makes its own current; once a backend is up, that takes effect at once.
 * Source: engine.md "Determinism" and "Memory". Leaves to others: what the model is (tfjs-model.ts), threads (worker.ts).
 */
import {
  mixingProblems,
  oneInput,
  PlexusError,
  sizeOfShape,
  type Batch,
  type GradientSink,
  type ModelSpec,
  type OptimizerSpec,
  type PatientBatch,
  type Shape,
  type TrainingEngine,
} from '@plexus/core';
import * as tf from '@tensorflow/tfjs-core';
import { capabilityProblems } from './capabilities.js';
import { expectCount, refuse } from './expect.js';
import { labelWidth, meanLoss } from './losses.js';
import { VariableOptimizer } from './optimizers.js';
import { PatientGradients } from './patient-gradients.js';
import { loopOverPatients, type BatchGradient } from './patient-loop.js';
import { isTaped, TapedRows } from './patient-tape.js';
import type { TfjsName } from './provider.js';
import { TfjsModel } from './tfjs-model.js';

/** Rows predicted at a time, so that a large hospital needs no large tensor: at most so many, and so many numbers between two layers. */
const PREDICT_ROWS = 4096;
const PREDICT_NUMBERS = 2 ** 22;

interface Loaded {
  readonly spec: ModelSpec;
  readonly inputShape: Shape;
  /** Numbers of an example. */
  readonly inputs: number;
  readonly outputs: number;
  readonly labels: number;
  readonly model: TfjsModel;
  readonly trainable: readonly tf.Variable[];
  readonly optimizer: VariableOptimizer | undefined;
  /** Where one pass gives every row's gradient; without it each patient takes a pass. */
  readonly byRows: PatientGradients | undefined;
}

/** Shapes and errors: as TrainingEngine; bug/STATE_UNEXPECTED for a call out of order or arrays of the wrong size. */
export class TfjsEngine implements TrainingEngine {
  readonly id: string;
  readonly #name: TfjsName;
  #loaded: Loaded | undefined;

  /** name: of a backend that is up. */
  constructor(id: string, name: TfjsName) {
    this.id = id;
    this.#name = name;
  }

  load(spec: ModelSpec, inputShape: Shape, optimizer?: OptimizerSpec): void {
    this.dispose();
    refuse(capabilityProblems(this.#name, spec, 'model'));
    const model = new TfjsModel(spec, oneInput(inputShape));
    const outputs = sizeOfShape(model.outputShape);
    this.#loaded = {
      spec,
      inputShape,
      inputs: sizeOfShape(inputShape),
      outputs,
      labels: labelWidth(spec.loss, outputs),
      model,
      trainable: model.trainable,
      optimizer: optimizer && new VariableOptimizer(optimizer, model.trainable),
      byRows: gradientsByRows(spec, inputShape, model),
    };
  }

  setWeights(weights: readonly Float32Array[]): void {
    const { model } = this.#current();
    expectCount('weights', model.weights.length, weights.length);
    tf.tidy(() => {
      model.weights.forEach(({ parameter, variable }, i) => {
        const values = weights[i] ?? new Float32Array(0);
        expectCount(`weight ${String(i)}`, parameter.size, values.length);
        // tfjs may keep the array it is given, so it gets one of its own
        variable.assign(tf.tensor(values.slice(), variable.shape));
      });
    });
  }

  getWeights(): readonly Float32Array[] {
    return this.#current().model.weights.map(({ variable }) => numbersOf(variable));
  }

  trainStep(batch: Batch, stepSeed: number): number {
    const loaded = this.#current();
    const { optimizer } = loaded;
    if (optimizer === undefined)
      throw new PlexusError('STATE_UNEXPECTED', 'engine: loaded without an optimizer');
    expectBatch(batch, loaded);
    return tf.tidy(() => optimizer.minimize(lossOf(loaded, batch, stepSeed)));
  }

  perPatientGradients(batch: PatientBatch, clipNorm: number, sink: GradientSink): void {
    const loaded = this.#separable(batch);
    if (loaded.byRows === undefined)
      loopOverPatients(gradients(loaded), sizeOfWeights(loaded), batch, clipNorm, sink);
    else loaded.byRows.each(batch, clipNorm, sink);
  }

  perPatientClippedSum(batch: PatientBatch, clipNorm: number): Float32Array {
    const loaded = this.#separable(batch);
    if (loaded.byRows !== undefined) return loaded.byRows.clippedSum(batch, clipNorm);
    const sum = new Float64Array(sizeOfWeights(loaded));
    this.perPatientGradients(batch, clipNorm, (_, gradient) => {
      gradient.forEach((value, i) => (sum[i] = (sum[i] ?? 0) + value));
    });
    return Float32Array.from(sum);
  }

  predict(x: Float32Array, rows: number): Float32Array {
    const { model, inputShape, inputs, outputs } = this.#current();
    expectCount('x', rows * inputs, x.length);
    const most = Math.min(PREDICT_ROWS, Math.ceil(PREDICT_NUMBERS / model.widest));
    const out = new Float32Array(rows * outputs);
    for (let start = 0; start < rows; start += most) {
      const end = Math.min(rows, start + most);
      const part = x.slice(start * inputs, end * inputs);
      const scores = tf.tidy(() =>
        model.forward([tf.tensor(part, [end - start, ...inputShape])]).dataSync(),
      );
      out.set(scores, start * outputs);
    }
    return out;
  }

  dispose(): void {
    this.#useBackend();
    this.#loaded?.model.dispose();
    this.#loaded = undefined;
  }

  #separable(batch: PatientBatch): Loaded {
    const loaded = this.#current();
    refuse(mixingProblems(loaded.spec, 'model'));
    expectBatch(batch, loaded);
    expectCount('patientOf', batch.rows, batch.patientOf.length);
    return loaded;
  }

  #current(): Loaded {
    if (this.#loaded === undefined)
      throw new PlexusError('STATE_UNEXPECTED', 'engine: no model is loaded');
    this.#useBackend();
    return this.#loaded;
  }

  #useBackend(): void {
    if (tf.getBackend() !== this.#name) void tf.setBackend(this.#name);
  }
}

/** The mean loss of a batch. seed: of the step while training; without one nothing is dropped and nothing moves. */
function lossOf(loaded: Loaded, { rows, x, y }: Batch, seed?: number): () => tf.Scalar {
  const { spec, model, inputShape, labels } = loaded;
  const inputs = tf.tensor(x, [rows, ...inputShape]);
  const wanted = tf.tensor(y, [rows, labels]);
  return () => {
    const output = model.forward([inputs], seed);
    return meanLoss(spec.loss, wanted, tf.reshape(output, [rows, loaded.outputs]));
  };
}

function gradients(loaded: Loaded): BatchGradient {
  const { trainable } = loaded;
  const size = sizeOfWeights(loaded);
  return (rows, x, y) =>
    tf.tidy(() => {
      const out = new Float32Array(size);
      if (trainable.length === 0) return out;
      const { grads } = tf.variableGrads(lossOf(loaded, { rows, x, y }), [...trainable]);
      let start = 0;
      for (const { name, size: length } of trainable) {
        const gradient = grads[name];
        if (gradient !== undefined) out.set(numbersOf(gradient), start);
        start += length;
      }
      return out;
    });
}

function gradientsByRows(
  spec: ModelSpec,
  inputShape: Shape,
  { trainable }: TfjsModel,
): PatientGradients | undefined {
  if (!isTaped(spec, inputShape)) return undefined;
  const size = trainable.reduce((sum, variable) => sum + variable.size, 0);
  return new PatientGradients(new TapedRows(spec, inputShape, () => trainable), size);
}

function sizeOfWeights({ trainable }: Loaded): number {
  return trainable.reduce((sum, { size }) => sum + size, 0);
}

/** A copy: a backend may hand out its own memory. */
function numbersOf(tensor: tf.Tensor): Float32Array {
  return Float32Array.from(tensor.dataSync());
}

function expectBatch({ rows, x, y }: Batch, { inputs, labels }: Loaded): void {
  expectCount('x', rows * inputs, x.length);
  expectCount('y', rows * labels, y.length);
}
