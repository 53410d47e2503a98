/**
 * Parses the `model` and `tasks` sections of a study: plain YAML or JSON in, one spelling out, or every problem at once.
 *
 * Numbers become canonical decimal strings and defaults are written out, so that two authors who mean the same get the same digest.
 * Unknown keys are refused. Parsing what was parsed changes nothing. A model is data, never code (I8).
 * Leaves to others: lines of the file (researcher/), the rest of the manifest (study/).
 */
import { canonicalDecimal } from '../base/decimal.js';
import type { Code } from '../base/error.js';
import type { DataSchema } from '../data-schema/schema.js';
import { LAYER_TYPES, modelParameters } from './layers.js';
import { needsMoments } from './scaling.js';
import type {
  DenseLayer,
  LayerSpec,
  ModelSpec,
  OptimizerSpec,
  TaskSpec,
  TrainTask,
} from './spec.js';

/** `path` reads like `model.layers[1].units`, so that a caller can find the line. */
export interface TaskProblem {
  readonly path: string;
  readonly code: Code;
  readonly text: string;
}

export type ParsedModel =
  | { readonly kind: 'parsed'; readonly model: ModelSpec }
  | { readonly kind: 'refused'; readonly problems: readonly TaskProblem[] };

export type ParsedTasks =
  | { readonly kind: 'parsed'; readonly tasks: readonly TaskSpec[] }
  | { readonly kind: 'refused'; readonly problems: readonly TaskProblem[] };

type Fields = Readonly<Record<string, unknown>>;

/** 64 MiB of float32: what one vector may weigh. */
const MOST_PARAMETERS = 2 ** 24;
const MOST_LAYERS = 64;
const MOST_ROUNDS = 10_000;
const TASK_KINDS: readonly TaskSpec['kind'][] = ['moments', 'train', 'evaluate'];
const ACTIVATIONS: readonly DenseLayer['activation'][] = ['linear', 'relu', 'tanh', 'sigmoid'];
const INITIALIZERS: readonly DenseLayer['kernelInitializer'][] = ['zeros', 'glorotUniform'];
const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

/** Errors: none thrown; problems are MODEL_INVALID, LAYER_UNKNOWN or MODEL_TOO_LARGE. */
export function parseModel(value: unknown, inputWidth: number, path: string): ParsedModel {
  const parser = new Parser('MODEL_INVALID');
  const model = parser.model(value, path);
  if (model === undefined || parser.problems.length > 0)
    return { kind: 'refused', problems: parser.problems };
  const parameters = modelParameters(model, inputWidth).reduce((sum, { size }) => sum + size, 0);
  if (parameters > MOST_PARAMETERS) {
    const text = `expected at most ${String(MOST_PARAMETERS)} parameters, got ${String(parameters)}`;
    return { kind: 'refused', problems: [{ path, code: 'MODEL_TOO_LARGE', text }] };
  }
  return { kind: 'parsed', model };
}

/** Errors: none thrown; problems are TASK_INVALID or TASK_UNKNOWN. */
export function parseTasks(value: unknown, schema: DataSchema, path: string): ParsedTasks {
  const parser = new Parser('TASK_INVALID');
  const tasks = parser.tasks(value, needsMoments(schema), path);
  return tasks === undefined || parser.problems.length > 0
    ? { kind: 'refused', problems: parser.problems }
    : { kind: 'parsed', tasks };
}

/** Collects problems while it descends: each method gives its value, or undefined after it noted why not. */
class Parser {
  readonly problems: TaskProblem[] = [];
  readonly #code: Code;

  constructor(code: Code) {
    this.#code = code;
  }

