/** The demo's result as a table: who trained, and how well the model judges each hospital's test patients. */
import type { Comparison, Scores } from './compare.js';
import { HOSPITALS } from './hospitals.js';

const NAME_WIDTH = 24;

/** Plain text, 89 columns wide; 100 where the patients are synthetic. */
export function resultLines(
  { federated, local, pooled }: Comparison,
  kind: 'uci-heart' | 'synthetic',
): readonly string[] {
  const columns = [...HOSPITALS, 'pooled_test'] as const;
  const names = [...HOSPITALS, 'all'];
  // on every line with a number: one pasted alone must not pass for a result on real patients
  const mark = kind === 'synthetic' ? '  SYNTHETIC' : '';
  const row = (name: string, scores: Scores, what: 'accuracy' | 'auc'): string =>
    [name.padEnd(NAME_WIDTH), ...columns.map((column) => cell(scores[what][column])), mark].join(
      '',
    );
  const table = (title: string, what: 'accuracy' | 'auc'): readonly string[] => [
    [title.padEnd(NAME_WIDTH), ...names.map((name) => name.padStart(13))].join(''),
    row('  federated', federated, what),
    row('  each hospital alone', local, what),
    row('  pooled, as if allowed', pooled, what),
  ];
  return [
    'Test patients, judged by the model that came out',
    '',
    ...table('accuracy', 'accuracy'),
    '',
    ...table('AUC', 'auc'),
  ];
}

/** Switzerland's test patients may all be ill: then there is no AUC. */
function cell(value: number): string {
  return (Number.isNaN(value) ? '–' : value.toFixed(3)).padStart(13);
}
