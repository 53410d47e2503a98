/** The outbound ledger as people read it: every row, then the sums of each study. */
import { sumsByStudy, type OutboundRow } from '../app/outbound.js';
import { tableLines } from './table.js';

export function outboundText(rows: readonly OutboundRow[]): readonly string[] {
  if (rows.length === 0) return ['nothing has left this hospital'];
  const ledger = tableLines(
    ['time', 'study', 'round', 'what', 'bytes', 'sha256'],
    rows.map(({ time, study, round, what, bytes, digest }) => [
      time,
      study,
      round,
      what,
      bytes,
      digest.slice(0, 16),
    ]),
  );
  const sums = tableLines(
    ['study', 'rounds', 'messages', 'vectors', 'bytes'],
    sumsByStudy(rows).map(({ study, rounds, messages, vectors, bytes }) => [
      study,
      rounds,
      messages,
      vectors,
      bytes,
    ]),
  );
  return [...ledger, '', ...sums];
}
