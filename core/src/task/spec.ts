/**
 * Tasks as data: what a study may ask the hospitals to compute.
 *
 * Fractions are decimal strings. Source: architecture.md. Leaves to others: models (model/), the arithmetic (one file per kind).
 */
import type { OptimizerSpec } from '../model/spec.js';

export interface TrainTask {
  readonly kind: 'train';
  readonly rounds: number;
  /** Exactly one of localSteps (mini-batches) and localEpochs is positive; the other is 0. */
  readonly localSteps: number;
  readonly localEpochs: number;
  readonly batchSize: number;
  readonly optimizer: OptimizerSpec;
  /** Each coordinate of a hospital's weight delta is clipped to ±clip. */
  readonly clip: string;
  readonly weighting: 'examples' | 'equal';
}

export type TaskSpec = { readonly kind: 'moments' } | TrainTask | { readonly kind: 'evaluate' };
