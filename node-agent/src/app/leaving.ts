/**
 * What a study would make leave this hospital, out of the manifest alone: for people who decide, before anything is computed.
 *
 * Every number leaves masked, inside one vector a round; what can be read of it is the sum over the survivors.
 * Source: docs/protocol.md; I9. Leaves to others: showing it (cli/), what did leave (outbound.ts).
 */
import {
  graphReports,
  roundSetting,
  roundsOf,
  survivorMinimum,
  type GraphReport,
  type StudyContext,
} from '@plexus/core';

export interface Leaving {
  /** Kind of task. */
  readonly task: string;
  readonly rounds: number;
  /** Named sums of one round's vector, such as `update/dense/kernel`, without the check words. */
  readonly sums: readonly string[];
  /** Numbers in one round's vector, and its size masked. */
  readonly numbers: number;
  readonly bytes: number;
}

export interface StudySummary {
  readonly study: string;
  readonly title: string;
  readonly hospitals: readonly string[];
  readonly features: readonly string[];
  readonly target: string;
  readonly leaving: readonly Leaving[];
  /** No sum of fewer hospitals than this is ever opened. */
  readonly leastHospitals: number;
  /** What the rules come to at the smallest and at the largest cohort. */
  readonly secagg: readonly GraphReport[];
}

export function summaryOf(study: StudyContext): StudySummary {
  const { manifest, rules } = study;
  return {
    study: manifest.study,
    title: manifest.title,
    hospitals: manifest.roster.map(({ hospital }) => hospital),
    features: manifest.data.features.map(({ name }) => name),
    target: manifest.data.target.name,
    leaving: study.tasks.map((task, i) => {
      const { layout, vectorBytes } = roundSetting(study, { task: i, roundInTask: 0 });
      const sections = layout.sections.filter(({ name }) => !name.startsWith('check/'));
      return {
        task: task.kind,
        rounds: roundsOf(task),
        sums: sections.map(({ name }) => name),
        numbers: sections.reduce((sum, { length }) => sum + length, 0),
        bytes: vectorBytes,
      };
    }),
    leastHospitals: survivorMinimum(rules, rules.minCohort, false),
    secagg: graphReports(rules),
  };
}
