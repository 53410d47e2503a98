/**
 * V5: every older checkpoint, and every head that somebody kept, is a prefix of this log.
 *
 * Source: audit-log.md section 10. A head from a hospital is what excludes that the coordinator showed it another history.
 */
import { equalBytes, type Bytes } from '../../base/bytes.js';
import type { Suite } from '../../base/suite.js';
import type { BundleReader } from './files.js';
import {
  atCheckpoint,
  type AuditFinding,
  FindingList,
  inBundle,
  inFile,
  shown,
} from './finding.js';
import { openOrFind, type SignedHead } from './signed-head.js';
import type { VerifiedTree } from './tree-files.js';

/** A note that the verifier was given besides the bundle. */
export interface GivenHead {
  /** Its file name, for findings. */
  readonly name: string;
  readonly note: Bytes;
}

export function checkHistory(
  suite: Suite,
  reader: BundleReader,
  head: SignedHead,
  tree: VerifiedTree,
  given: readonly GivenHead[],
): { readonly checked: number; readonly findings: readonly AuditFinding[] } {
  const findings = new FindingList();
  const stored = reader.list().flatMap(({ path }) => {
    const kept = /^log\/checkpoints\/(.+)$/.exec(path) ?? /^heads\/(.+)[.]note$/.exec(path);
    const note = kept === null ? undefined : reader.read(path);
    return note === undefined ? [] : [{ path, holder: holderOf(path), note }];
  });
  const heads = [
    ...stored,
    ...given.map(({ name, note }) => ({ path: name, holder: '--head file', note })),
  ];
  for (const { path, holder, note } of heads) {
    const opened = openOrFind(suite, note, head.log);
    if (opened.kind === 'refused') {
      findings.push(inFile('FAIL', 'A201', path, opened.text));
      continue;
    }
    const { size, root } = opened.opened.checkpoint;
    if (holder === 'bundle' && path !== `log/checkpoints/${String(size)}`)
      findings.push(inFile('FAIL', 'A201', path, 'malformed'));
    const where = String(size);
    if (size > BigInt(head.size))
      findings.push(
        atCheckpoint(
          'FAIL',
          'A207',
          where,
          `not a prefix of size ${String(head.size)} (held by ${holder})`,
        ),
      );
    else if (!equalBytes(root, tree.rootAt(Number(size))))
      findings.push(
        size === BigInt(head.size)
          ? atCheckpoint('FAIL', 'A206', where, 'fork: another root was signed for the same size')
          : atCheckpoint(
              'FAIL',
              'A207',
              where,
              `not a prefix of size ${String(head.size)} (held by ${holder})`,
            ),
      );
  }
  if (heads.every(({ holder }) => holder === 'bundle'))
    findings.push(
      inBundle(
        'WARN',
        'A905',
        'no head from a hospital was given; a split view is excluded only by the heads that the signed statements name',
      ),
    );
  return { checked: heads.length, findings: findings.all() };
}

function holderOf(path: string): string {
  return path.startsWith('heads/') ? `hospital ${shown(path.slice(6, -5))}` : 'bundle';
}
