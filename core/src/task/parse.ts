/**
 * Parses the `tasks` section of a study: plain YAML or JSON in, one spelling out, or every problem at once.
 *
 * Numbers become canonical decimal strings and defaults are written out, so that two authors who mean the same get the same digest.
 * Unknown keys are refused. Parsing what was parsed changes nothing.
 * Leaves to others: lines of the file (researcher/), the rest of the manifest (study/).
 */
import type { Problem } from '../base/fields.js';
import type { DataSchema } from '../data-schema/schema.js';
import { readOptimizer } from '../model/optimizer.js';
import {
  fieldsOf,
  inside,
  list,
  note,
  oneOf,
  positive,
  whole,
  type Place,
} from '../model/reader.js';
import { needsMoments } from './scaling.js';
import type { TaskSpec, TrainTask } from './spec.js';

export type ParsedTasks =
  | { readonly kind: 'parsed'; readonly tasks: readonly TaskSpec[] }
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] };

const MOST_TASKS = 64;
const MOST_ROUNDS = 10_000;
const TASK_KINDS: readonly TaskSpec['kind'][] = ['moments', 'train', 'evaluate'];

/** Errors: none thrown; problems are TASK_INVALID or TASK_UNKNOWN. */
export function parseTasks(value: unknown, schema: DataSchema, path: string): ParsedTasks {
  const place: Place = { path, problems: [], code: 'TASK_INVALID' };
  const tasks = list(readTask, 1, MOST_TASKS)(value, place);
  if (tasks !== null && needsMoments(schema)) checkOrder(tasks, place);
  return tasks === null || place.problems.length > 0
    ? { kind: 'refused', problems: place.problems }
    : { kind: 'parsed', tasks };
}

function checkOrder(tasks: readonly TaskSpec[], place: Place): void {
  const moments = tasks.findIndex(({ kind }) => kind === 'moments');
  const first = tasks.findIndex(({ kind }) => kind !== 'moments');
  if (first >= 0 && (moments < 0 || moments > first))
    note(
      inside(place, `[${String(first)}]`),
      'expected a moments task before it, since a feature has scale: federated',
    );
}

function readTask(value: unknown, place: Place): TaskSpec | null {
  const fields = fieldsOf(value, place);
  if (fields === null) return null;
  const kind = TASK_KINDS.find((known) => known === fields['kind']);
  if (kind === undefined)
    return note(inside(place, 'kind'), `expected one of ${TASK_KINDS.join(', ')}`, 'TASK_UNKNOWN');
  if (kind === 'train') return readTraining(value, place);
  return fieldsOf(value, place, ['kind']) === null ? null : { kind };
}

function readTraining(value: unknown, place: Place): TrainTask | null {
  const keys = ['kind', 'rounds', 'localSteps', 'localEpochs', 'batchSize', 'optimizer'];
  const fields = fieldsOf(value, place, [...keys, 'clip', 'weighting']);
  if (fields === null) return null;
  const { localSteps: stepsGiven = 0, localEpochs: epochsGiven = 0 } = fields;
  const rounds = whole(1, MOST_ROUNDS)(fields['rounds'], inside(place, 'rounds'));
  const localSteps = whole(0, 1_000_000)(stepsGiven, inside(place, 'localSteps'));
  const localEpochs = whole(0, 1_000)(epochsGiven, inside(place, 'localEpochs'));
  const batchSize = whole(1, 65_536)(fields['batchSize'], inside(place, 'batchSize'));
  const optimizer = readOptimizer(fields['optimizer'], inside(place, 'optimizer'));
  const clip = positive(fields['clip'], inside(place, 'clip'));
  const weightings = oneOf('examples', 'equal');
  const weighting = weightings(fields['weighting'], inside(place, 'weighting'));
  if (localSteps === null || localEpochs === null) return null;
  if (localSteps > 0 === localEpochs > 0)
    note(place, 'expected exactly one of localSteps and localEpochs above 0');
  if (rounds === null || batchSize === null || optimizer === null) return null;
  if (clip === null || weighting === null) return null;
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
