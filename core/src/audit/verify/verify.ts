/**
 * The verifier: the steps of audit-log.md section 10 that the log alone decides, over an abstract bundle.
 *
 * A step that an earlier failure makes impossible is not listed, so nothing unchecked reads as ok. Policy and quorum (V2), privacy
 * (V11), recomputing (V12) and outside time (V14) are not part of it; of blobs (V13), only that they belong there. Leaves to others: reading files, printing.
 */
import { base64, type Bytes } from '../../base/bytes.js';
import type { Suite } from '../../base/suite.js';
import { isSiteLog } from '../event-schema.js';
import { checkDriver } from './driver.js';
import { checkFiles, type BundleReader } from './files.js';
import { counted, stepResult, type AuditFinding, type StepResult } from './finding.js';
import { checkHistory, type GivenHead } from './history.js';
import { checkKeys } from './keys.js';
import { checkLeaves } from './leaves.js';
import { checkNamed } from './named.js';
import { checkRounds } from './rounds.js';
import { checkSignedHead } from './signed-head.js';
import { checkStatements } from './statements.js';
import { checkTree } from './tree-files.js';

export type AuditReport = {
  readonly ok: boolean;
  readonly origin?: string;
  readonly size?: number;
  /** base64; the root that the log's key signed for this size. */
  readonly root?: string;
  readonly steps: readonly StepResult[];
  readonly findings: readonly AuditFinding[];
  readonly failures: number;
  readonly warnings: number;
  readonly missing: number;
};

/** What the verifier brings along, besides the bundle: neither is the coordinator's word. */
export interface Brought {
  /** The reader's own trust policy; without one the bundle's is used, and a warning says so. */
  readonly policy?: Bytes;
  readonly heads?: readonly GivenHead[];
}

/** Total on peer input: whatever is in the bundle, the answer is a report. */
export function verifyBundle(
  suite: Suite,
  reader: BundleReader,
  { policy, heads = [] }: Brought = {},
): AuditReport {
  const steps: StepResult[] = [];
  const findings: AuditFinding[] = [];
  const step = (
    id: string,
    name: string,
    found: readonly AuditFinding[],
    figures: string,
  ): void => {
    steps.push(stepResult(id, name, found, figures));
    for (const finding of found) findings.push(finding); // may be too many for a spread
  };

  const files = checkFiles(reader);
  const { index } = files;
  step('V1', 'files', files.findings, counted(index?.files.length ?? 0, 'file'));
  if (index === undefined) return report(steps, findings);

  const signed = checkSignedHead(suite, reader, index, policy);
  const { head } = signed;
  step(
    'V3',
    'signed',
    signed.findings,
    head === undefined ? 'no checkpoint' : `size ${String(head.size)}`,
  );
  if (head === undefined) return report(steps, findings);
  const about = { origin: head.log.name, size: head.size, root: base64(head.root) };

  const built = checkTree(suite, reader, head);
  const { tree } = built;
  const figures =
    tree === undefined
      ? 'leaves unreadable'
      : `${counted(tree.entries.length, 'leaf', 'leaves')}, ${counted(tree.tiles, 'tile')}`;
  step('V4', 'tree', built.findings, figures);
  if (tree === undefined) return report(steps, findings, about);

  const history = checkHistory(suite, reader, head, tree, heads);
  step('V5', 'history', history.findings, counted(history.checked, 'older or given head'));

  const { entries, hashes } = tree;
  const read = checkLeaves(head.log.name, entries, hashes);
  step('V6', 'leaves', read.findings, counted(entries.length, 'leaf', 'leaves'));

  const keyed = checkKeys(suite, read.leaves, head.log);
  step('V7', 'keys', keyed.findings, counted(keyed.keys.count, 'key'));

  // a hospital's own log holds its own words about rounds; statements of others are in the federation log
  const federation = !isSiteLog(head.log.name);
  const said = federation
    ? checkStatements(suite, reader, read.leaves, keyed.keys, head.log, tree)
    : undefined;
  if (said !== undefined)
    step('V8', 'statements', said.findings, counted(said.statements.verified, 'signature'));

  const driven = checkDriver(read.leaves);
  step('V9', 'driver', driven.findings, counted(driven.machines, 'machine'));

  if (said !== undefined) {
    const rounds = checkRounds(suite, read.leaves, said.statements);
    step('V10', 'rounds', rounds.findings, counted(rounds.rounds, 'round'));
  }

  const named = checkNamed(reader, read.leaves);
  step('V13', 'named', named.findings, counted(named.checked, 'document'));
  return report(steps, findings, about);
}

function report(
  steps: readonly StepResult[],
  findings: readonly AuditFinding[],
  about: Pick<AuditReport, 'origin' | 'size' | 'root'> = {},
): AuditReport {
  const count = (level: AuditFinding['level']) =>
    findings.filter((finding) => finding.level === level).length;
  const failures = count('FAIL');
  return {
    ok: failures === 0 && count('MISS') === 0,
    ...about,
    steps,
    findings,
    failures,
    warnings: count('WARN'),
    missing: count('MISS'),
  };
}
