/**
 * The training engine over tfjs, on whichever backend a provider has prepared.
 *
 * Every call is synchronous and leaves no tensor behind but the model's weights and the optimizer's memory. tfjs has one current
 * backend per process, so each call first makes its own current; once a backend is up, that takes effect at once.
 * Source: engine.md "Determinism" and "Memory". Leaves to others: what the model is (tfjs-model.ts), threads (worker.ts).
 */
import { PlexusError, type ModelSpec, type OptimizerSpec, type TrainingEngine } from '@plexus/core';
import * as tf from '@tensorflow/tfjs-core';
import type { LayerVariable, Sequential } from '@tensorflow/tfjs-layers';
import { buildModel, buildOptimizer, meanLoss } from './tfjs-model.js';

/** Rows predicted at a time, so that a large hospital needs no large tensor. */
const PREDICT_ROWS = 4096;

interface Loaded {
  readonly spec: ModelSpec;
  readonly inputWidth: number;
  readonly outputWidth: number;
  readonly model: Sequential;
  readonly optimizer: tf.Optimizer | undefined;
  readonly variables: readonly LayerVariable[];
}

/** Shapes and errors: as TrainingEngine; bug/STATE_UNEXPECTED for a call out of order or arrays of the wrong size. */
export class TfjsEngine implements TrainingEngine {
  readonly id: string;
  readonly #backend: string;
  #loaded: Loaded | undefined;

  constructor(id: string, backend: string) {
    this.id = id;
    this.#backend = backend;
  }

  load(spec: ModelSpec, inputWidth: number, optimizer?: OptimizerSpec): void {
    this.dispose();
    const model = buildModel(spec, inputWidth);
    this.#loaded = {
      spec,
      inputWidth,
      outputWidth: spec.layers.at(-1)?.units ?? 0,
      model,
      optimizer: optimizer && buildOptimizer(optimizer),
      variables: model.trainableWeights,
    };
  }

  setWeights(weights: readonly Float32Array[]): void {
    const { variables } = this.#current();
    expectLength('weights', variables.length, weights.length);
    tf.tidy(() => {
      variables.forEach((variable, i) => {
        const shape = variable.shape.map((extent) => extent ?? 0);
        const values = weights[i] ?? new Float32Array(0);
        expectLength(`weight ${String(i)}`, tf.util.sizeFromShape(shape), values.length);
        // tfjs may keep the array it is given, so it gets one of its own
        variable.write(tf.tensor(values.slice(), shape));
      });
    });
  }

  getWeights(): readonly Float32Array[] {
    const { variables } = this.#current();
    return variables.map((variable) => Float32Array.from(variable.read().dataSync()));
  }

  trainStep(x: Float32Array, y: Float32Array, rows: number): number {
    const { spec, model, optimizer, inputWidth, outputWidth, variables } = this.#current();
    if (optimizer === undefined)
      throw new PlexusError('STATE_UNEXPECTED', 'engine: loaded without an optimizer');
    expectLength('x', rows * inputWidth, x.length);
    expectLength('y', rows * outputWidth, y.length);
    return tf.tidy(() => {
      const inputs = tf.tensor2d(x, [rows, inputWidth]);
      const labels = tf.tensor2d(y, [rows, outputWidth]);
      const loss = (): tf.Scalar =>
        meanLoss(spec, labels, oneOutput(model.apply(inputs, { training: true })));
      const trained = variables.map((variable) => trainable(variable));
      const value = optimizer.minimize(loss, true, trained);
      return value?.dataSync()[0] ?? NaN;
    });
  }

  predict(x: Float32Array, rows: number): Float32Array {
    const { model, inputWidth, outputWidth } = this.#current();
    expectLength('x', rows * inputWidth, x.length);
    const out = new Float32Array(rows * outputWidth);
    for (let start = 0; start < rows; start += PREDICT_ROWS) {
      const end = Math.min(rows, start + PREDICT_ROWS);
      const part = x.subarray(start * inputWidth, end * inputWidth);
      const scores = tf.tidy(() =>
        oneOutput(model.apply(tf.tensor2d(part, [end - start, inputWidth]))).dataSync(),
      );
      out.set(scores, start * outputWidth);
    }
    return out;
  }

  dispose(): void {
    this.#useBackend();
    this.#loaded?.model.dispose();
    this.#loaded?.optimizer?.dispose(); // its slots outlive the model otherwise
    this.#loaded = undefined;
  }

  #current(): Loaded {
    if (this.#loaded === undefined)
      throw new PlexusError('STATE_UNEXPECTED', 'engine: no model is loaded');
    this.#useBackend();
    return this.#loaded;
  }

  #useBackend(): void {
    if (tf.getBackend() !== this.#backend) void tf.setBackend(this.#backend);
  }
}

function oneOutput(output: ReturnType<Sequential['apply']>): tf.Tensor {
  if (output instanceof tf.Tensor) return output;
  throw new PlexusError('STATE_UNEXPECTED', 'engine: the model has more than one output');
}

/** The variable behind a layer's weight: tfjs-layers gives it out as a tensor, and optimizers take nothing but variables. */
function trainable(weight: LayerVariable): tf.Variable {
  const value = weight.read();
  if (isVariable(value)) return value;
  throw new PlexusError('STATE_UNEXPECTED', 'engine: a weight is not a variable');
}

function isVariable(value: tf.Tensor): value is tf.Variable {
  return value instanceof tf.Variable;
}

function expectLength(what: string, expected: number, got: number): void {
  if (expected !== got)
    throw new PlexusError(
      'STATE_UNEXPECTED',
      `${what}: expected ${String(expected)}, got ${String(got)}`,
    );
}
