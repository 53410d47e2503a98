import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  base64,
  checkEvidence,
  parseBundle,
  fromUtf8,
  parseProofFile,
  rootOf,
  utf8,
} from '@plexus/core';
import { nodeSuite as suite } from '@plexus/suite';
import { openLog, type PublishedLog } from '../../runtime/src/publish.ts';
import {
  append,
  genesis,
  inStudy,
  LOG_SEED,
  MANIFEST_SHA256,
  ORIGIN,
  startLog,
  type Log,
} from '../audit-log.ts';
import { storeOf, type GrowingStore } from './log-store.ts';

let folder: string;
let log: Log;
let store: GrowingStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'log-'));
  log = startLog();
  genesis(log);
  for (let i = 0; i < 600; i++)
    append(
      log,
      'study/heart',
      inStudy('study.activated', 'U', { manifest_sha256: MANIFEST_SHA256 }),
    );
  store = storeOf(log, 3);
});
afterEach(() => rm(folder, { recursive: true }));

function open(
  over: { readonly seed?: Uint8Array; readonly origin?: string } = {},
): Promise<PublishedLog> {
  return openLog({ suite, store, folder, origin: ORIGIN, seed: LOG_SEED, ...over });
}

function refusal(code: string): unknown {
  return expect.objectContaining({ code });
}

