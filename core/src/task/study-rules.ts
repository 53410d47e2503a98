/**
 * Reads the `secagg` section of a study: what the author left out gets the default that follows from the number of hospitals.
 *
 * Defaults are written into the manifest, so that each agent computes from what was approved (I4). Parsing parsed rules changes nothing.
 * Source: secure-aggregation.md section 3. Leaves to others: the bounds themselves (secagg/rules.ts).
 */
import { canonicalDecimal } from '../base/decimal.js';
import { asPlexusError } from '../base/error.js';
import { checkRules, type SecaggRules } from '../secagg/rules.js';
import { join, ProblemList, type StudyProblem } from '../study/problem.js';

export type ParsedRules =
  | { readonly kind: 'parsed'; readonly rules: SecaggRules }
  | { readonly kind: 'refused'; readonly problems: readonly StudyProblem[] };

const KEYS = [
  'suite',
  'cAbs',
  'minCohort',
  'maxCohort',
  'minSurvivors',
  'graph',
  'maxLoss',
  'minDelta',
  'wMax',
  'timeoutsMs',
  'sessionTtlMs',
];
const PHASES = ['ready', 'advertise', 'share', 'masked', 'agree', 'unmask'] as const;
/** Training happens before `ready`; the exchanges after it take seconds. */
const DEFAULT_TIMEOUTS = {
  ready: 600_000,
  advertise: 30_000,
  share: 30_000,
  masked: 60_000,
  agree: 30_000,
  unmask: 30_000,
} as const;
const DAY_MS = 86_400_000;

/** Errors: none thrown; problems are RULES_INVALID. */
export function parseRules(value: unknown, rosterSize: number, path: string): ParsedRules {
  const list = new ProblemList('RULES_INVALID');
  const fields = list.fields(value, path, KEYS);
  if (fields === undefined) return { kind: 'refused', problems: list.found };
  const integer = (key: string, otherwise: number, most = 65_535): number =>
    list.integer(fields[key] ?? otherwise, join(path, key), 0, most) ?? otherwise;
  const suite = fields['suite'] ?? 'SA1.1';
  if (suite !== 'SA1.1') list.note(join(path, 'suite'), 'expected SA1.1');
  const cAbs = integer('cAbs', Math.max(1, Math.ceil(rosterSize / 3) - 1));
  const graphs = ['auto', 'complete'] as const;
  const graph = list.oneOf(fields['graph'] ?? 'auto', join(path, 'graph'), graphs) ?? 'auto';
  const wMax = canonicalDecimal(fields['wMax'] ?? 10_000);
  if (wMax === undefined) list.note(join(path, 'wMax'), 'expected a number');
  const given = fields['timeoutsMs'] ?? {};
  const timeouts = list.fields(given, join(path, 'timeoutsMs'), PHASES);
  const timeout = (phase: (typeof PHASES)[number]): number => {
    const ms = timeouts?.[phase] ?? DEFAULT_TIMEOUTS[phase];
    return list.integer(ms, join(path, `timeoutsMs.${phase}`), 1, DAY_MS) ?? 1;
  };
  const rules: SecaggRules = {
    suite: 'SA1.1',
    cAbs,
    minCohort: integer('minCohort', Math.max(3, cAbs + 2)),
    maxCohort: integer('maxCohort', rosterSize),
    minSurvivors: integer('minSurvivors', 0),
    graph,
    maxLoss: integer('maxLoss', Math.max(2, Math.ceil(rosterSize / 10))),
    minDelta: integer('minDelta', cAbs + 2),
    wMax: wMax ?? '1',
    timeoutsMs: {
      ready: timeout('ready'),
      advertise: timeout('advertise'),
      share: timeout('share'),
      masked: timeout('masked'),
      agree: timeout('agree'),
      unmask: timeout('unmask'),
    },
    sessionTtlMs: integer('sessionTtlMs', DAY_MS, 30 * DAY_MS),
  };
  if (list.found.length > 0) return { kind: 'refused', problems: list.found };
  try {
    checkRules(rules, rosterSize);
    return { kind: 'parsed', rules };
  } catch (thrown) {
    const { code, message } = asPlexusError(thrown, 'STATE_UNEXPECTED');
    if (code !== 'RULES_INVALID') throw thrown;
    const [place = '', ...rest] = message.split(': '); // messages read `place: expectation`
    list.note(join(path, place), rest.join(': '));
    return { kind: 'refused', problems: list.found };
  }
}
