/**
 * The pre-flight `plexus-agent data check`: runs the whole path, sends nothing, stores nothing, and says all that is wrong at once.
 *
 * The report may be copied into an ethics file: counts follow the suppression profile, and no value of a row is in it (I9).
 * Source: data.md section 7. Leaves to others: the command line (cli/), what the checks mean (core's check.ts).
 */
import {
  disclosureRule,
  PlexusError,
  shownCount,
  shownTable,
  type ColumnSummary,
  type Finding,
  type Suite,
  type SuppressionProfile,
} from '@plexus/core';
import { loadFeatures, sideCounts, type DataRequest, type LoadedFeatures } from './features.js';
import { approvalDigests, isApproved } from './mapping.js';

export interface ReportLine {
  readonly ok: boolean;
  readonly subject: 'mapping' | 'level' | 'patients' | 'consent' | 'split';
  readonly text: string;
}

/** Plain data, so that `--json` is this object. */
export interface DataReport {
  readonly study: string;
  readonly ready: boolean;
  readonly suppression: SuppressionProfile;
  readonly sources: readonly {
    readonly name: string;
    readonly kind: string;
    readonly encoding: string;
    readonly rows: string;
  }[];
  readonly lines: readonly ReportLine[];
  readonly columns: readonly ColumnSummary[];
  readonly problems: readonly Finding[];
}

/** Errors: none for what is wrong with the data, which the report says; bugs of ours throw. */
export async function checkData(suite: Suite, request: DataRequest): Promise<DataReport> {
  const unapproved = approvalProblems(suite, request);
  try {
    return reportOf(request, await loadFeatures(suite, request), unapproved);
  } catch (thrown) {
    if (!(thrown instanceof PlexusError)) throw thrown;
    return {
      study: request.study,
      ready: false,
      suppression: request.policy.suppression,
      sources: [],
      lines: [],
      columns: [],
      problems: [...unapproved, { code: thrown.code, text: thrown.message }],
    };
  }
}

/** The report for a terminal; every line stands alone, so that it reads without colours. */
export function reportText(report: DataReport): string {
  const sources = report.sources.map(
    (source) => `source ${source.name} (${source.kind}, ${source.encoding}, ${source.rows} rows)`,
  );
  const k = String(disclosureRule(report.suppression).cell);
  const head = [report.study, ...sources, `suppression ${report.suppression}, k = ${k}`];
  const checks = report.lines.map(
    (line) => `${mark(line.ok)}${line.subject.padEnd(11)}${line.text}`,
  );
  const columns = report.columns.flatMap(columnLines);
  const titles = [
    `      ${'column'.padEnd(20)}${'unit'.padEnd(10)}${'missing'.padStart(8)}${'outside'.padStart(9)}   5 % .. median .. 95 %   range`,
  ];
  const own = new Set(report.columns.flatMap((column) => column.findings));
  const others = report.problems
    .filter((problem) => !own.has(problem))
    .map((problem) => `FAIL  ${problem.code}: ${problem.text}`);
  return [
    head.join(' · '),
    ...checks,
    ...(columns.length === 0 ? [] : titles),
    ...columns,
    ...others,
    verdict(report.problems.length),
    '',
  ].join('\n');
}

function reportOf(
  request: DataRequest,
  loaded: LoadedFeatures,
  unapproved: readonly Finding[],
): DataReport {
  const { profile } = loaded;
  const shown = (count: number): string => shownCount(count, profile);
  const problems = [...unapproved, ...loaded.problems];
  return {
    study: request.study,
    ready: problems.length === 0,
    suppression: profile,
    sources: request.mapping.sources.map((name) => {
      const source = request.sources.get(name);
      const rows = shown(loaded.rowCounts.get(name) ?? 0);
      return { name, kind: source?.kind ?? '', encoding: source?.encoding ?? '', rows };
    }),
    lines: [
      {
        subject: 'mapping',
        ok: unapproved.length === 0,
        text: unapproved.length === 0 ? 'approved by a steward' : 'not approved as it is now',
      },
      levelLine(request, problems),
      {
        subject: 'patients',
        ok: !problems.some((problem) => problem.code.startsWith('DATA_PATIENT')),
        text: `${shown(loaded.viewRowCount)} rows, ${shown(loaded.patients.length)} usable patients`,
      },
      consentLine(request),
      splitLine(request, loaded),
    ],
    columns: loaded.checked?.columns ?? [],
    problems,
  };
}

function approvalProblems(suite: Suite, request: DataRequest): readonly Finding[] {
  const now = approvalDigests(suite, request.schema, request.mapping, request.sources);
  if (isApproved(request.approved, now)) return [];
  const text = 'schema, mapping or source config is not what a steward approved';
  return [{ code: 'DATA_MAPPING_NOT_APPROVED', text }];
}

function levelLine(request: DataRequest, problems: readonly Finding[]): ReportLine {
  const highest = Math.max(0, ...[...request.mapping.columns.values()].map((c) => c.level));
  return {
    subject: 'level',
    ok: !problems.some((problem) => problem.code === 'DATA_LEVEL_EXCEEDED'),
    text: `highest mapped ${String(highest)}, study allows ${String(request.schema.maxLevel)}, hospital allows ${String(request.policy.maxLevel)}`,
  };
}

function consentLine(request: DataRequest): ReportLine {
  const { mode } = request.schema.consent;
  return mode === 'opt-out'
    ? { subject: 'consent', ok: true, text: 'opt-out: permitted unless refused' }
    : { subject: 'consent', ok: false, text: 'opt-in: no consent source, so nobody may be used' };
}

function splitLine(request: DataRequest, loaded: LoadedFeatures): ReportLine {
  const { training, heldOut } = sideCounts(loaded.held);
  const { cells } = shownTable([training, heldOut], loaded.profile);
  const how = loaded.publishedSplit
    ? 'published split'
    : `fraction ${String(request.policy.heldOutFraction)}`;
  const text = `training ${cells[0] ?? ''}, held-out ${cells[1] ?? ''} (${how})`;
  return { subject: 'split', ok: training > 0, text };
}

function columnLines(column: ColumnSummary): readonly string[] {
  const quantiles = column.quantiles;
  const middle =
    quantiles === undefined
      ? ''
      : [quantiles.low, quantiles.median, quantiles.high]
          .map((x) => String(Number(x.toPrecision(4))))
          .join(' .. ');
  const row = [
    mark(column.findings.length === 0),
    column.name.padEnd(20),
    column.unit.padEnd(10),
    column.missing.padStart(8),
    column.outside.padStart(9),
    `   ${middle.padEnd(24)}`,
    column.range?.join(' .. ') ?? '',
  ].join('');
  const findings = column.findings.map((finding) => `      ${finding.code}: ${finding.text}`);
  return [row.trimEnd(), ...findings];
}

function mark(ok: boolean): string {
  return ok ? 'ok    ' : 'FAIL  ';
}

function verdict(problems: number): string {
  return problems === 0
    ? 'ready. Nothing was sent, nothing was stored.'
    : `not ready: ${String(problems)} ${problems === 1 ? 'problem' : 'problems'}. Nothing was sent, nothing was stored. Correct the mapping or the data, then run this again.`;
}
