/**
 * A model as data: layers by the names and options that tfjs and Keras give them, in the one spelling of a signed manifest.
 *
 * Fractions are decimal strings, sizes of two axes are pairs, defaults are written out. What has no right gradient is not here
 * (refused.ts says why), nor is what draws unseeded noise. Source: engine.md; tfjs-layers 4.22, whose option names these are.
 * Leaves to others: what an author may write (parse.ts), shapes (shapes.ts), weights (parameters.ts), what a layer computes (engine/).
 */

export type Activation =
  | 'linear'
  | 'relu'
  | 'relu6'
  | 'elu'
  | 'selu'
  | 'sigmoid'
  | 'hardSigmoid'
  | 'softplus'
  | 'softsign'
  | 'tanh'
  | 'softmax'
  | 'logSoftmax'
  | 'swish'
  | 'mish'
  | 'gelu'
  | 'gelu_new';

/** Uniform ones only: they need + − × ÷ and √, so that every machine makes the same bytes. */
export type Initializer = 'zeros' | 'glorotUniform' | 'heUniform' | 'lecunUniform';
export type Padding = 'valid' | 'same';
export type Pair = readonly [number, number];
/** Extents without the batch, channels last. */
export type Shape = readonly number[];

interface Node {
  /** Where its weights are kept and how later layers call it; without one it is `layer<i>`. */
  readonly name?: string;
  /** `input` or earlier layers; without it the layer before, or the model's input for the first. */
  readonly inputs?: readonly string[];
}

interface Weighted {
  readonly activation: Activation;
  readonly useBias: boolean;
  readonly kernelInitializer: Initializer;
}

export interface DenseLayer extends Node, Weighted {
  readonly type: 'dense';
  readonly units: number;
}

export interface Conv1dLayer extends Node, Weighted {
  readonly type: 'conv1d';
  readonly filters: number;
  readonly kernelSize: number;
  readonly strides: number;
  readonly padding: Padding;
}

export interface Conv2dLayer extends Node, Weighted {
  readonly type: 'conv2d' | 'conv2dTranspose';
  readonly filters: number;
  readonly kernelSize: Pair;
  readonly strides: Pair;
  readonly padding: Padding;
}

export interface DepthwiseConv2dLayer extends Node, Weighted {
  readonly type: 'depthwiseConv2d';
  readonly kernelSize: Pair;
  readonly strides: Pair;
  readonly padding: Padding;
  readonly depthMultiplier: number;
}

export interface SeparableConv2dLayer extends Node, Weighted {
  readonly type: 'separableConv2d';
  readonly filters: number;
  readonly kernelSize: Pair;
  readonly strides: Pair;
  readonly padding: Padding;
  readonly depthMultiplier: number;
}

export interface Pooling1dLayer extends Node {
  readonly type: 'maxPooling1d' | 'averagePooling1d';
  readonly poolSize: number;
  readonly strides: number;
  readonly padding: Padding;
}

export interface Pooling2dLayer extends Node {
  readonly type: 'maxPooling2d' | 'averagePooling2d';
  readonly poolSize: Pair;
  readonly strides: Pair;
  readonly padding: Padding;
}

export interface UpSampling2dLayer extends Node {
  readonly type: 'upSampling2d';
  readonly size: Pair;
  readonly interpolation: 'nearest' | 'bilinear';
}

/** Rows and columns added or cut at [top, bottom] and [left, right]. */
export interface ZeroPadding2dLayer extends Node {
  readonly type: 'zeroPadding2d';
  readonly padding: readonly [Pair, Pair];
}

export interface Cropping2dLayer extends Node {
  readonly type: 'cropping2d';
  readonly cropping: readonly [Pair, Pair];
}

/** Over all axes but the last. Mixes examples: no private mode takes it. */
export interface BatchNormalizationLayer extends Node {
  readonly type: 'batchNormalization';
  readonly momentum: string;
  readonly epsilon: string;
}

/** Over `axis`: −1, or several axes counted with the batch as 0. */
export interface LayerNormalizationLayer extends Node {
  readonly type: 'layerNormalization';
  readonly axis: readonly number[];
  readonly epsilon: string;
}

/** Over all axes but the batch, channels in groups. Source: Wu and He 2018. */
export interface GroupNormalizationLayer extends Node {
  readonly type: 'groupNormalization';
  readonly groups: number;
  readonly epsilon: string;
}

export interface DropoutLayer extends Node {
  readonly type: 'dropout';
  readonly rate: string;
}

/** Whole numbers of 0..inputDim−1 to rows of a table; the values of its input are rounded to the nearest. */
export interface EmbeddingLayer extends Node {
  readonly type: 'embedding';
  readonly inputDim: number;
  readonly outputDim: number;
  readonly maskZero: boolean;
  readonly embeddingsInitializer: Initializer;
}

interface Recurrent extends Node, Weighted {
  readonly units: number;
  readonly recurrentInitializer: Initializer;
  readonly returnSequences: boolean;
  readonly goBackwards: boolean;
}

export interface SimpleRnnLayer extends Recurrent {
  readonly type: 'simpleRNN';
}

