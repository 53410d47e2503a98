/**
 * The training engine as a port: weights and rows in, weights and predictions out. Synchronous, because core is; a program that must
 * not block runs the whole call in a worker thread.
 *
 * Equal calls in equal order give equal bytes: an engine draws no random number of its own.
 * Source: engine.md. Leaves to others: rounds, batches and their order (train.ts), tensors and threads (engine/).
 */
import type { ModelSpec, OptimizerSpec } from './spec.js';

export interface TrainingEngine {
  /** Name and version, `wasm/4.22.0`: part of every update's signed header. */
  readonly id: string;
  /** Builds the model anew, with the optimizer's memory empty, or without an optimizer for predictions only. */
  load(model: ModelSpec, inputWidth: number, optimizer?: OptimizerSpec): void;
  /** Shapes: as modelParameters, in its order. The arrays are copied. */
  setWeights(weights: readonly Float32Array[]): void;
  getWeights(): readonly Float32Array[];
  /**
   * One optimizer step on the mean loss of a batch; the mean loss before the step.
   *
   * Shapes   x: rows × inputWidth, row by row. y: rows × outputs.
   */
  trainStep(x: Float32Array, y: Float32Array, rows: number): number;
  /** Shapes: as trainStep; result: rows × outputs. */
  predict(x: Float32Array, rows: number): Float32Array;
  /** Gives back all memory. The engine can load again afterwards. */
  dispose(): void;
}
