/**
 * The evidence bundle of a whole log: what an auditor needs to check it offline.
 *
 * Every file is listed in bundle.json with its digest. Profile `full` adds the blobs that leaves name and that are still kept.
 * Source: audit-log.md section 12. Leaves to others: publishing before, recording the export, folder or tar.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  base64,
  BUNDLE_INDEX,
  BUNDLE_README,
  bundleFile,
  bundleIndex,
  bundlesOf,
  PlexusError,
  readLeaf,
  soloPolicy,
  tilePath,
  tilesOf,
  type Bytes,
  type BundleFile,
  type Json,
  type JsonObject,
  type Suite,
} from '@plexus/core';
import type { Blobs } from './blobs.js';
import { readIfThere } from './files.js';
import type { LogStore } from './port.js';
import type { PublishedLog } from './publish.js';
import { readPublishedTile } from './tile-file.js';

export interface BundleEntry {
  readonly path: string;
  readonly sizeBytes: number;
  readonly bytes: AsyncIterable<Bytes>;
}

export interface BundleSources {
  readonly suite: Suite;
  readonly store: Pick<LogStore, 'entries'>;
  readonly log: PublishedLog;
  /** Folder of the published log. */
  readonly folder: string;
  readonly blobs: Pick<Blobs, 'sizeOf' | 'stream'>;
  /** Canonical bytes of a manifest by its digest. */
  readonly manifest: (sha256: string) => Promise<Bytes | undefined>;
}

/** Leaves are read this many at a time. */
const BATCH = 256;

/** The files of the bundle of the newest published head, sorted by path after bundle.json. Errors: bug/STATE_UNEXPECTED if a file is absent. */
export async function* exportBundle(
  sources: BundleSources,
  profile: 'log' | 'full',
): AsyncGenerator<BundleEntry, void, undefined> {
  const { suite, log, blobs } = sources;
  const head = log.head();
  if (head === undefined) throw new PlexusError('STATE_UNEXPECTED', 'bundle: nothing is published');
  const { manifests, digests } = await named(sources, head.size);
  const small = new Map<string, () => Promise<Bytes>>([
    ['README.txt', () => Promise.resolve(BUNDLE_README)],
    ['trust/policy.txt', () => Promise.resolve(soloPolicy(log.vkey))],
    ['log/checkpoint', () => Promise.resolve(head.note)],
  ]);
  for (const sha256 of manifests)
    small.set(`trust/manifests/${sha256}.json`, () => present(sha256, sources.manifest(sha256)));
  for (const tile of [...tilesOf(head.size), ...bundlesOf(head.size)]) {
    const path = tilePath(tile);
    small.set(`log/${path}`, () => present(path, readPublishedTile(sources.folder, tile)));
  }
  for (const size of await olderSizes(sources.folder, head.size)) {
    const path = `checkpoints/${size}`;
    small.set(`log/${path}`, () => present(path, readIfThere(join(sources.folder, path))));
  }

  const files: BundleFile[] = [];
  for (const [path, read] of small) files.push(bundleFile(suite, path, await read()));
  if (profile === 'full')
    for (const sha256 of digests) {
      const bytes = await blobs.sizeOf(sha256);
      const path = `blobs/sha256/${sha256.slice(0, 2)}/${sha256}`;
      if (bytes !== undefined) files.push({ path, bytes, sha256 });
    }
  const { origin } = log;
  const index = bundleIndex({ origin, size: head.size, root: base64(head.root) }, files);
  yield { path: BUNDLE_INDEX, sizeBytes: index.length, bytes: once(index) };
  for (const { path, bytes: sizeBytes, sha256 } of sorted(files)) {
    const read = small.get(path);
    yield {
      path,
      sizeBytes,
      bytes: read === undefined ? blobs.stream(sha256, 0) : once(await read()),
    };
  }
}

/** What the leaves speak of: manifests, and the bytes that a recomputation needs. */
async function named(
  { store }: BundleSources,
  size: number,
): Promise<{ readonly manifests: ReadonlySet<string>; readonly digests: ReadonlySet<string> }> {
  const manifests = new Set<string>();
  const digests = new Set<string>();
  for (let seq = 0; seq < size; seq += BATCH)
    for (const bytes of await store.entries(seq, Math.min(BATCH, size - seq))) {
      const read = readLeaf(bytes);
      if (read.kind !== 'leaf') continue; // the auditor's program says what is wrong with it
      const { type, data } = read.leaf;
      if (type === 'study.submitted' || type === 'study.amended')
        add(manifests, data['manifest_sha256']);
      if (type === 'round.aggregated')
        for (const member of ['secrets_sha256', 'model_in', 'model_out'])
          add(digests, data[member]);
      const { upload } = data;
      if (isFields(upload)) add(digests, upload['sha256']);
    }
  return { manifests, digests };
}

/** Sizes whose checkpoints were published before: that they are prefixes of one another is for the auditor to see (V5). */
async function olderSizes(folder: string, size: number): Promise<readonly string[]> {
  const names = await readdir(join(folder, 'checkpoints'));
  return names.filter((name) => /^[1-9]\d*$/.test(name) && Number(name) < size);
}

function isFields(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && !Array.isArray(value);
}

function add(to: Set<string>, digest: unknown): void {
  if (typeof digest === 'string') to.add(digest);
}

async function present(what: string, reading: Promise<Bytes | undefined>): Promise<Bytes> {
  const bytes = await reading;
  if (bytes === undefined) throw new PlexusError('STATE_UNEXPECTED', `bundle: ${what} is absent`);
  return bytes;
}

function sorted(files: readonly BundleFile[]): readonly BundleFile[] {
  return [...files].sort((a, b) => (a.path < b.path ? -1 : 1)); // paths are plain ASCII
}

async function* once(bytes: Bytes): AsyncGenerator<Bytes, void, undefined> {
  yield bytes;
  await Promise.resolve();
}
