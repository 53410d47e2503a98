/**
 * A case's layers as an author would write them in a study, parsed by core: what is tested is what a study can name.
 *
 * Leaves to others: what the parsed model computes (run.ts).
 */
import {
  canonicalDecimal,
  INPUT,
  parseModel,
  type Loss,
  type ModelInput,
  type Problem,
  type ModelSpec,
  type OptimizerSpec,
} from '@plexus/core';
import type { CaseLayer, CaseModel, LossCase, OptimizerCase } from './cases.js';

export type Translated =
  | { readonly kind: 'parsed'; readonly model: ModelSpec; readonly inputs: readonly ModelInput[] }
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] };

const TYPES: Readonly<Record<string, string>> = {
  LSTM: 'lstm',
  GRU: 'gru',
  ELU: 'elu',
  PReLU: 'prelu',
  ConvLSTM2D: 'convLstm2d',
};

/** Options that say what holds anyway, and that the catalogue does not have. */
const IMPLIED: Readonly<Record<string, unknown>> = {
  dataFormat: 'channelsLast',
  resetAfter: false,
  centered: false,
};

/**
 * The layers of a case; a loss looks at the last layer, so for the parser a linear unit is put behind them and taken off again.
 *
 * Errors   none thrown.
 */
export function translateModel(given: CaseModel, loss: Loss = 'meanSquaredError'): Translated {
  const written = authored(given);
  const inputs = given.inputs.map(({ name = INPUT, shape }) => ({ name, shape: shape.slice(1) }));
  const head = [{ type: 'flatten' }, { type: 'dense', units: 1 }];
  const section = { name: 'case', loss: 'meanSquaredError', layers: [...written, ...head] };
  const parsed = parseModel(section, inputs, 'model');
  if (parsed.kind === 'refused') return parsed;
  const layers = parsed.model.layers.slice(0, written.length);
  return { kind: 'parsed', model: { ...parsed.model, layers, loss }, inputs };
}

function authored({ layers = [], graph }: CaseModel): readonly object[] {
  if (graph === undefined) return layers.map(authoredLayer);
  return graph.nodes.map((node) => ({
    ...authoredLayer(node),
    name: node.name,
    inputs: node.inbound,
  }));
}

function authoredLayer({ className, config }: CaseLayer): object {
  const type =
    TYPES[className] ??
    className.charAt(0).toLowerCase() + className.slice(1).replace(/([0-9])D/, '$1d');
  const options = Object.entries(config).filter(
    ([key, value]) =>
      IMPLIED[key] !== value && !(className === 'Softmax' && key === 'axis' && value === -1),
  );
  return {
    type,
    ...Object.fromEntries(
      options.map(([key, value]) => [key, isCaseLayer(value) ? authoredLayer(value) : value]),
    ),
  };
}

function isCaseLayer(value: unknown): value is CaseLayer {
  return typeof value === 'object' && value !== null && 'className' in value;
}

const LOSSES: readonly Loss[] = [
  'binaryCrossentropy',
  'categoricalCrossentropy',
  'meanSquaredError',
  'meanAbsoluteError',
  'poisson',
];

/** undefined where a study has no name for it. */
export function translateLoss({
  api,
  name,
  options = {},
}: Pick<LossCase, 'api' | 'name' | 'options'>): Loss | undefined {
  if (api === 'tf.losses')
    return name === 'huberLoss' && options['delta'] === 1 ? 'huber' : undefined;
  return LOSSES.find((loss) => loss === name);
}

/** undefined where a study has no name for it. */
export function translateOptimizer({ optimizer }: OptimizerCase): OptimizerSpec | undefined {
  const { className, config } = optimizer;
  const text = (key: string): string => canonicalDecimal(config[key]) ?? '';
  const learningRate = text('learningRate');
  switch (className) {
    case 'SGD':
      return { kind: 'sgd', learningRate };
    case 'Momentum':
      return {
        kind: 'momentum',
        learningRate,
        momentum: text('momentum'),
        nesterov: config['useNesterov'] === true,
      };
    case 'Adam':
      return {
        kind: 'adam',
        learningRate,
        beta1: text('beta1'),
        beta2: text('beta2'),
        epsilon: text('epsilon'),
      };
    case 'Adagrad':
      return {
        kind: 'adagrad',
        learningRate,
        initialAccumulator: text('initialAccumulatorValue'),
      };
    case 'RMSProp':
      return {
        kind: 'rmsprop',
        learningRate,
        decay: text('decay'),
        momentum: text('momentum'),
        epsilon: text('epsilon'),
      };
    default:
      return undefined;
  }
}
