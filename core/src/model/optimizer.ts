/**
 * Reads the optimizer of a train task. Names and defaults are those of tfjs 4.22.
 *
 * Source: engine.md: "tfjs optimizers differ from TensorFlow's". Leaves to others: the update rules (engine/).
 */
import {
  decimal,
  fieldsOf,
  flag,
  inside,
  oneOf,
  positive,
  type Place,
  type Read,
} from './reader.js';
import type { OptimizerSpec } from './spec.js';

const share = decimal(0, 1);
const kinds = oneOf<OptimizerSpec['kind']>('sgd', 'momentum', 'adam', 'adagrad', 'rmsprop');
const OPTIONS: Readonly<
  Record<OptimizerSpec['kind'], Readonly<Record<string, readonly [Read<unknown>, unknown?]>>>
> = {
  sgd: { learningRate: [positive] },
  momentum: { learningRate: [positive], momentum: [share, '0.9'], nesterov: [flag, false] },
  adam: {
    learningRate: [positive],
    beta1: [share, '0.9'],
    beta2: [share, '0.999'],
    epsilon: [positive, '0.0000001'],
  },
  adagrad: { learningRate: [positive], initialAccumulator: [positive, '0.1'] },
  rmsprop: {
    learningRate: [positive],
    decay: [share, '0.9'],
    momentum: [share, '0'],
    epsilon: [positive, '0.0000001'],
  },
};

export function readOptimizer(value: unknown, place: Place): OptimizerSpec | null {
  const kind = kinds(fieldsOf(value, place)?.['kind'], inside(place, 'kind'));
  if (kind === null) return null;
  const options = OPTIONS[kind];
  const fields = fieldsOf(value, place, ['kind', ...Object.keys(options)]);
  if (fields === null) return null;
  const optimizer: Record<string, unknown> = { kind };
  for (const [key, [read, otherwise]] of Object.entries(options))
    optimizer[key] = read(fields[key] ?? otherwise, inside(place, key));
  const isWhole = Object.values(optimizer).every((option) => option !== null);
  // the table holds what each kind's type asks for
  return isWhole ? (optimizer as unknown as OptimizerSpec) : null;
}
