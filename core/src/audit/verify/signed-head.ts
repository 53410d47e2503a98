/**
 * V3: the newest checkpoint is signed by the log's key, and bundle.json names the same head.
 *
 * Source: audit-log.md 3.3 and section 10. Cosignatures are carried here; a quorum is not asked for. Leaves to others: the root.
 */
import { base64, equalBytes, fromUtf8, type Bytes } from '../../base/bytes.js';
import { PlexusError } from '../../base/error.js';
import type { Suite } from '../../base/suite.js';
import type { BundleIndex } from '../bundle.js';
import { openCheckpoint, type OpenedCheckpoint } from '../checkpoint.js';
import { parseTrustPolicy } from '../policy.js';
import type { VerifierKey } from '../vkey.js';
import type { BundleReader } from './files.js';
import { atCheckpoint, inBundle, inFile, type AuditFinding } from './finding.js';

export interface SignedHead {
  readonly log: VerifierKey;
  readonly size: number;
  readonly root: Bytes;
}

export function checkSignedHead(
  suite: Suite,
  reader: BundleReader,
  index: BundleIndex,
  policy?: Bytes,
): { readonly head: SignedHead | undefined; readonly findings: readonly AuditFinding[] } {
  const findings: AuditFinding[] = [];
  const log = readLogKey(suite, reader, policy, findings);
  const note = reader.read('log/checkpoint');
  if (log === undefined) return { head: undefined, findings };
  if (note === undefined) {
    findings.push(inFile('FAIL', 'A201', 'log/checkpoint', 'malformed'));
    return { head: undefined, findings };
  }
  const opened = openOrFind(suite, note, log);
  if (opened.kind === 'refused') {
    findings.push(inFile('FAIL', 'A201', 'log/checkpoint', opened.text));
    return { head: undefined, findings };
  }
  const { checkpoint, unknown } = opened.opened;
  const size = Number(checkpoint.size);
  if (unknown.length > 0)
    findings.push(
      atCheckpoint(
        'NOTE',
        'A903',
        String(size),
        `${String(unknown.length)} unknown signature lines ignored`,
      ),
    );
  const named = [
    ['origin', index.origin, checkpoint.origin],
    ['size', String(index.size), String(size)],
    ['root', index.root, base64(checkpoint.root)],
  ] as const;
  for (const [what, listed, signed] of named)
    if (listed !== signed)
      findings.push(
        inBundle('FAIL', 'A104', `bundle.json is malformed: ${what} is not that of log/checkpoint`),
      );
  return { head: { log, size, root: checkpoint.root }, findings };
}

export type Opened =
  | { readonly kind: 'opened'; readonly opened: OpenedCheckpoint }
  | { readonly kind: 'refused'; readonly text: string };

/** A checkpoint note under the log's key, or the text of A201. */
export function openOrFind(suite: Suite, note: Bytes, log: VerifierKey): Opened {
  try {
    return { kind: 'opened', opened: openCheckpoint(suite, note, log) };
  } catch (thrown) {
    if (!(thrown instanceof PlexusError)) throw thrown;
    const text =
      thrown.code === 'SIGNATURE_INVALID'
        ? thrown.message.includes('no known key')
          ? 'log signature missing'
          : 'log signature does not verify'
        : thrown.message.includes('origin of the pinned')
          ? `origin is another, expected ${log.name}`
          : 'malformed';
    return { kind: 'refused', text };
  }
}

function readLogKey(
  suite: Suite,
  reader: BundleReader,
  own: Bytes | undefined,
  findings: AuditFinding[],
): VerifierKey | undefined {
  const bundled = reader.read('trust/policy.txt') ?? new Uint8Array(0);
  if (own === undefined)
    findings.push(
      inBundle('WARN', 'A107', 'no --policy given; the keys are those the bundle itself names'),
    );
  else if (!equalBytes(own, bundled))
    findings.push(
      inBundle('WARN', 'A106', 'the policy in the bundle differs from --policy; --policy is used'),
    );
  try {
    const { logs } = parseTrustPolicy(suite, fromUtf8(own ?? bundled));
    const [log] = logs;
    if (log !== undefined && logs.length === 1) return log.key;
    findings.push(inBundle('FAIL', 'A105', 'policy refused at line 1: expected one log'));
  } catch (thrown) {
    if (!(thrown instanceof PlexusError)) throw thrown;
    const line = /line (\d+)/.exec(thrown.message)?.[1] ?? '1';
    const reason = thrown.message.replace(/^.*?: /, '');
    findings.push(inBundle('FAIL', 'A105', `policy refused at line ${line}: ${reason}`));
  }
  return undefined;
}
