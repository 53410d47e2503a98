/**
 * V6: each leaf fits its schema, holds no personal data, and stands where it says.
 *
 * Source: audit-log.md section 4. Leaves to others: who signed what, what may follow what.
 */
import { base64, type Bytes } from '../../base/bytes.js';
import { readLeaf, type Leaf } from '../leaf.js';
import { atLeaf, type AuditFinding, FindingList } from './finding.js';

/** `leaves[i]` is undefined where the bytes of leaf i are no leaf. */
export type Leaves = readonly (Leaf | undefined)[];

export function checkLeaves(
  origin: string,
  entries: readonly Bytes[],
  hashes: readonly Bytes[],
): { readonly leaves: Leaves; readonly findings: readonly AuditFinding[] } {
  const findings = new FindingList();
  let last = '';
  const leaves = entries.map((entry, at) => {
    const read = readLeaf(entry);
    if (read.kind === 'problem') {
      findings.push(atLeaf(read.code, at, read.text));
      return undefined;
    }
    const { leaf } = read;
    if (leaf.seq !== at)
      findings.push(atLeaf('A403', at, `seq ${String(leaf.seq)} stands at index ${String(at)}`));
    if (leaf.log !== origin)
      findings.push(atLeaf('A404', at, `log ${leaf.log} expected ${origin}`));
    // times have one form and width, so text order is time order
    if (leaf.time < last)
      findings.push(atLeaf('A405', at, `time goes back from ${last} to ${leaf.time}`));
    last = leaf.time;
    for (const { rel, seq, leaf: named } of leaf.links) {
      const target = seq < at ? hashes[seq] : undefined;
      if (target === undefined || base64(target) !== named)
        findings.push(atLeaf('A407', at, `link ${rel} to leaf ${String(seq)} does not match`));
    }
    return leaf;
  });
  return { leaves, findings: findings.all() };
}
