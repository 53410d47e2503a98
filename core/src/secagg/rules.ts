/**
 * The rules of a secure sum, fixed by the signed manifest, and what an agent computes from them (I4).
 *
 * Source: secure-aggregation.md sections 3, 6 and 7. The coordinator's messages have no field for any of these values.
 * Leaves to others: the graph and its threshold (graph.ts); what a privacy mode asks of minSurvivors (privacy/).
 */
import { isCanonicalDecimal } from '../base/decimal.js';
import { PlexusError } from '../base/error.js';

export interface SecaggRules {
  readonly suite: 'SA1.1';
  /** Curious or corrupt hospitals tolerated, absolute, ≥ 1. */
  readonly cAbs: number;
  readonly minCohort: number;
  readonly maxCohort: number;
  readonly minSurvivors: number;
  readonly graph: 'auto' | 'complete';
  readonly maxLoss: number;
  readonly minDelta: number;
  /** Largest weight of one hospital (examples); decimal string. */
  readonly wMax: string;
  /** Milliseconds the coordinator waits in each phase. */
  readonly timeoutsMs: {
    readonly ready: number;
    readonly advertise: number;
    readonly share: number;
    readonly masked: number;
    readonly agree: number;
    readonly unmask: number;
  };
  readonly sessionTtlMs: number;
}

/** The survivor quorum T: two conflicting survivor sets can never both gather T signatures. Source: section 6. */
export function quorum(cohortSize: number, cAbs: number): number {
  return Math.floor((cohortSize + cAbs) / 2) + 1;
}

/** S_min: the fewest hospitals a sum may have. Source: section 3. */
export function survivorMinimum(rules: SecaggRules, cohortSize: number, sparse: boolean): number {
  const connected = sparse ? cohortSize - rules.maxLoss : 0;
  return Math.max(quorum(cohortSize, rules.cAbs), rules.minSurvivors, connected);
}

/** Largest weight or count of one hospital, so that the sum of maxCohort of them stays below 2^32. */
export function largestCount(maxCohort: number): number {
  return Math.floor((2 ** 32 - 1) / maxCohort);
}

/**
 * Bits q of one quantised value: q = f − ⌈log2 maxCohort⌉, so that maxCohort values of q bits fit into f.
 *
 * Errors: operator/LAYOUT_INVALID below 6 bits.
 */
export function quantiserBits(fieldBits: 16 | 24 | 32, maxCohort: number): number {
  const bits = fieldBits - (32 - Math.clz32(maxCohort - 1));
  if (bits < 6)
    throw new PlexusError(
      'LAYOUT_INVALID',
      `${String(fieldBits)}-bit section: expected at least 6 bits a hospital, got ${String(bits)}`,
    );
  return bits;
}

/** Checks the rules by themselves and against the size of the roster. Errors: operator/RULES_INVALID. */
export function checkRules(rules: SecaggRules, rosterSize: number): void {
  const least = Math.max(3, rules.cAbs + 2);
  atLeast('cAbs', rules.cAbs, 1);
  atLeast('minCohort', rules.minCohort, least);
  atLeast('maxCohort', rules.maxCohort, rules.minCohort);
  if (rules.maxCohort > rosterSize)
    throw invalid(`maxCohort: expected at most the roster's ${String(rosterSize)}`);
  // 0 is for studies without differential privacy; whether this study is one is checked where the mode is known
  if (rules.minSurvivors !== 0) atLeast('minSurvivors', rules.minSurvivors, least);
  if (rules.minSurvivors > rules.maxCohort)
    throw invalid('minSurvivors: expected at most maxCohort');
  atLeast('maxLoss', rules.maxLoss, 0);
  atLeast('minDelta', rules.minDelta, rules.cAbs + 2);
  const wMax = positiveDecimal(rules.wMax);
  if (wMax === undefined || wMax > largestCount(rules.maxCohort))
    throw invalid(`wMax: expected a decimal in (0, ${String(largestCount(rules.maxCohort))}]`);
  for (const [phase, ms] of Object.entries(rules.timeoutsMs)) atLeast(`timeoutsMs.${phase}`, ms, 1);
  atLeast('sessionTtlMs', rules.sessionTtlMs, 1);
}

/** The number of a canonical decimal above 0, or undefined: clips and wMax are spelled one way. */
export function positiveDecimal(text: string): number | undefined {
  const value = isCanonicalDecimal(text) ? Number(text) : 0;
  return value > 0 && Number.isFinite(value) ? value : undefined;
}

function atLeast(what: string, value: number, least: number): void {
  if (!Number.isSafeInteger(value) || value < least)
    throw invalid(`${what}: expected an integer ≥ ${String(least)}, got ${String(value)}`);
}

function invalid(message: string): PlexusError {
  return new PlexusError('RULES_INVALID', message);
}
