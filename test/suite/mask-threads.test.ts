/** Threads that share an accumulator leave in it what one loop would have, at every packing. */
import { setImmediate } from 'node:timers/promises';
import { makeLayout, layoutWords, packVector, type Encoding, type Mask } from '@plexus/core';
import { addMasksInParallel, nodeSuite } from '@plexus/suite';
import { describe, expect, test } from 'vitest';
import { scriptKernel } from '../../suite/src/mask-kernel.ts';
import { addStreams } from '../../suite/src/mask-loop.ts';
import { simdKernel } from '../../suite/src/simd-kernel.ts';

const entry = new URL('../../suite/dist/mask-thread.js', import.meta.url);
const masks: readonly Mask[] = Array.from({ length: 5 }, (_, i) => ({
  key: new Uint8Array(32).fill(i + 1),
  sign: i % 2 === 0 ? 1 : -1,
}));

function started(length: number): Uint32Array<SharedArrayBuffer> {
  const words = new Uint32Array(new SharedArrayBuffer(4 * length));
  for (let i = 0; i < length; i++) words[i] = Math.imul(i, 0x9e3779b1);
  return words;
}

function isSame(a: Uint32Array | Uint8Array, b: Uint32Array | Uint8Array): boolean {
  const bytes = (of: Uint32Array | Uint8Array): Buffer =>
    Buffer.from(of.buffer as ArrayBuffer, of.byteOffset, of.byteLength);
  return bytes(a).equals(bytes(b));
}

describe('T12: masks added by threads', () => {
  test.each([0, 1, 15, 17, 100_003, 600_001])(
    '%i words: the same with 1, 2 and 3',
    async (length) => {
      const alone = started(length);
      nodeSuite.addMasks(alone, masks, 0);
      for (const threads of [1, 2, 3]) {
        const shared = started(length);
        await addMasksInParallel(shared, masks, { threads, entry, smallWork: -1 });
        expect(isSame(shared, alone)).toBe(true);
      }
    },
  );

  test.each<Encoding>(['fixed16', 'fixed24', 'fixed32'])(
    'JavaScript, WebAssembly and threads pack to the same bytes at %s, odd lengths included',
    async (encoding) => {
      const section = (name: string, length: number) => ({ name, length, encoding, clip: '1' });
      const layout = makeLayout([section('update/a', 33_333), section('update/b', 101)]);
      const words = started(layoutWords(layout));
      const packed = [scriptKernel, simdKernel()].map((kernel) => {
        const sum = words.slice();
        addStreams(sum, masks, 0, kernel);
        return packVector(layout, sum);
      });
      await addMasksInParallel(words, masks, { threads: 2, entry, smallWork: -1 });
      for (const bytes of packed) expect(isSame(bytes, packVector(layout, words))).toBe(true);
    },
  );

  test('a small sum is added on the calling thread, in turns that let others run', async () => {
    const many = Array.from({ length: 120 }, (_, i) => ({ ...masks[i % 5]!, sign: 1 as const }));
    const alone = started(700_000);
    nodeSuite.addMasks(alone, many, 0);
    const shared = started(700_000);
    const nowhere = new URL('./no-such-thread.js', import.meta.url);
    let turns = 0;
    const sum = { isDone: false };
    const others = (async () => {
      while (!sum.isDone) {
        turns++;
        await setImmediate();
      }
    })();
    await addMasksInParallel(shared, many, { entry: nowhere });
    sum.isDone = true;
    await others;
    expect(turns).toBeGreaterThan(2);
    expect(isSame(shared, alone)).toBe(true);
  });

  test('a thread that does not get to its end is MASKING_STOPPED', async () => {
    const nowhere = new URL('./no-such-thread.js', import.meta.url);
    await expect(
      addMasksInParallel(started(10), masks, { threads: 2, entry: nowhere, smallWork: -1 }),
    ).rejects.toThrow(expect.objectContaining({ code: 'MASKING_STOPPED' }));
  });

  test('a key of another length reaches no thread (SUITE_INPUT)', async () => {
    const short: Mask = { key: new Uint8Array(31), sign: 1 };
    await expect(
      addMasksInParallel(started(10), [short], { entry, smallWork: -1 }),
    ).rejects.toThrow(expect.objectContaining({ code: 'SUITE_INPUT' }));
  });
});
