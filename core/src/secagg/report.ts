/**
 * What the signed rules come to for a cohort of a given size: who must answer, who may be lost, who stays honest.
 *
 * For people who decide about a study. Nothing is decided by it: agents compute the same values where they need them.
 * Source: secure-aggregation.md sections 3, 5 and 6.
 */
import { PlexusError } from '../base/error.js';
import { neighbourGraph } from './graph.js';
import { quorum, survivorMinimum, type SecaggRules } from './rules.js';

export interface GraphReport {
  /** |U1|. */
  readonly cohort: number;
  readonly graph: 'complete' | 'sparse';
  /** k: with how many others a hospital shares masks. */
  readonly degree: number;
  /** t: shares that rebuild a secret. */
  readonly threshold: number;
  /** T: signatures under one survivor set, and answers that a complete graph needs. */
  readonly quorum: number;
  /** S_min: the fewest hospitals in a sum. */
  readonly survivorMinimum: number;
  /** Hospitals that may fall silent at any exchange after the first, all together, and the sum still opens. */
  readonly mayDrop: number;
  /** Honest hospitals in any sum, at least: S_min − cAbs, never below the T − cAbs of section 6. */
  readonly honest: number;
}

/**
 * Shapes   cohort: |U1|, at most the roster's size. rules: checked (checkRules).
 * Errors   operator/RULES_INVALID for a cohort that these rules admit to no sum.
 */
export function graphReport(cohort: number, rules: SecaggRules): GraphReport {
  const graph = neighbourGraph(
    Array.from({ length: cohort }, (_, i) => i + 1),
    rules,
  );
  const least = survivorMinimum(rules, cohort, graph.sparse);
  const needed = Math.max(rules.minCohort, least);
  if (cohort < needed)
    throw new PlexusError(
      'RULES_INVALID',
      `cohort: expected at least ${String(needed)} hospitals, got ${String(cohort)}`,
    );
  return {
    cohort,
    graph: graph.sparse ? 'sparse' : 'complete',
    degree: graph.degree,
    threshold: graph.threshold,
    quorum: quorum(cohort, rules.cAbs),
    survivorMinimum: least,
    mayDrop: cohort - least,
    honest: least - rules.cAbs,
  };
}

/** The report in one sentence. */
export function graphSentence(report: GraphReport): string {
  const { cohort, graph, degree, threshold, mayDrop } = report;
  const others = graph === 'complete' ? `all ${String(degree)}` : String(degree);
  return [
    `of ${String(cohort)} hospitals at least ${String(report.survivorMinimum)} are in any sum, ${String(report.honest)} of them honest`,
    `${String(report.quorum)} sign for it`,
    `${mayDrop === 0 ? 'none' : String(mayDrop)} may drop out`,
    `each masks with ${others} others, ${String(threshold)} shares rebuild a secret`,
  ].join('; ');
}

/** The smallest and the largest cohort that the rules admit; one report if they are the same. Errors: operator/RULES_INVALID. */
export function graphReports(rules: SecaggRules): readonly GraphReport[] {
  const smallest = Math.max(rules.minCohort, rules.minSurvivors);
  const sizes = new Set([smallest, rules.maxCohort]);
  return Array.from(sizes, (cohort) => graphReport(cohort, rules));
}