export interface GatedLayer extends Recurrent {
  readonly type: 'lstm' | 'gru';
  readonly recurrentActivation: Activation;
}

export type RecurrentLayer = SimpleRnnLayer | GatedLayer;

export interface BidirectionalLayer extends Node {
  readonly type: 'bidirectional';
  readonly layer: RecurrentLayer;
  readonly mergeMode: 'concat' | 'sum' | 'mul' | 'ave';
}

export interface TimeDistributedLayer extends Node {
  readonly type: 'timeDistributed';
  readonly layer: DenseLayer | Conv2dLayer;
}

export interface ReshapeLayer extends Node {
  readonly type: 'reshape';
  readonly targetShape: Shape;
}

export interface PermuteLayer extends Node {
  readonly type: 'permute';
  /** Axes counted from 1. */
  readonly dims: Shape;
}

export interface RepeatVectorLayer extends Node {
  readonly type: 'repeatVector';
  readonly n: number;
}

export interface RescalingLayer extends Node {
  readonly type: 'rescaling';
  readonly scale: string;
  readonly offset: string;
}

export interface ActivationLayer extends Node {
  readonly type: 'activation';
  readonly activation: Activation;
}

export interface LeakyReluLayer extends Node {
  readonly type: 'leakyReLU' | 'elu';
  readonly alpha: string;
}

export interface ReluLayer extends Node {
  readonly type: 'reLU';
  readonly maxValue: string;
}

export interface PreluLayer extends Node {
  readonly type: 'prelu';
  /** Axes that share one slope, counted from 1. */
  readonly sharedAxes: Shape;
}

export interface MaskingLayer extends Node {
  readonly type: 'masking';
  readonly maskValue: string;
}

export interface ConcatenateLayer extends Node {
  readonly type: 'concatenate';
  /** −1, or counted with the batch as 0. */
  readonly axis: number;
}

export interface DotLayer extends Node {
  readonly type: 'dot';
  /** One of each input, counted with the batch as 0. */
  readonly axes: Pair;
  readonly normalize: boolean;
}

export interface PlainLayer extends Node {
  readonly type:
    | 'flatten'
    | 'softmax'
    | 'globalMaxPooling1d'
    | 'globalMaxPooling2d'
    | 'globalAveragePooling1d'
    | 'globalAveragePooling2d'
    | 'add'
    | 'multiply'
    | 'average'
    | 'maximum'
    | 'minimum';
}

export type LayerSpec =
  | DenseLayer
  | Conv1dLayer
  | Conv2dLayer
  | DepthwiseConv2dLayer
  | SeparableConv2dLayer
  | Pooling1dLayer
  | Pooling2dLayer
  | UpSampling2dLayer
  | ZeroPadding2dLayer
  | Cropping2dLayer
  | BatchNormalizationLayer
  | LayerNormalizationLayer
  | GroupNormalizationLayer
  | DropoutLayer
  | EmbeddingLayer
  | RecurrentLayer
  | BidirectionalLayer
  | TimeDistributedLayer
  | ReshapeLayer
  | PermuteLayer
  | RepeatVectorLayer
  | RescalingLayer
  | ActivationLayer
  | LeakyReluLayer
  | ReluLayer
  | PreluLayer
  | MaskingLayer
  | ConcatenateLayer
  | DotLayer
  | PlainLayer;

export type LayerType = LayerSpec['type'];

/** The layer of a type, out of the union. */
export type LayerOf<T extends LayerType, L = LayerSpec> = L extends { readonly type: infer U }
  ? T extends U
    ? L
    : never
  : never;

/**
 * Mean over the examples of a batch. Cross-entropies take probabilities, clipped to [1e-7, 1 − 1e-7]; labels of the categorical one
 * are one-hot. coxPartialLikelihood takes a log-hazard and labels [time, event], with the batch's own patients at risk (Breslow's ties).
 */
export type Loss =
  | 'binaryCrossentropy'
  | 'categoricalCrossentropy'
  | 'meanSquaredError'
  | 'meanAbsoluteError'
  | 'huber'
  | 'poisson'
  | 'coxPartialLikelihood';

export interface ModelSpec {
  readonly name: string;
  /** In the order of computation; the last one gives the prediction. */
  readonly layers: readonly LayerSpec[];
  readonly loss: Loss;
}

/** Source: the update rules of tfjs 4.22, whose epsilon differs in place from TensorFlow's in Adam. */
export type OptimizerSpec =
  | { readonly kind: 'sgd'; readonly learningRate: string }
  | {
      readonly kind: 'momentum';
      readonly learningRate: string;
      readonly momentum: string;
      readonly nesterov: boolean;
    }
  | {
      readonly kind: 'adam';
      readonly learningRate: string;
      readonly beta1: string;
      readonly beta2: string;
      readonly epsilon: string;
    }
  | {
      readonly kind: 'adagrad';
      readonly learningRate: string;
      readonly initialAccumulator: string;
    }
  | {
      readonly kind: 'rmsprop';
      readonly learningRate: string;
      readonly decay: string;
      readonly momentum: string;
      readonly epsilon: string;
    };
