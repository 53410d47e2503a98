import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { concat, parseBundleIndex, verifyBundle, type Bytes } from '@plexus/core';
import { nodeSuite as suite } from '@plexus/suite';
import { openBlobs, type Blobs } from '../../runtime/src/blobs.ts';
import { exportBundle, type BundleEntry } from '../../runtime/src/bundle.ts';
import { openLog } from '../../runtime/src/publish.ts';
import { approvedStudy } from '../core/audit/verify/study-log.ts';
import { readerOf } from '../audit-bundle.ts';
import { append, genesis, inStudy, LOG_SEED, ORIGIN, startLog, type Log } from '../audit-log.ts';
import { storeOf, type GrowingStore } from './log-store.ts';

let folder: string;
let blobs: Blobs;
let log: Log;
let store: GrowingStore | undefined;
beforeEach(async () => {
  store = undefined;
  folder = await mkdtemp(join(tmpdir(), 'bundle-'));
  blobs = await openBlobs(join(folder, 'blobs'));
});
afterEach(() => rm(folder, { recursive: true }));

async function filesOf(entries: AsyncIterable<BundleEntry>): Promise<Map<string, Bytes>> {
  const files = new Map<string, Bytes>();
  for await (const { path, sizeBytes, bytes } of entries) {
    const pieces: Bytes[] = [];
    for await (const piece of bytes) pieces.push(piece);
    files.set(path, concat(...pieces));
    expect(files.get(path)).toHaveLength(sizeBytes);
  }
  return files;
}

async function exported(profile: 'log' | 'full'): Promise<Map<string, Bytes>> {
  const isFirst = store === undefined;
  store ??= storeOf(log);
  const logFolder = join(folder, 'log');
  const published = await openLog({
    suite,
    store,
    folder: logFolder,
    origin: ORIGIN,
    seed: LOG_SEED,
  });
  if (isFirst) {
    store.size = 5;
    await published.publish();
    store.size = log.entries.length;
  }
  await published.publish();
  const manifest = (sha256: string) => Promise.resolve(log.manifests.get(sha256));
  const sources = { suite, store, log: published, folder: logFolder, blobs, manifest };
  return await filesOf(exportBundle(sources, profile));
}

describe('an exported bundle', () => {
  it('of a study that ran verifies, and so does one with its blobs', async () => {
    const { log: grown, federation } = approvedStudy();
    federation.run();
    log = grown;
    const files = await exported('log');
    expect([...files.keys()][0]).toBe('bundle.json');
    expect([...files.keys()].filter((path) => path.includes('checkpoint'))).toEqual([
      'log/checkpoint',
      'log/checkpoints/5',
    ]);
    const report = verifyBundle(suite, readerOf(files));
    expect(report.findings.filter(({ level }) => level !== 'WARN')).toEqual([]);
    expect(report).toMatchObject({ ok: true, size: log.entries.length });

    const model = federation.model();
    const digest = await blobs.put(model);
    const full = await exported('full');
    const path = `blobs/sha256/${digest.slice(0, 2)}/${digest}`;
    expect(full.get(path)).toEqual(model);
    expect(parseBundleIndex(full.get('bundle.json') ?? new Uint8Array())?.profile).toBe('full');
    expect(verifyBundle(suite, readerOf(full)).ok).toBe(true);
  }, 30_000);

  it('holds the tiles of its head, whatever is published meanwhile', async () => {
    log = startLog();
    genesis(log);
    for (let i = 1; i < 300; i++)
      append(log, 'study/x', inStudy('study.activated', 'U', { manifest_sha256: '0'.repeat(64) }));
    store = storeOf(log, 200);
    const options = { suite, store, folder: join(folder, 'log') };
    const published = await openLog({ ...options, origin: ORIGIN, seed: LOG_SEED });
    await published.publish();
    const manifest = () => Promise.resolve(undefined);
    const bundle = () => exportBundle({ ...options, log: published, blobs, manifest }, 'log');
    const quiet = await filesOf(bundle());
    const entries = bundle();
    const first = await entries.next(); // the index is made
    store.size = 300;
    await published.publish(); // what was partial at 200 is full, and its partial files are gone
    const files = await filesOf(entries);
    if (first.done !== true)
      for await (const bytes of first.value.bytes) files.set('bundle.json', bytes);
    expect(new Map([...files].sort())).toEqual(new Map([...quiet].sort()));
  });

  it('is not made without what it must hold', async () => {
    const { log: grown } = approvedStudy();
    log = { ...grown, manifests: new Map() };
    await expect(exported('log')).rejects.toThrow(
      expect.objectContaining({ code: 'STATE_UNEXPECTED' }) as Error,
    );
  });
});
