/** Studies as the hospital's people read them: where each stands, and what leaves for it. */
import { graphSentence, type ParticipantState } from '@plexus/core';
import type { StudySummary } from '../app/leaving.js';
import { tableLines } from './table.js';

/** One study, as `--json` prints it. */
export interface StudyRow {
  readonly phase: string;
  /** Rounds begun, and what the one under way waits for. */
  readonly round: number;
  readonly doing: string;
  readonly summary: StudySummary;
}

/** Where a study stands, in two words of its state. */
export function standing(state: Exclude<ParticipantState, { phase: 'absent' }>): {
  readonly phase: string;
  readonly round: number;
  readonly doing: string;
} {
  const phase = state.phase === 'ended' ? state.outcome : state.phase;
  const doing = state.session?.phase ?? state.round?.phase ?? '';
  return { phase, round: state.last.round, doing };
}

export function studiesText(rows: readonly StudyRow[]): readonly string[] {
  if (rows.length === 0) return ['no study has been offered to this hospital'];
  const table = tableLines(
    ['study', 'phase', 'round', 'now', 'title'],
    rows.map(({ phase, round, doing, summary }) => [
      summary.study,
      phase,
      round,
      doing,
      summary.title,
    ]),
  );
  return [...table, ...rows.flatMap(({ summary }) => ['', ...summaryText(summary)])];
}

export function summaryText(summary: StudySummary): readonly string[] {
  const { study, title, hospitals, features, target, leaving, leastHospitals, secagg } = summary;
  return [
    `${study}: ${title}`,
    `  hospitals  ${hospitals.join(', ')}`,
    `  reads      ${[...features, target].join(', ')}`,
    ...leaving.map(({ task, rounds, numbers, bytes }) => {
      const each = `one masked vector of ${String(numbers)} numbers, ${String(bytes)} bytes`;
      return `  leaves     ${task}: ${String(rounds)} round${rounds === 1 ? '' : 's'}, ${each} a round`;
    }),
    `  readable   sums over at least ${String(leastHospitals)} hospitals, nothing of this hospital alone`,
    ...secagg.map((report) => `             ${graphSentence(report)}`),
  ];
}