  model(value: unknown, path: string): ModelSpec | undefined {
    const fields = this.#fields(value, path, ['name', 'layers', 'loss']);
    if (fields === undefined) return undefined;
    const name = fields['name'];
    if (typeof name !== 'string' || name.length > 64 || !NAME.test(name) || /\d{7}/.test(name))
      this.#note(
        `${path}.name`,
        'expected words of a-z and 0-9 joined by -, at most 64 characters',
      );
    const loss = this.#oneOf(fields['loss'], `${path}.loss`, ['binaryCrossentropy'] as const);
    const list = this.#list(fields['layers'], `${path}.layers`, MOST_LAYERS);
    const layers = list?.map((item, i) => this.#layer(item, `${path}.layers[${String(i)}]`));
    const known = layers?.filter((layer) => layer !== undefined);
    if (typeof name !== 'string' || loss === undefined || known === undefined) return undefined;
    if (known.length !== layers?.length) return undefined;
    const last = known.at(-1);
    if (last?.units !== 1 || last.activation !== 'sigmoid')
      this.#note(
        `${path}.layers[${String(known.length - 1)}]`,
        `expected one unit with sigmoid as the last layer, since the loss is ${loss}`,
      );
    return { name, layers: known, loss };
  }

  tasks(value: unknown, scalingIsOpen: boolean, path: string): readonly TaskSpec[] | undefined {
    const list = this.#list(value, path, MOST_LAYERS);
    const tasks = list?.map((item, i) => this.#task(item, `${path}[${String(i)}]`));
    const known = tasks?.filter((task) => task !== undefined);
    if (known === undefined || known.length !== tasks?.length) return undefined;
    const moments = known.findIndex(({ kind }) => kind === 'moments');
    const first = known.findIndex(({ kind }) => kind !== 'moments');
    if (scalingIsOpen && first >= 0 && (moments < 0 || moments > first))
      this.#note(
        `${path}[${String(first)}]`,
        'expected a moments task before it, since a feature has scale: federated',
      );
    return known;
  }

  #layer(value: unknown, path: string): LayerSpec | undefined {
    const fields = this.#fields(value, path);
    if (fields === undefined) return undefined;
    if (LAYER_TYPES.every((known) => known !== fields['type'])) {
      this.#refuse('LAYER_UNKNOWN', `${path}.type`, `expected one of ${LAYER_TYPES.join(', ')}`);
      return undefined;
    }
    const keys = ['type', 'units', 'activation', 'useBias', 'kernelInitializer'];
    if (this.#fields(value, path, keys) === undefined) return undefined;
    const { units, activation = 'linear', useBias = true } = fields;
    const { kernelInitializer = 'glorotUniform' } = fields;
    const width = this.#integer(units, `${path}.units`, 1, MOST_PARAMETERS);
    const shape = this.#oneOf(activation, `${path}.activation`, ACTIVATIONS);
    const bias = this.#oneOf(useBias, `${path}.useBias`, [true, false]);
    const initializer = this.#oneOf(kernelInitializer, `${path}.kernelInitializer`, INITIALIZERS);
    if (width === undefined || shape === undefined) return undefined;
    if (bias === undefined || initializer === undefined) return undefined;
    return {
      type: 'dense',
      units: width,
      activation: shape,
      useBias: bias,
      kernelInitializer: initializer,
    };
  }

  #task(value: unknown, path: string): TaskSpec | undefined {
    const fields = this.#fields(value, path);
    if (fields === undefined) return undefined;
    const kind = TASK_KINDS.find((known) => known === fields['kind']);
    if (kind === undefined) {
      this.#refuse('TASK_UNKNOWN', `${path}.kind`, `expected one of ${TASK_KINDS.join(', ')}`);
      return undefined;
    }
    if (kind === 'train') return this.#train(value, path);
    return this.#fields(value, path, ['kind']) === undefined ? undefined : { kind };
  }

  #train(value: unknown, path: string): TrainTask | undefined {
    const keys = ['kind', 'rounds', 'localSteps', 'localEpochs', 'batchSize', 'optimizer'];
    const fields = this.#fields(value, path, [...keys, 'clip', 'weighting']);
    if (fields === undefined) return undefined;
    const { localSteps: stepsGiven = 0, localEpochs: epochsGiven = 0 } = fields;
    const rounds = this.#integer(fields['rounds'], `${path}.rounds`, 1, MOST_ROUNDS);
    const localSteps = this.#integer(stepsGiven, `${path}.localSteps`, 0, 1_000_000);
    const localEpochs = this.#integer(epochsGiven, `${path}.localEpochs`, 0, 1_000);
    const batchSize = this.#integer(fields['batchSize'], `${path}.batchSize`, 1, 65_536);
    const optimizer = this.#optimizer(fields['optimizer'], `${path}.optimizer`);
    const clip = this.#positive(fields['clip'], `${path}.clip`);
    const weightings = ['examples', 'equal'] as const;
    const weighting = this.#oneOf(fields['weighting'], `${path}.weighting`, weightings);
    if (localSteps === undefined || localEpochs === undefined) return undefined;
    if (localSteps > 0 === localEpochs > 0)
      this.#note(path, 'expected exactly one of localSteps and localEpochs above 0');
    if (rounds === undefined || batchSize === undefined || optimizer === undefined)
      return undefined;
    if (clip === undefined || weighting === undefined) return undefined;
    return {
      kind: 'train',
      rounds,
      localSteps,
      localEpochs,
      batchSize,
      optimizer,
      clip,
      weighting,
    };
  }

  #optimizer(value: unknown, path: string): OptimizerSpec | undefined {
    const outer = this.#fields(value, path);
    if (outer === undefined) return undefined;
    const kind = this.#oneOf(outer['kind'], `${path}.kind`, ['sgd', 'adam'] as const);
    if (kind === undefined) return undefined;
    const extra = kind === 'adam' ? ['beta1', 'beta2', 'epsilon'] : [];
    const fields = this.#fields(value, path, ['kind', 'learningRate', ...extra]);
    if (fields === undefined) return undefined;
    const learningRate = this.#positive(fields['learningRate'], `${path}.learningRate`);
    if (kind === 'sgd') return learningRate === undefined ? undefined : { kind, learningRate };
    const { beta1: firstDecay = '0.9', beta2: secondDecay = '0.999' } = fields;
    const beta1 = this.#share(firstDecay, `${path}.beta1`);
    const beta2 = this.#share(secondDecay, `${path}.beta2`);
    const epsilon = this.#positive(fields['epsilon'] ?? '0.0000001', `${path}.epsilon`);
    if (learningRate === undefined || beta1 === undefined) return undefined;
    if (beta2 === undefined || epsilon === undefined) return undefined;
    return { kind, learningRate, beta1, beta2, epsilon };
  }

  #positive(value: unknown, path: string): string | undefined {
    const text = canonicalDecimal(value);
    if (text !== undefined && Number(text) > 0 && Number.isFinite(Number(text))) return text;
    this.#note(path, 'expected a number above 0');
    return undefined;
  }

  #share(value: unknown, path: string): string | undefined {
    const text = canonicalDecimal(value);
    if (text !== undefined && Number(text) >= 0 && Number(text) < 1) return text;
    this.#note(path, 'expected a number from 0 up to, not including, 1');
    return undefined;
  }

  #integer(value: unknown, path: string, least: number, most: number): number | undefined {
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most)
      return value;
    this.#note(path, `expected a whole number from ${String(least)} to ${String(most)}`);
    return undefined;
  }

  #oneOf<T extends string | boolean>(
    value: unknown,
    path: string,
    allowed: readonly T[],
  ): T | undefined {
    const found = allowed.find((candidate) => candidate === value);
    if (found === undefined) this.#note(path, `expected ${allowed.map(String).join(', ')}`);
    return found;
  }

  #list(value: unknown, path: string, most: number): readonly unknown[] | undefined {
    const list: readonly unknown[] = Array.isArray(value) ? value : [];
    if (list.length > 0 && list.length <= most) return list;
    this.#note(path, `expected a list of 1 to ${String(most)}`);
    return undefined;
  }

  #fields(value: unknown, path: string, allowed?: readonly string[]): Fields | undefined {
    if (!isRecord(value)) {
      this.#note(path, 'expected a mapping');
      return undefined;
    }
    const unknown = Object.keys(value).filter((key) => allowed?.includes(key) === false);
    for (const key of unknown)
      this.#note(`${path}.${key}`, `unknown key; expected ${(allowed ?? []).join(', ')}`);
    return unknown.length === 0 ? value : undefined;
  }

  #note(path: string, text: string): void {
    this.#refuse(this.#code, path, text);
  }

  #refuse(code: Code, path: string, text: string): void {
    this.problems.push({ path, code, text });
  }
}

function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
