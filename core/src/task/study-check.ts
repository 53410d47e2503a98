/**
 * The whole study at once: the outer manifest of study/ with the sections whose meaning lies here (model, tasks) and in secagg/ (rules).
 *
 * Agent, coordinator and researcher call the same two functions, so no study passes one of them and fails another.
 * Leaves to others: lines of the author's file (researcher/), who may take part (study/approval.ts, study/policy.ts).
 */
import { canonicalJson } from '../base/canonical-json.js';
import { featureColumns } from '../data-schema/encode.js';
import type { DataSchema } from '../data-schema/schema.js';
import { oneInput } from '../model/nodes.js';
import { parseModel } from '../model/parse.js';
import type { ModelSpec } from '../model/spec.js';
import type { SecaggRules } from '../secagg/rules.js';
import {
  compileStudy,
  type Compiled,
  type Federation,
  type Section,
  type SectionParsers,
} from '../study/compile.js';
import type { Manifest } from '../study/manifest.js';
import { asJson } from '../study/parse.js';
import type { StudyProblem } from '../study/problem.js';
import { parseTasks } from './parse.js';
import type { TaskSpec } from './spec.js';
import { parseRules } from './study-rules.js';
import { targetProblems } from './target-loss.js';
import { modelInputs } from './weights.js';

/** The sections of a manifest with their types. */
export interface StudySections {
  readonly model: ModelSpec;
  readonly tasks: readonly TaskSpec[];
  readonly rules: SecaggRules;
}

export type CheckedStudy =
  | ({ readonly kind: 'checked' } & StudySections)
  | { readonly kind: 'refused'; readonly problems: readonly StudyProblem[] };

/** Stands in for a schema that is wrong itself: no width, no scaling to find, so nothing is refused for its sake. */
const NO_SCHEMA: DataSchema = {
  unit: 'patient',
  maxLevel: 1,
  target: { name: 'none', type: 'binary', class: 'personal', level: 1 },
  features: [],
  consent: { mode: 'opt-out', codes: [] },
  suppression: 'standard',
};

const SECTIONS: SectionParsers = {
  model(value, schema, path) {
    const inputs = oneInput([featureColumns(schema ?? NO_SCHEMA).length || 1]);
    const parsed = parseModel(value, inputs, path);
    if (parsed.kind === 'refused' || schema === undefined)
      return parsed.kind === 'parsed' ? section(parsed.model) : parsed;
    const problems = targetProblems(parsed.model, inputs, schema.target, path);
    return problems.length > 0 ? { kind: 'refused', problems } : section(parsed.model);
  },
  tasks(value, schema, path) {
    const parsed = parseTasks(value, schema ?? NO_SCHEMA, path);
    return parsed.kind === 'parsed' ? section(parsed.tasks) : parsed;
  },
  secagg(value, rosterSize, path) {
    const parsed = parseRules(value, rosterSize, path);
    return parsed.kind === 'parsed' ? section(parsed.rules) : parsed;
  },
};

/**
 * Turns an author's study into a complete manifest, or into every problem at once.
 *
 * Errors   none thrown; problems carry the code of their section (STUDY_INVALID, LAYER_UNKNOWN, TASK_INVALID, RULES_INVALID, …).
 */
export function compileManifest(plain: unknown, federation: Federation): Compiled {
  return compileStudy(plain, federation, SECTIONS);
}

/**
 * Reads the typed sections of a manifest that parseManifest accepted; peer-controlled.
 *
 * Errors   none thrown; a section that is right but not in its one spelling is MANIFEST_INVALID.
 */
export function checkStudy(manifest: Manifest): CheckedStudy {
  const inputs = modelInputs({ schema: manifest.data });
  const model = parseModel(manifest.model, inputs, 'model');
  const tasks = parseTasks(manifest.tasks, manifest.data, 'tasks');
  const rules = parseRules(manifest.secagg, manifest.roster.length, 'secagg');
  if (model.kind === 'refused' || tasks.kind === 'refused' || rules.kind === 'refused') {
    const problems = [model, tasks, rules].flatMap((parsed) =>
      parsed.kind === 'refused' ? parsed.problems : [],
    );
    return { kind: 'refused', problems };
  }
  const problems = [
    ...targetProblems(model.model, inputs, manifest.data.target, 'model'),
    ...spelling('model', manifest.model, model.model),
    ...spelling('tasks', manifest.tasks, tasks.tasks),
    ...spelling('secagg', manifest.secagg, rules.rules),
  ];
  if (problems.length > 0) return { kind: 'refused', problems };
  return { kind: 'checked', model: model.model, tasks: tasks.tasks, rules: rules.rules };
}

function section(value: unknown): Section {
  return { kind: 'parsed', value: asJson(value) };
}

/** A default left out or a number spelled otherwise would give two digests to one study. */
function spelling(path: string, given: unknown, parsed: unknown): readonly StudyProblem[] {
  if (canonicalJson(asJson(given)) === canonicalJson(asJson(parsed))) return [];
  return [{ path, code: 'MANIFEST_INVALID', text: 'expected the one spelling, defaults included' }];
}
