/**
 * Parses the `tasks` section of a study: plain YAML or JSON in, one spelling out, or every problem at once.
 *
 * Numbers become canonical decimal strings and defaults are written out, so that two authors who mean the same get the same digest.
 * Unknown keys are refused. Parsing what was parsed changes nothing.
 * Leaves to others: lines of the file (researcher/), the rest of the manifest (study/).
 */
import { canonicalDecimal } from '../base/decimal.js';
import type { Code } from '../base/error.js';
import type { DataSchema } from '../data-schema/schema.js';
import { readOptimizer } from '../model/optimizer.js';
import { needsMoments } from './scaling.js';
import type { TaskSpec, TrainTask } from './spec.js';

/** `path` reads like `model.layers[1].units`, so that a caller can find the line. */
export interface TaskProblem {
  readonly path: string;
  readonly code: Code;
  readonly text: string;
}

export type ParsedTasks =
  | { readonly kind: 'parsed'; readonly tasks: readonly TaskSpec[] }
  | { readonly kind: 'refused'; readonly problems: readonly TaskProblem[] };

type Fields = Readonly<Record<string, unknown>>;

const MOST_TASKS = 64;
const MOST_ROUNDS = 10_000;
const TASK_KINDS: readonly TaskSpec['kind'][] = ['moments', 'train', 'evaluate'];

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

  tasks(value: unknown, scalingIsOpen: boolean, path: string): readonly TaskSpec[] | undefined {
    const list = this.#list(value, path, MOST_TASKS);
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
    const at = { path: `${path}.optimizer`, problems: this.problems, code: this.#code };
    const optimizer = readOptimizer(fields['optimizer'], at);
    const clip = this.#positive(fields['clip'], `${path}.clip`);
    const weightings = ['examples', 'equal'] as const;
    const weighting = this.#oneOf(fields['weighting'], `${path}.weighting`, weightings);
    if (localSteps === undefined || localEpochs === undefined) return undefined;
    if (localSteps > 0 === localEpochs > 0)
      this.#note(path, 'expected exactly one of localSteps and localEpochs above 0');
    if (rounds === undefined || batchSize === undefined || optimizer === null) return undefined;
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

  #positive(value: unknown, path: string): string | undefined {
    const text = canonicalDecimal(value);
    if (text !== undefined && Number(text) > 0 && Number.isFinite(Number(text))) return text;
    this.#note(path, 'expected a number above 0');
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
