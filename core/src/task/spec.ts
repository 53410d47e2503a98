/**
 * Tasks and models as data: what a study may ask the hospitals to compute.
 *
 * Fractions are decimal strings. Source: architecture.md; engine.md. Leaves to others: the arithmetic (one file per kind).
 */

export interface DenseLayer {
  readonly type: 'dense';
  readonly units: number;
  readonly activation: 'linear' | 'relu' | 'tanh' | 'sigmoid';
  readonly useBias: boolean;
  readonly kernelInitializer: 'zeros' | 'glorotUniform';
}

export type LayerSpec = DenseLayer;

export interface ModelSpec {
  readonly name: string;
  readonly layers: readonly LayerSpec[];
  readonly loss: 'binaryCrossentropy';
}

export type OptimizerSpec =
  | { readonly kind: 'sgd'; readonly learningRate: string }
  | {
      readonly kind: 'adam';
      readonly learningRate: string;
      readonly beta1: string;
      readonly beta2: string;
      readonly epsilon: string;
    };

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
