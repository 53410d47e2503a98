/**
 * V13: every manifest and every blob in the bundle is one that a leaf names; what nobody named proves nothing and may be anything.
 *
 * Source: audit-log.md sections 10 and 12. Leaves to others: whether a named one is absent (V8 for manifests; a blob may have expired),
 * and whether its bytes are those of its name (files.ts).
 */
import type { Json } from '../../base/canonical-json.js';
import { digestInPath } from '../bundle.js';
import type { BundleReader } from './files.js';
import { FindingList, inFile, type AuditFinding } from './finding.js';
import type { Leaves } from './leaves.js';

const DIGEST = /^[0-9a-f]{64}$/;

export function checkNamed(
  reader: BundleReader,
  leaves: Leaves,
): { readonly checked: number; readonly findings: readonly AuditFinding[] } {
  const findings = new FindingList();
  const manifests = new Set<string>();
  const digests = new Set<string>();
  for (const leaf of leaves) {
    if (leaf === undefined) continue;
    collect(leaf.data, digests);
    for (const entity of leaf.entities) collect(entity, digests);
    const manifest = leaf.data['manifest_sha256'];
    if (leaf.type === 'study.submitted' || leaf.type === 'study.amended')
      collect(manifest, manifests);
  }
  let checked = 0;
  for (const { path } of reader.list()) {
    const digest = digestInPath(path);
    if (digest === undefined) continue;
    checked += 1;
    if (!(path.startsWith('trust/') ? manifests : digests).has(digest))
      findings.push(
        inFile('FAIL', 'A103', path, 'unsafe or unlisted archive entry (no leaf names it)'),
      );
  }
  return { checked, findings: findings.all() };
}

/** Every digest in a value; its depth is bounded by the leaf's schema. */
function collect(value: Json | undefined, into: Set<string>): void {
  if (typeof value === 'string') {
    if (DIGEST.test(value)) into.add(value);
  } else if (typeof value === 'object')
    for (const item of Object.values<Json | undefined>(value)) collect(item, into); // of a list too
}
