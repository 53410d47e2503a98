/**
 * V9: no transition of a machine is missing or told twice, and a study and its rounds went through their phases in order.
 *
 * Source: audit-log.md L1, L2 and section 10; docs/protocol.md for the phases. Leaves to others: who took part (rounds.ts).
 */
import { isSiteLog } from '../event-schema.js';
import type { Leaf } from '../leaf.js';
import { atLeaf, type AuditFinding, FindingList } from './finding.js';
import type { Leaves } from './leaves.js';

/** Phases of a round in order; the same rank may repeat. A leaf may follow one of a lower or equal rank. */
const ROUND_RANK: Readonly<Record<string, number>> = {
  'round.offered': 0,
  'round.ready': 1,
  'rows.read': 1,
  'session.opened': 2,
  'round.keys_advertised': 3,
  'round.shares_distributed': 4,
  'round.shares_accepted': 5,
  'round.masked_update.received': 5,
  'upload.sent': 5,
  'round.survivors_fixed': 6,
  'round.survivors_agreed': 7,
  'round.unmask_answered': 8,
  'unmask.answered': 8,
};

/** May stand anywhere between an offer and the end of its round. */
const ANY_TIME: readonly string[] = [
  'round.hospital_dropped',
  'round.complaint',
  'session.abandoned',
];

const ENDS: Readonly<Record<string, string>> = {
  'round.aggregated': 'round.unmask_answered',
  'round.aborted': 'round.offered',
};

const STUDY_ENDS: readonly string[] = ['study.closed', 'study.cancelled'];

/** What must have been said of a study before a leaf of these types. */
const STUDY_NEEDS: Readonly<Record<string, string>> = {
  'study.approved': 'study.submitted',
  'study.refused': 'study.submitted',
  'study.activated': 'study.approved',
  'round.offered': 'study.activated',
  'model.released': 'round.aggregated',
};

export function checkDriver(leaves: Leaves): {
  readonly machines: number;
  readonly findings: readonly AuditFinding[];
} {
  const findings = new FindingList();
  const next = new Map<string, number>();
  const studies = new Map<string, Set<string>>();
  /** Per study: type of the last ranked leaf of the round under way. */
  const open = new Map<string, string>();
  const [first] = leaves;
  const federation = first !== undefined && !isSiteLog(first.log);
  if (first !== undefined && first.type !== 'log.genesis')
    findings.push(notAllowed(first, 'the start of the log'));

  for (const leaf of leaves) {
    if (leaf === undefined) continue;
    const { machine, n } = leaf.transition;
    const expected = next.get(machine) ?? 0;
    if (n !== expected) findings.push(outOfStep(leaf, expected));
    next.set(machine, n + 1);
    if (leaf.seq > 0 && leaf.type === 'log.genesis') findings.push(notAllowed(leaf, 'log.genesis'));
    if (leaf.study === undefined) continue;

    const said = studies.get(leaf.study) ?? new Set<string>();
    studies.set(leaf.study, said);
    const ended = STUDY_ENDS.find((end) => said.has(end));
    const needed = STUDY_NEEDS[leaf.type];
    if (federation && leaf.type === 'study.submitted' && said.size > 0)
      findings.push(notAllowed(leaf, 'study.submitted'));
    if (federation && needed !== undefined && !said.has(needed))
      findings.push(notAllowed(leaf, lastOf(said)));
    if (ended !== undefined && (leaf.type.startsWith('round.') || leaf.type.startsWith('study.')))
      findings.push(notAllowed(leaf, ended));
    said.add(leaf.type);
    findings.push(...checkRoundStep(leaf, leaf.study, open, federation));
  }
  return { machines: next.size, findings: findings.all() };
}

function checkRoundStep(
  leaf: Leaf,
  study: string,
  open: Map<string, string>,
  federation: boolean,
): readonly AuditFinding[] {
  const { type } = leaf;
  const last = open.get(study);
  const rank = ROUND_RANK[type];
  const before = last === undefined ? -1 : (ROUND_RANK[last] ?? -1);
  if (type in ENDS) {
    open.delete(study);
    const least = ROUND_RANK[ENDS[type] ?? ''] ?? 0;
    return last === undefined || (federation && before < least)
      ? [notAllowed(leaf, last ?? 'no round')]
      : [];
  }
  if (ANY_TIME.includes(type)) return last === undefined ? [notAllowed(leaf, 'no round')] : [];
  if (rank === undefined) return [];
  open.set(study, type);
  if (type === 'round.offered') return last === undefined ? [] : [notAllowed(leaf, last)];
  // a phase may be empty only at a hospital, which logs no more than its own part
  const skips = federation && rank > before + 1 && !(rank === 2 && before === 0);
  return last === undefined || rank < before || skips ? [notAllowed(leaf, last ?? 'no round')] : [];
}

function outOfStep(leaf: Leaf, expected: number): AuditFinding {
  const { machine, n } = leaf.transition;
  const what =
    n > expected
      ? `${String(expected)} missing`
      : n === expected - 1
        ? `${String(n)} repeated`
        : `${String(n)} after ${String(expected - 1)}`;
  return atLeaf('A406', leaf.seq, `machine ${machine}: transition ${what}`);
}

function notAllowed(leaf: Leaf, after: string): AuditFinding {
  return atLeaf('A601', leaf.seq, `${leaf.type} is not allowed after ${after}`);
}

function lastOf(said: ReadonlySet<string>): string {
  return [...said].at(-1) ?? 'nothing of this study';
}
