/**
 * Turns the study an author wrote (YAML, already read into plain values) into the canonical manifest, or into every problem at once.
 *
 * The author names hospitals; keys and log come from the federation. Defaults are written out, so that the digest covers them.
 * Source: secure-aggregation.md section 3; data.md section 2. Leaves to others: model, tasks and secagg (the SectionParsers that
 * task/study-check.ts hands in: study stands to the left of task and secagg), lines of the file (researcher/).
 */
import type { Json } from '../base/canonical-json.js';
import { isList } from '../base/fields.js';
import { hospitalId, studyId } from '../base/ids.js';
import { parseDataSchema } from '../data-schema/parse.js';
import type { DataSchema } from '../data-schema/schema.js';
import type { Manifest, RosterMember } from './manifest.js';
import { asJson, PURPOSES, readRoster, SEED, TITLE } from './parse.js';
import { ProblemList, type StudyProblem } from './problem.js';

/** What the coordinator knows of the hospitals that are enrolled, and of its log. */
export interface Federation {
  readonly roster: readonly Omit<RosterMember, 'index'>[];
  readonly log: Manifest['log'];
}

export type Compiled =
  | { readonly kind: 'compiled'; readonly manifest: Manifest }
  | { readonly kind: 'refused'; readonly problems: readonly StudyProblem[] };

export type Section =
  | { readonly kind: 'parsed'; readonly value: Json }
  | { readonly kind: 'refused'; readonly problems: readonly StudyProblem[] };

/** How the sections are read whose meaning lies to the right of study/. */
export interface SectionParsers {
  /** Without a schema, because that is wrong itself, what can be said without one is still said. */
  model(value: unknown, schema: DataSchema | undefined, path: string): Section;
  tasks(value: unknown, schema: DataSchema | undefined, path: string): Section;
  /** Fills in defaults that follow from the number of hospitals. */
  secagg(value: unknown, rosterSize: number, path: string): Section;
}

const STUDY_KEYS = [
  'study',
  'title',
  'purpose',
  'roster',
  'data',
  'features',
  'model',
  'tasks',
  'privacy',
  'secagg',
  'seed',
];

/** Errors: none thrown; the outer fields give STUDY_INVALID or HOSPITAL_UNKNOWN, each section its own codes. */
export function compileStudy(
  plain: unknown,
  federation: Federation,
  sections: SectionParsers,
): Compiled {
  const list = new ProblemList('STUDY_INVALID');
  const fields = list.fields(plain, '', STUDY_KEYS);
  if (fields === undefined) return { kind: 'refused', problems: list.found };
  const study = list.id(fields['study'], 'study', studyId);
  const title = list.text(fields['title'], 'title', TITLE, 'one line of 1 to 200 characters');
  const purpose = list.oneOf(fields['purpose'] ?? 'HRESCH', 'purpose', PURPOSES);
  const roster = compileRoster(list, fields['roster'], federation);
  const schema = compileData(list, fields['data'], fields['features']);
  const section = (parsed: Section): Json | undefined => {
    if (parsed.kind === 'parsed') return parsed.value;
    list.found.push(...parsed.problems);
    return undefined;
  };
  const model = section(sections.model(fields['model'], schema, 'model'));
  const tasks = section(sections.tasks(fields['tasks'], schema, 'tasks'));
  const named = isList(fields['roster']) ? fields['roster'].length : 0;
  const secagg = section(sections.secagg(fields['secagg'] ?? {}, named, 'secagg'));
  // never a default: the author says in so many words that the model is not differentially private
  const privacy = list.fields(fields['privacy'], 'privacy', ['mode']);
  const mode = privacy && list.oneOf(privacy['mode'], 'privacy.mode', ['none'] as const);
  const seed = compileSeed(list, fields['seed'] ?? 1);
  if (list.found.length > 0 || !study || !title || !purpose || !roster || !schema || !mode || !seed)
    return { kind: 'refused', problems: list.found };
  if (model === undefined || secagg === undefined || !isList(tasks))
    return { kind: 'refused', problems: list.found };
  const { log } = federation;
  const manifest: Manifest = {
    v: 1,
    study,
    title,
    purpose,
    data: schema,
    model,
    tasks: tasks.map(asJson),
    secagg,
    privacy: { mode },
    seed,
    roster,
    log,
  };
  return { kind: 'compiled', manifest };
}

/** Indexes count from 1 in the author's order. */
function compileRoster(
  list: ProblemList,
  value: unknown,
  federation: Federation,
): readonly RosterMember[] | undefined {
  const named = list.list(value, 'roster');
  if (named === undefined) return undefined;
  if (named.length < 3) list.note('roster', 'expected three or more hospitals');
  const members = named.map((item, i): RosterMember | undefined => {
    const path = `roster[${String(i)}]`;
    const hospital = list.id(item, path, hospitalId);
    if (hospital === undefined) return undefined;
    if (named.indexOf(item) !== i) {
      list.note(path, 'expected a hospital named once');
      return undefined;
    }
    const known = federation.roster.find((member) => member.hospital === hospital);
    if (known === undefined) {
      list.note(path, 'expected a hospital enrolled in this federation', 'HOSPITAL_UNKNOWN');
      return undefined;
    }
    const { identityKey, cosignerKey } = known;
    return { index: i + 1, hospital, identityKey, cosignerKey };
  });
  const roster = members.filter((member) => member !== undefined);
  return roster.length === members.length && roster.length >= 3
    ? readRoster(list, roster)
    : undefined;
}

/** A study may take some of the features of a schema that serves several; they keep the schema's order. */
function compileData(list: ProblemList, value: unknown, chosen: unknown): DataSchema | undefined {
  const parsed = parseDataSchema(value, 'data');
  if (parsed.kind === 'refused') {
    list.found.push(...parsed.problems);
    return undefined;
  }
  const { schema } = parsed;
  if (chosen === undefined) return schema;
  const names = list.list(chosen, 'features');
  const known = schema.features.map(({ name }) => name);
  names?.forEach((name, i) => {
    const path = `features[${String(i)}]`;
    if (!known.some((feature) => feature === name))
      list.note(path, `expected one of ${known.join(', ')}`, 'FEATURE_UNKNOWN');
    else if (names.indexOf(name) !== i) list.note(path, 'expected a feature named once');
  });
  const features = schema.features.filter(({ name }) => names?.includes(name));
  return features.length === 0 ? undefined : { ...schema, features };
}

/** A small number for people, or all 32 bytes in hex. The seed is public: it fixes initial weights and batch orders, no secret. */
function compileSeed(list: ProblemList, value: unknown): string | undefined {
  if (typeof value === 'string' && SEED.test(value)) return value;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0)
    return value.toString(16).padStart(64, '0');
  list.note('seed', 'expected a whole number from 0 up, or 64 lower-case hex digits');
  return undefined;
}
