/** The sum from disk is core's sum, word for word. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { layoutWords, makeLayout, maskVector, sumAndUnmask, type Mask } from '@plexus/core';
import { openBlobs, type Blobs } from '@plexus/runtime';
import { addMasksInParallel, nodeSuite as suite } from '@plexus/suite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sumVectors } from '../../coordinator/src/app/sum-vectors.ts';

const layout = makeLayout([
  { name: 'update/a', length: 700_001, encoding: 'fixed24', clip: '1' },
  { name: 'update/b', length: 12_345, encoding: 'fixed16', clip: '1' },
  { name: 'weight', length: 1, encoding: 'count32' },
]);
const maskOf = (hospital: number): Mask => ({ key: new Uint8Array(32).fill(hospital), sign: 1 });
const wordsOf = (hospital: number): Uint32Array =>
  Uint32Array.from({ length: layoutWords(layout) }, (_, i) => Math.imul(i, hospital) & 0xffff);
const vectors = [1, 2, 3].map((u) => maskVector(suite, layout, wordsOf(u), [maskOf(u)]));
const removed = [1, 2, 3].map((u): Mask => ({ ...maskOf(u), sign: -1 }));

let folder: string;
let blobs: Blobs;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sum-'));
  blobs = await openBlobs(folder);
});
afterAll(() => rm(folder, { recursive: true }));

test('vectors on disk add up to the words that core sums in memory (secure-aggregation.md 4.6)', async () => {
  const digests: string[] = [];
  for (const vector of vectors) digests.push(await blobs.put(vector));
  const around = { blobs, addMasks: addMasksInParallel };
  const sum = await sumVectors(around, layout, digests, removed);
  const inMemory = sumAndUnmask(suite, layout, vectors, removed);
  expect(Buffer.from(sum.buffer as ArrayBuffer).equals(Buffer.from(inMemory.buffer))).toBe(true);
  expect([...sum.subarray(5, 8)]).toEqual([5, 6, 7].map((i) => i * 1 + i * 2 + i * 3));
});

test('one vector that is too short or too long ends the sum (VECTOR_LENGTH_MISMATCH)', async () => {
  const [good = new Uint8Array()] = vectors;
  for (const bad of [good.subarray(1), new Uint8Array(good.length + 1), new Uint8Array()]) {
    const digests = [await blobs.put(good), await blobs.put(bad)];
    const around = { blobs, addMasks: addMasksInParallel };
    await expect(sumVectors(around, layout, digests, removed)).rejects.toThrow(
      expect.objectContaining({ code: 'VECTOR_LENGTH_MISMATCH' }),
    );
  }
});
