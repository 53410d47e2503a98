/** The evidence bundle of an in-memory log, and a reader over it. */
import {
  base64,
  bundleFile,
  bundleIndex,
  BUNDLE_INDEX,
  BUNDLE_README,
  formatVkey,
  logFiles,
  rootOf,
  signCheckpoint,
  soloPolicy,
  type Bytes,
  type BundleReader,
} from '@plexus/core';
import {
  checkpointOf,
  genesis,
  registerKey,
  startLog,
  LOG_KEY,
  LOG_SEED,
  ORIGIN,
  type Log,
} from './audit-log.ts';
import { identitySeed, suite } from './audit-seeds.ts';

/** The smallest log with a statement in it. */
export function smallLog(): Log {
  const log = startLog();
  genesis(log);
  registerKey(log, 1, 'statement', identitySeed(1));
  log.checkpoints.set(
    1,
    signCheckpoint(suite, ORIGIN, { size: 1n, root: log.hashes[0] ?? LOG_SEED }, LOG_SEED),
  );
  return log;
}

export type Files = ReadonlyMap<string, Bytes>;

/** Every file of the bundle but bundle.json. */
export function filesOf(log: Log): Files {
  const node = (level: number, index: number): Bytes =>
    log.nodes.get(`${String(level)}/${String(index)}`) ?? LOG_SEED;
  const entry = (seq: number): Bytes => log.entries[seq] ?? LOG_SEED;
  const files = new Map<string, Bytes>();
  for (const { path, bytes } of logFiles({ size: log.tree.size, node, entry }, checkpointOf(log)))
    files.set(path, bytes);
  for (const [size, note] of log.checkpoints) files.set(`log/checkpoints/${String(size)}`, note);
  files.set('trust/policy.txt', soloPolicy(formatVkey(LOG_KEY)));
  for (const [sha256, manifest] of log.manifests)
    files.set(`trust/manifests/${sha256}.json`, manifest);
  files.set('README.txt', BUNDLE_README);
  return files;
}

/** The bundle of a log: `files` and the index that lists them. */
export function bundleOf(log: Log, files: Files = filesOf(log)): Map<string, Bytes> {
  const listed = [...files].map(([path, bytes]) => bundleFile(suite, path, bytes));
  const head = { origin: ORIGIN, size: log.tree.size, root: base64(rootOf(suite, log.tree)) };
  return new Map([...files, [BUNDLE_INDEX, bundleIndex(head, listed)]]);
}

/** Reads a bundle from memory. */
export function readerOf(
  files: Files,
  refused: ReturnType<BundleReader['refused']> = [],
): BundleReader {
  const entries = [...files].map(([path, bytes]) => bundleFile(suite, path, bytes));
  return { list: () => entries, refused: () => refused, read: (path) => files.get(path) };
}
