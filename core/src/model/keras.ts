/**
 * Layers in the words of Keras and tfjs: class names, configurations, and what they call their weights.
 *
 * Source: the serialised form of tfjs-layers 4.22. Leaves to others: files (task/layers-model.ts), live layers (engine/).
 */
import type { Parameter } from './parameters.js';
import type { LayerSpec, LayerType, Shape } from './spec.js';

export interface KerasLayer {
  readonly className: string;
  readonly config: Readonly<Record<string, unknown>>;
}

const CLASS_NAMES: Readonly<Partial<Record<LayerType, string>>> = {
  lstm: 'LSTM',
  gru: 'GRU',
  elu: 'ELU',
  prelu: 'PReLU',
};
/** Decimal strings of the specification, numbers in Keras. */
const FRACTIONS: readonly string[] = [
  'momentum',
  'epsilon',
  'rate',
  'scale',
  'offset',
  'alpha',
  'maxValue',
  'maskValue',
];
const INITIALIZERS: readonly string[] = [
  'kernelInitializer',
  'recurrentInitializer',
  'embeddingsInitializer',
];
/** Where our lower-case names differ from those of tfjs. */
const WEIGHT_NAMES: Readonly<Record<string, string>> = {
  depthwisekernel: 'depthwise_kernel',
  pointwisekernel: 'pointwise_kernel',
  recurrentkernel: 'recurrent_kernel',
  movingmean: 'moving_mean',
  movingvariance: 'moving_variance',
};

/**
 * Initializers are left out: values come from the model file.
 *
 * Shapes   input: what the layer reads, without the batch; only a flatten asks, since that of tfjs takes no flat input.
 */
export function kerasLayer(layer: LayerSpec, name: string, input: Shape = []): KerasLayer {
  const config: Record<string, unknown> = { name, trainable: true };
  if (layer.type === 'flatten' && input.length === 1)
    return { className: 'Activation', config: { ...config, activation: 'linear' } };
  for (const [key, value] of Object.entries(layer)) {
    if (['type', 'name', 'inputs', ...INITIALIZERS].includes(key)) continue;
    config[key] = FRACTIONS.includes(key) ? Number(value) : value;
  }
  if (layer.type === 'gru') config['resetAfter'] = false;
  if (layer.type === 'softmax') config['axis'] = -1; // tfjs takes the first axis otherwise
  if (layer.type === 'layerNormalization' && layer.axis.length === 1)
    config['axis'] = layer.axis[0];
  if (layer.type === 'prelu' && layer.sharedAxes.length === 0) delete config['sharedAxes'];
  if (layer.type === 'bidirectional' || layer.type === 'timeDistributed')
    config['layer'] = kerasLayer(layer.layer, innerName(name));
  return { className: className(layer.type), config };
}

/** What tfjs calls a weight: behind its layer's name and, in a bidirectional layer, behind the name of one of its two copies. */
export function kerasWeightName({ name }: Pick<Parameter, 'name'>): string {
  const [layer = '', ...parts] = name.split('/');
  const weight = parts.at(-1) ?? '';
  const copies = parts.slice(0, -1).map((way) => `${way}_${innerName(layer)}`);
  return [layer, ...copies, WEIGHT_NAMES[weight] ?? weight].join('/');
}

/** Of the layer that a bidirectional or timeDistributed layer wraps. */
function innerName(name: string): string {
  return `${name}_inner`;
}

function className(type: LayerType): string {
  const known = CLASS_NAMES[type];
  if (known !== undefined) return known;
  return type.charAt(0).toUpperCase() + type.slice(1).replace(/([0-9])d/, '$1D');
}
