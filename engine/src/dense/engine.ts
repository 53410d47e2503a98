/**
 * The dense engine: tabular models in float64 loops, without TensorFlow. Equal calls give equal bytes on every machine.
 *
 * Weights are float64 between load and dispose, float32 outside. Source: engine.md; ADR 6. Leaves to others: which models it takes
 * (plan.ts), arithmetic (network.ts, rows.ts), when it is chosen (select.ts).
 */
import {
  mixingProblems,
  modelParameters,
  oneInput,
  PlexusError,
  type Batch,
  type GradientSink,
  type ModelSpec,
  type OptimizerSpec,
  type PatientBatch,
  type Shape,
  type TrainingEngine,
} from '@plexus/core';
import { expectCount, refuse } from '../expect.js';
import { PatientGradients } from '../patient-gradients.js';
import { lossRule, type LossRule } from './loss.js';
import { Network } from './network.js';
import { updateRule, type UpdateRule } from './optimizer.js';
import { planOf } from './plan.js';
import { NetworkRows } from './rows.js';

/** Rows that are predicted at once. */
const PREDICT_ROWS = 256;

interface Loaded {
  readonly model: ModelSpec;
  readonly sizes: readonly number[];
  readonly network: Network;
  readonly loss: LossRule;
  readonly update: UpdateRule | undefined;
  readonly patients: PatientGradients;
}

export class DenseEngine implements TrainingEngine {
  readonly id = 'dense/1.0.0';
  #loaded: Loaded | undefined;

  load(model: ModelSpec, inputShape: Shape, optimizer?: OptimizerSpec): void {
    const plan = planOf(model, inputShape);
    const network = new Network(plan);
    const loss = lossRule(model.loss, plan.outputs);
    this.#loaded = {
      model,
      sizes: modelParameters(model, oneInput(inputShape)).map(({ size }) => size),
      network,
      loss,
      update: optimizer && updateRule(optimizer, plan.weights),
      patients: new PatientGradients(new NetworkRows(network, loss), plan.weights),
    };
  }

  setWeights(weights: readonly Float32Array[]): void {
    const { sizes, network } = this.#current();
    expectCount('weights', sizes.length, weights.length);
    weights.forEach((values, i) => {
      expectCount(`weight ${String(i)}`, sizes[i]!, values.length);
    });
    let at = 0;
    for (const values of weights) {
      network.weights.set(values, at);
      at += values.length;
    }
  }

  getWeights(): readonly Float32Array[] {
    const { sizes, network } = this.#current();
    let at = 0;
    return sizes.map((size) => Float32Array.from(network.weights.subarray(at, (at += size))));
  }

  trainStep(batch: Batch, stepSeed: number): number {
    const loaded = this.#current();
    const { network, loss, update } = loaded;
    if (update === undefined)
      throw new PlexusError('STATE_UNEXPECTED', 'engine: loaded without an optimizer');
    expectBatch(batch, loaded);
    const { rows, x, y } = batch;
    network.reserve(rows);
    network.values[0]!.set(x);
    const predictions = network.forward(rows, stepSeed);
    const slope = network.slopes.at(-1)!;
    const value = loss.sum(rows, y, predictions, slope) / rows;
    for (let k = 0; k < rows * network.plan.outputs; k++) slope[k] = slope[k]! / rows;
    network.backward(rows);
    network.gradient.fill(0);
    network.addGradient(rows, network.gradient);
    update(network.weights, network.gradient);
    return value;
  }

  /** Nothing is dropped: a step's seed does not reach here. */
  perPatientGradients(batch: PatientBatch, clipNorm: number, sink: GradientSink): void {
    this.#separable(batch).each(batch, clipNorm, sink);
  }

  perPatientClippedSum(batch: PatientBatch, clipNorm: number): Float32Array {
    return this.#separable(batch).clippedSum(batch, clipNorm);
  }

  predict(x: Float32Array, rows: number): Float32Array {
    const { network } = this.#current();
    const { inputs, outputs } = network.plan;
    expectCount('x', rows * inputs, x.length);
    network.reserve(Math.min(rows, PREDICT_ROWS));
    const out = new Float32Array(rows * outputs);
    for (let start = 0; start < rows; start += PREDICT_ROWS) {
      const count = Math.min(PREDICT_ROWS, rows - start);
      network.values[0]!.set(x.subarray(start * inputs, (start + count) * inputs));
      const predictions = network.forward(count, null);
      out.set(predictions.subarray(0, count * outputs), start * outputs);
    }
    return out;
  }

  dispose(): void {
    this.#loaded = undefined;
  }

  /** The gradients by patient, if the model has them. */
  #separable(batch: PatientBatch): PatientGradients {
    const loaded = this.#current();
    refuse(mixingProblems(loaded.model, 'model'));
    expectBatch(batch, loaded);
    expectCount('patientOf', batch.rows, batch.patientOf.length);
    return loaded.patients;
  }

  #current(): Loaded {
    if (this.#loaded === undefined)
      throw new PlexusError('STATE_UNEXPECTED', 'engine: no model is loaded');
    return this.#loaded;
  }
}

function expectBatch({ rows, x, y }: Batch, { network, loss }: Loaded): void {
  expectCount('x', rows * network.plan.inputs, x.length);
  expectCount('y', rows * loss.labelWidth, y.length);
}
