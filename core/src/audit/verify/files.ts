/**
 * V1: the files of the bundle are those that bundle.json lists, byte for byte.
 *
 * Source: audit-log.md sections 10 and 12. Leaves to others: what the files say; comparing origin, size and root with the
 * checkpoint (signed-head.ts), which closes the check of bundle.json itself.
 */
import {
  BUNDLE_INDEX,
  digestInPath,
  isBundlePath,
  isSafePath,
  parseBundleIndex,
  profileOf,
  REQUIRED_FILES,
  type BundleIndex,
} from '../bundle.js';
import type { Bytes } from '../../base/bytes.js';
import { type AuditFinding, FindingList, inBundle, inFile } from './finding.js';

export interface BundleEntry {
  readonly path: string;
  readonly bytes: number;
  /** Hex, computed by the reader from the bytes it found. */
  readonly sha256: string;
}

/** How a bundle is read: a folder, later a tar. Answers do not change between calls. */
export interface BundleReader {
  /** Every regular file, bundle.json included. */
  list(): readonly BundleEntry[];
  /** What the reader found and refused to follow. */
  refused(): readonly {
    readonly path: string;
    readonly what: 'link' | 'device' | 'absolute path' | '..' | 'duplicate' | 'unreadable' | 'torn';
  }[];
  /** The bytes of a listed file; undefined where there is none, or it is larger than MAX_READ_BYTES. */
  read(path: string): Bytes | undefined;
}

/** No file that is read whole is larger: 256 leaves are 17 MB, half a million lines of bundle.json are 60. Blobs are never read whole. */
export const MAX_READ_BYTES: number = 64 * 2 ** 20;

export function checkFiles(reader: BundleReader): {
  readonly index: BundleIndex | undefined;
  readonly findings: readonly AuditFinding[];
} {
  const findings = new FindingList();
  for (const { path, what } of reader.refused()) findings.push(unsafe(path, what));
  const bytes = reader.read(BUNDLE_INDEX);
  const index = bytes === undefined ? undefined : parseBundleIndex(bytes);
  if (index === undefined) {
    findings.push(inBundle('FAIL', 'A104', 'bundle.json is malformed or of unknown version'));
    return { index, findings: findings.all() };
  }
  if (index.profile !== profileOf(index.files) || index.from !== 0 || index.to !== index.size)
    findings.push(
      inBundle(
        'FAIL',
        'A104',
        'bundle.json is malformed: profile or range is not that of its files',
      ),
    );
  const found = new Map(reader.list().map((entry) => [entry.path, entry]));
  for (const listed of index.files) {
    const entry = found.get(listed.path);
    if (entry === undefined) {
      findings.push(inFile('FAIL', 'A101', listed.path, 'listed in bundle.json but missing'));
    } else if (entry.bytes !== listed.bytes || entry.sha256 !== listed.sha256) {
      const is = `size ${String(entry.bytes)} sha256 ${entry.sha256}`;
      const says = `size ${String(listed.bytes)} sha256 ${listed.sha256}`;
      findings.push(inFile('FAIL', 'A102', listed.path, `${is}, bundle.json says ${says}`));
    }
    found.delete(listed.path);
    const named = digestInPath(listed.path);
    if (!isBundlePath(listed.path)) findings.push(unsafe(listed.path, 'no file of a bundle'));
    else if (named !== undefined && named !== listed.sha256)
      findings.push(inFile('FAIL', 'A102', listed.path, `sha256 ${listed.sha256} is not its name`));
  }
  const paths = new Set(index.files.map(({ path }) => path));
  for (const path of REQUIRED_FILES)
    if (!paths.has(path))
      findings.push(inFile('FAIL', 'A101', path, 'required in every bundle but not listed'));
  for (const path of found.keys())
    if (path !== BUNDLE_INDEX) findings.push(unsafe(path, isSafePath(path) ? 'not listed' : '..'));
  return { index, findings: findings.all() };
}

function unsafe(path: string, what: string): AuditFinding {
  return inFile('FAIL', 'A103', path, `unsafe or unlisted archive entry (${what})`);
}
