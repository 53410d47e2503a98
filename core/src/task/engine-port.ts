/**
 * The training engine as a port: weights and rows in; weights, gradients or predictions out. Synchronous, because core is; a program
 * that must not block runs the whole call in a worker thread.
 *
 * Equal calls in equal order give equal bytes: an engine draws no random number but from a step's seed.
 * Source: engine.md. Leaves to others: rounds, batches and their order (train.ts), tensors and threads (engine/).
 */
import type { ModelSpec, OptimizerSpec, Shape } from '../model/spec.js';

/** Examples row by row. Secret: rows. */
export interface Batch {
  readonly rows: number;
  /** Shapes: rows × the model's input shape. */
  readonly x: Float32Array;
  /** Shapes: rows × labels of an example, as many as the loss asks for. */
  readonly y: Float32Array;
}

/** A batch that says whose the rows are. */
export interface PatientBatch extends Batch {
  /** Shapes: rows; values 0..patients−1. A patient without rows has the zero gradient. */
  readonly patientOf: Uint32Array;
  readonly patients: number;
}

/** Takes one patient's gradient; the array is valid during the call only. */
export type GradientSink = (patient: number, gradient: Float32Array) => void;

export interface TrainingEngine {
  /** Name and version, `wasm/4.22.0`: part of every update's signed header. */
  readonly id: string;
  /**
   * Builds the model anew, with the optimizer's memory empty, or without an optimizer for predictions and gradients only.
   *
   * Errors   operator/LAYER_NOT_SUPPORTED_ON_ENGINE.
   */
  load(model: ModelSpec, inputShape: Shape, optimizer?: OptimizerSpec): void;
  /** Shapes: as modelParameters, in its order, the moving statistics among them. The arrays are copied. */
  setWeights(weights: readonly Float32Array[]): void;
  getWeights(): readonly Float32Array[];
  /**
   * One optimizer step on the mean loss of a batch; the mean loss before the step.
   *
   * stepSeed   0..2^32−1: what dropout draws from, another one for each step.
   */
  trainStep(batch: Batch, stepSeed: number): number;
  /**
   * Hands each patient's gradient to the sink, patient 0 first: of the mean loss over the patient's rows, all trainable weights in
   * their order, scaled down to clipNorm where its L2 norm is larger. A gradient that is not finite arrives as it is. Nothing is dropped
   * out, since there is no step's seed.
   *
   * Errors   operator/DP_LAYER_UNSUPPORTED if the model mixes examples.
   */
  perPatientGradients(batch: PatientBatch, clipNorm: number, sink: GradientSink): void;
  /** Their float sum: for studies without differential privacy, since one patient changes the rounding of the others. */
  perPatientClippedSum(batch: PatientBatch, clipNorm: number): Float32Array;
  /** Shapes: x as in a batch; result: rows × outputs. */
  predict(x: Float32Array, rows: number): Float32Array;
  /** Gives back all memory. The engine can load again afterwards. */
  dispose(): void;
}
