/**
 * What a hospital lets a study ask, written by its own people and read by its own agent before anybody approves.
 *
 * Suppression is no reason to refuse: the stricter profile of study and hospital applies (stricterProfile of data-schema/disclosure.ts).
 * Source: privacy.md section 2 (mode `none` only where the policy lists the task kind); data.md sections 2 and 6.
 * Leaves to others: reading the file (node-agent/), the steward's signature (approval.ts).
 */
import type { Level, SuppressionProfile } from '../data-schema/schema.js';
import { taskKinds } from './approval.js';
import type { Manifest } from './manifest.js';
import { join, ProblemList, type StudyProblem } from './problem.js';

export interface Policy {
  /** Ids of the studies that may be considered, or `any`. */
  readonly studies: 'any' | readonly string[];
  /** Highest GB/T 39725 level of any column. */
  readonly maxLevel: Level;
  readonly suppression: SuppressionProfile;
  /** For each privacy mode the kinds of task that may run under it; a mode that is absent is refused. */
  readonly privacy: { readonly none?: readonly string[] };
}

export type ParsedPolicy =
  | { readonly kind: 'parsed'; readonly policy: Policy }
  | { readonly kind: 'refused'; readonly problems: readonly StudyProblem[] };

const LEVELS: readonly Level[] = [1, 2, 3, 4, 5];
const PROFILES: readonly SuppressionProfile[] = ['standard', 'strict', 'cms', 'open'];
const WORDS = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

/** Reads a policy document. Nothing has a default: what the hospital did not say, it did not allow. Errors: none thrown; POLICY_INVALID. */
export function parsePolicy(plain: unknown): ParsedPolicy {
  const list = new ProblemList('POLICY_INVALID');
  const fields = list.fields(plain, '', ['studies', 'maxLevel', 'suppression', 'privacy']);
  if (fields === undefined) return { kind: 'refused', problems: list.found };
  const studies =
    fields['studies'] === 'any' ? 'any' : readWords(list, fields['studies'], 'studies');
  const maxLevel = LEVELS.find((level) => level === fields['maxLevel']);
  if (maxLevel === undefined) list.note('maxLevel', 'expected 1, 2, 3, 4 or 5');
  const suppression = list.oneOf(fields['suppression'], 'suppression', PROFILES);
  const modes = list.fields(fields['privacy'], 'privacy', ['none']);
  const given = modes?.['none'];
  const none = given === undefined ? undefined : readWords(list, given, 'privacy.none');
  if (list.found.length > 0 || !studies || !maxLevel || !suppression || !modes)
    return { kind: 'refused', problems: list.found };
  const privacy = none === undefined ? {} : { none };
  return { kind: 'parsed', policy: { studies, maxLevel, suppression, privacy } };
}

/** What of a study the policy does not allow; empty if all of it is. Errors: POLICY_STUDY, POLICY_LEVEL, POLICY_PRIVACY, POLICY_TASK. */
export function policyAllows(policy: Policy, manifest: Manifest): readonly StudyProblem[] {
  const problems: StudyProblem[] = [];
  const { studies, maxLevel, privacy } = policy;
  if (studies !== 'any' && !studies.includes(manifest.study))
    problems.push({
      path: 'study',
      code: 'POLICY_STUDY',
      text: "expected a study that this hospital's policy names",
    });
  const columns = [
    { path: 'data.target', level: manifest.data.target.level },
    ...manifest.data.features.map(({ level }, i) => ({
      path: `data.features[${String(i)}]`,
      level,
    })),
  ];
  for (const { path, level } of columns)
    if (level > maxLevel)
      problems.push({
        path: join(path, 'level'),
        code: 'POLICY_LEVEL',
        text: `expected a level of at most ${String(maxLevel)}, got ${String(level)}`,
      });
  const { mode } = manifest.privacy;
  const kinds = privacy[mode];
  if (kinds === undefined)
    problems.push({
      path: 'privacy.mode',
      code: 'POLICY_PRIVACY',
      text: `expected a privacy mode that this hospital's policy names, got ${mode}`,
    });
  for (const kind of kinds === undefined ? [] : taskKinds(manifest))
    if (kinds?.includes(kind) === false)
      problems.push({
        path: 'tasks',
        code: 'POLICY_TASK',
        text: `expected a kind of task that the policy allows under privacy mode ${mode}, got ${kind}`,
      });
  return problems;
}

function readWords(list: ProblemList, value: unknown, path: string): readonly string[] | undefined {
  const words = list.list(value, path)?.map((word, i) => {
    return list.text(word, `${path}[${String(i)}]`, WORDS, 'words of a-z and 0-9 joined by -');
  });
  return words?.filter((word) => word !== undefined);
}
