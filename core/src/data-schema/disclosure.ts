/**
 * Small cells: which counts may be shown, and least numbers of patients.
 *
 * A count below k is shown as `<k`, and where a total would give it back, a second cell goes too. The stricter of study and hospital
 * applies. Source: data.md section 6 (dsBase 6.3.3 defaults; the CMS cell-size suppression policy). Leaves to others: what is counted.
 */
import type { SuppressionProfile } from './schema.js';

export interface DisclosureRule {
  /** Counts from 1 to cell − 1 are never shown. */
  readonly cell: number;
  readonly minPatients: number;
  /** Largest number of model parameters per row; undefined means no limit. */
  readonly maxParametersPerRow: number | undefined;
}

const RULES: Readonly<Record<SuppressionProfile, DisclosureRule>> = {
  open: { cell: 1, minPatients: 1, maxParametersPerRow: undefined },
  standard: { cell: 5, minPatients: 5, maxParametersPerRow: 0.33 },
  strict: { cell: 10, minPatients: 10, maxParametersPerRow: 0.33 },
  cms: { cell: 11, minPatients: 11, maxParametersPerRow: 0.33 },
};

export function disclosureRule(profile: SuppressionProfile): DisclosureRule {
  return RULES[profile];
}

export function stricterProfile(a: SuppressionProfile, b: SuppressionProfile): SuppressionProfile {
  return RULES[a].cell >= RULES[b].cell ? a : b;
}

/** A count as it may be shown. Zero says that nobody is there, and may be said. */
export function shownCount(count: number, profile: SuppressionProfile): string {
  const { cell } = RULES[profile];
  return count > 0 && count < cell ? `<${String(cell)}` : String(count);
}

export interface ShownTable {
  readonly cells: readonly string[];
  readonly total: string;
}

/**
 * A partition and its total as they may be shown.
 *
 * Cells below k read `<k`. A reader who knows the total, the rule and this algorithm must be left with two or more possible values
 * for every such cell; until then the next smallest cell is hidden as `*`, empty cells last. If even that does not help, the total is `*`.
 */
export function shownTable(counts: readonly number[], profile: SuppressionProfile): ShownTable {
  const { cell } = RULES[profile];
  const total = counts.reduce((sum, count) => sum + count, 0);
  const isSmall = (count: number): boolean => count > 0 && count < cell;
  const smalls = counts.filter(isSmall);
  const order = counts
    .map((count, i) => ({ count, i }))
    .filter(({ count }) => !isSmall(count))
    .sort((a, b) => (a.count || Infinity) - (b.count || Infinity) || a.i - b.i);
  const stars = new Set<number>();
  const given = (): boolean => {
    const starred = [...stars].map((i) => counts[i] ?? 0);
    return total >= cell && isGivenAway(smalls, starred, cell);
  };
  for (const next of order) {
    if (!given()) break;
    stars.add(next.i);
  }
  const cells = counts.map((count, i) => (stars.has(i) ? '*' : shownCount(count, profile)));
  return { cells, total: given() ? '*' : shownCount(total, profile) };
}

/** True if at most one value of a small cell fits the sum of what is hidden, which a reader gets as total minus shown cells. */
function isGivenAway(smalls: readonly number[], starred: readonly number[], cell: number): boolean {
  if (smalls.length === 0) return false;
  const sum = [...smalls, ...starred].reduce((a, b) => a + b, 0);
  const others = smalls.length - 1;
  const large = starred.filter((count) => count > 0).length * cell;
  let possible = 0;
  for (let value = 1; value < cell; value++) {
    // what the other small cells leave to the starred ones
    const least = sum - value - others * (cell - 1);
    const most = sum - value - others;
    const exact = least <= large && most >= large; // the starred cells at their least
    const more = most >= large && starred.length > 0 && (large > 0 || most >= cell);
    if (exact || more) possible++;
  }
  return possible < 2;
}