describe('the published log', () => {
  it('proves every leaf to a reader that holds any older head', async () => {
    const published = await open();
    expect(published.head()).toBeUndefined();
    const pinned = { origin: ORIGIN, vkey: published.vkey };
    const heads = [{ size: 0, root: '' }];
    for (const size of [3, 4, 257, 600]) {
      store.size = size;
      expect(await published.publish()).toEqual({ size });
      for (const held of heads) {
        const evidence = await published.evidence(size - 2, held.size);
        const stored = held.size === 0 ? undefined : held;
        const checked = checkEvidence(suite, pinned, stored, evidence);
        expect(checked).toMatchObject({ kind: 'evidence', head: { size } });
      }
      heads.push({ size, root: base64(rootOf(suite, await store.tree())) });
    }
    await expect(published.evidence(0, 601)).rejects.toThrow(refusal('LOG_BEHIND'));
    const { proof, leaf } = await published.proof(5);
    expect(leaf).toEqual(log.entries[5]);
    expect(parseProofFile(proof).index).toBe(5n);
  });

  it('is tiles, entry bundles and checkpoints as files, and stays the same after a restart', async () => {
    store.size = 600;
    const published = await open();
    await published.publish();
    const bundle = new Uint8Array(await readFile(join(folder, 'tile/entries/001')));
    expect(parseBundle(bundle)).toEqual(log.entries.slice(256, 512));
    expect((await readFile(join(folder, 'tile/0/002.p/88'))).length).toBe(88 * 32);
    const note = await readFile(join(folder, 'checkpoint'), 'utf8');
    expect(note).toBe(await readFile(join(folder, 'checkpoints/600'), 'utf8'));
    const again = await open();
    expect(fromUtf8(again.head()?.note ?? utf8(''))).toBe(note);
    expect(await again.publish()).toEqual({ size: 600 });
  });

  it('keeps every checkpoint, and of the partial tiles only those of what is not full', async () => {
    const published = await open();
    for (const size of [3, 4, 255, 256, 300, 600]) {
      store.size = size;
      await published.publish();
    }
    const names = async (path: string) => (await readdir(join(folder, path))).sort();
    expect(await names('checkpoints')).toEqual(['255', '256', '3', '300', '4', '600']);
    for (const level of ['0', 'entries'])
      expect(await names(`tile/${level}`)).toEqual(['000', '001', '002.p']);
    expect(await names('tile/1')).toEqual(['000.p']);
    expect(await names('.')).toEqual(['checkpoint', 'checkpoints', 'tile']);
    expect((await open()).head()?.size).toBe(600);
  });

  it('refuses files that are damaged, not whole or of another key, and leaves them alone', async () => {
    store.size = 300;
    await (await open()).publish();
    await expect(open({ seed: new Uint8Array(32).fill(3) })).rejects.toThrow(
      refusal('LOG_CONFLICT'),
    );
    const edge = ['tile/0/001.p/44', 'tile/entries/001.p/44', 'tile/1/000.p/1', 'checkpoint'];
    for (const path of edge) {
      const whole = await readFile(join(folder, path));
      await writeFile(join(folder, path), whole.subarray(1));
      await expect(open()).rejects.toThrow(refusal('LOG_CONFLICT'));
      expect(await readFile(join(folder, path))).toEqual(whole.subarray(1));
      if (path !== 'checkpoint') {
        await rm(join(folder, path)); // what a copy that stopped half way would lack
        await expect(open()).rejects.toThrow(refusal('LOG_CONFLICT'));
      }
      await writeFile(join(folder, path), whole);
    }
    expect((await open()).head()?.size).toBe(300);
  });

  it('refuses a database that does not know of the signature, or signed another root (D4, D8)', async () => {
    const published = await open();
    await published.publish();
    const { signed } = store;
    store.signed = undefined;
    await expect(open()).rejects.toThrow(refusal('LOG_BEHIND'));
    store.signed = { ...signed!, root: new Uint8Array(32) };
    await expect(open()).rejects.toThrow(refusal('LOG_CONFLICT'));
    await expect(published.publish()).rejects.toThrow(refusal('LOG_CONFLICT'));
  });

  it('stops with STORE_FAILED when a disk fails, and goes on after the next start', async () => {
    const broken = { ...store, nodes: () => Promise.reject(new Error('disk')) };
    const options = { suite, folder, origin: ORIGIN, seed: LOG_SEED };
    const published = await openLog({ ...options, store: broken });
    await expect(published.publish()).rejects.toThrow(refusal('STORE_FAILED'));
    expect(published.head()).toBeUndefined();
    expect((await open()).head()).toEqual(store.signed);
    expect(store.signed?.size).toBe(3);
  });

  it('goes on with the note it had signed when the process died before the files', async () => {
    const published = await open();
    await published.publish();
    const note = published.head()?.note;
    await rm(join(folder, 'checkpoint'));
    await rm(join(folder, 'tile'), { recursive: true });
    const again = await open();
    expect(again.head()?.note).toEqual(note);
    expect((await readFile(join(folder, 'tile/0/000.p/3'))).length).toBe(3 * 32);
  });

  it('refuses a database that is older than what is published, or of another log (D7, D8)', async () => {
    const published = await open();
    store.size = 5;
    await published.publish();
    store.size = 4;
    await expect(open()).rejects.toThrow(refusal('LOG_BEHIND'));
    await expect(published.publish()).rejects.toThrow(refusal('LOG_BEHIND'));
    store.size = 5;
    const other = startLog((draft) => ({ ...draft, outcome: 'minor' }));
    genesis(other);
    for (let i = 0; i < 9; i++)
      append(
        other,
        'study/heart',
        inStudy('study.activated', 'U', { manifest_sha256: MANIFEST_SHA256 }),
      );
    store = storeOf(other);
    await expect(open()).rejects.toThrow(refusal('LOG_CONFLICT'));
    await expect(open({ seed: new Uint8Array(32).fill(3) })).rejects.toThrow();
  });

  it('stops when somebody else signs, or other bytes lie where a tile goes', async () => {
    const published = await open();
    Object.assign(store, { addSigned: () => Promise.resolve(false) });
    await expect(published.publish()).rejects.toThrow(refusal('LOG_CONFLICT'));
    store = storeOf(log, 3);
    await published.publish().catch(() => undefined);
    const fresh = await open();
    await fresh.publish();
    store.size = 4;
    await writeFile(join(folder, 'tile/0/000.p/4'), 'x').catch(() => undefined);
    await expect(fresh.publish()).rejects.toThrow(refusal('LOG_CONFLICT'));
  });

  it('serves callers that come together with as few heads as it can', async () => {
    const published = await open();
    const first = published.publish();
    store.size = 7;
    const rest = [published.publish(), published.publish(), published.publish()];
    await first;
    for (const one of rest) expect(await one).toEqual({ size: 7 });
  });

  it('of no leaf has no head', async () => {
    store.size = 0;
    const published = await open();
    expect(await published.publish()).toEqual({ size: 0 });
    await expect(published.evidence(0, 0)).rejects.toThrow(refusal('STATE_UNEXPECTED'));
  });
});
