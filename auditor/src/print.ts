/**
 * A report in lines for people: steps, findings with what they mean, and the verdict last.
 *
 * Source: audit-log.md section 10. Everything printed from the bundle was made plain by core; the name of the bundle is the caller's.
 */
import type { AuditFinding, AuditReport } from '@plexus/core';
import { MEANINGS } from './meaning.js';

/** The same text, marked for a terminal or as it is. */
export type Paint = Readonly<Record<'red' | 'yellow' | 'green' | 'dim', (text: string) => string>>;

/** Of one code; the others are counted. */
const MOST_OF_A_CODE = 20;

export function reportLines(report: AuditReport, paint: Paint): readonly string[] {
  const { steps, findings } = report;
  return [
    ...steps.map(({ id, name, result, figures }) => {
      const word = result.padEnd(4);
      const shown = result === 'ok' ? word : paint.red(word);
      return `${id.padEnd(3)} ${name.padEnd(10)} ${shown}  ${figures}`;
    }),
    ...findingLines(findings, paint),
    verdictLine(report, paint),
  ];
}

/** `FAIL A203 leaf 4711: bytes do not hash to the tile: …`, and below it what that means. */
function findingLines(findings: readonly AuditFinding[], paint: Paint): readonly string[] {
  const seen = new Map<string, number>();
  const lines: string[] = [];
  for (const { level, code, where, text } of findings) {
    const count = (seen.get(code) ?? 0) + 1;
    seen.set(code, count);
    if (count > MOST_OF_A_CODE) continue;
    const grave = level === 'FAIL' || level === 'MISS';
    lines.push(`${(grave ? paint.red : paint.yellow)(level)} ${code} ${where}: ${text}`);
    lines.push(`          ${paint.dim(MEANINGS[code] ?? 'see the documentation of the log')}`);
  }
  for (const [code, count] of seen)
    if (count > MOST_OF_A_CODE)
      lines.push(`     ${code} ${String(count - MOST_OF_A_CODE)} more like it`);
  return lines;
}

/** `ok: size 46, root pT0…=; checked files, signed, tree, …`; a step that could not be made is not among them. */
function verdictLine(report: AuditReport, paint: Paint): string {
  const { ok, size, root, steps } = report;
  const count = report.failures + report.missing;
  const head = size === undefined ? 'no signed head' : `size ${String(size)}, root ${root ?? ''}`;
  const wrong = ok ? '' : `, ${String(count)} ${count === 1 ? 'finding' : 'findings'}`;
  const checked = steps.map(({ name }) => name).join(', ');
  return `${ok ? paint.green('ok') : paint.red('not ok')}: ${head}${wrong}; checked ${checked}`;
}
