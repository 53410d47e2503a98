/** The mask loop: the same words wherever it starts and however the range is cut. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Mask } from '@plexus/core';
import { nodeSuite } from '@plexus/suite';
import { requireLittleEndian } from '../../suite/src/add-masks.ts';

const CHUNK = 32_768;
const key = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);
const masks: readonly Mask[] = [
  { key: key(1), sign: 1 },
  { key: key(2), sign: -1 },
  { key: key(3), sign: -1 },
];

function reference(length: number, used: readonly Mask[]): Uint32Array {
  const out = new Uint32Array(length);
  for (const mask of used) {
    const view = new DataView(nodeSuite.keystream(mask.key, 4 * length).slice().buffer);
    for (let j = 0; j < length; j++)
      out[j] = (out[j] ?? 0) + mask.sign * view.getUint32(4 * j, true);
  }
  return out;
}

function ones(byte: number): number {
  return byte === 0 ? 0 : (byte & 1) + ones(byte >> 1);
}

describe('T12: addMasks', () => {
  const whole = reference(2 * CHUNK + 100, masks);

  test('adds little-endian keystream words with their signs, over chunk borders', () => {
    const accumulator = new Uint32Array(whole.length);
    nodeSuite.addMasks(accumulator, masks, 0);
    expect(Buffer.from(accumulator.buffer).equals(Buffer.from(whole.buffer))).toBe(true);
  });

  test('seeking to any word gives the slice of the whole', () => {
    fc.assert(
      fc.property(fc.nat({ max: CHUNK + 50 }), fc.nat({ max: 40 }), (firstWord, length) => {
        const accumulator = new Uint32Array(length);
        nodeSuite.addMasks(accumulator, masks, firstWord);
        expect(accumulator).toEqual(whole.slice(firstWord, firstWord + length));
      }),
    );
  });

  test('a range longer than a chunk may start inside a block', () => {
    const accumulator = new Uint32Array(CHUNK + 60);
    nodeSuite.addMasks(accumulator, masks, 7);
    const slice = whole.slice(7, CHUNK + 67);
    expect(Buffer.from(accumulator.buffer).equals(Buffer.from(slice.buffer))).toBe(true);
  });

  test('a mask and its opposite cancel, and what was in the accumulator stays', () => {
    const accumulator = Uint32Array.from({ length: 1001 }, (_, j) => j * 0x9e3779b1);
    const before = accumulator.slice();
    nodeSuite.addMasks(accumulator, [{ key: key(9), sign: 1 }], 5);
    expect(accumulator).not.toEqual(before);
    nodeSuite.addMasks(accumulator, [{ key: key(9), sign: -1 }], 5);
    expect(accumulator).toEqual(before);
  });

  test('one flipped key bit, any of the 256, gives a mask that differs in half of its bits', () => {
    const BITS = 8 * (1 << 12);
    const mask = nodeSuite.keystream(key(1), BITS / 8);
    for (let bit = 0; bit < 256; bit++) {
      const flipped = key(1);
      flipped[bit >> 3] = 1 ^ (1 << (bit & 7));
      const other = nodeSuite.keystream(flipped, BITS / 8);
      const differing = other.reduce((sum, byte, i) => sum + ones(byte ^ (mask[i] ?? 0)), 0);
      // mean 16384, deviation 90.5: seven deviations, over 256 keys a false alarm of 7e-10
      expect(Math.abs(differing - BITS / 2)).toBeLessThan(7 * (Math.sqrt(BITS) / 2));
    }
  });

  test('a key of another length is refused (SUITE_INPUT)', () => {
    expect(() => {
      nodeSuite.addMasks(new Uint32Array(1), [{ key: key(1).subarray(1), sign: 1 }], 0);
    }).toThrow(expect.objectContaining({ code: 'SUITE_INPUT' }));
  });

  test('an offset that is no word index is refused (SUITE_INPUT)', () => {
    for (const firstWord of [-1, 0.5, 2 ** 53])
      expect(() => {
        nodeSuite.addMasks(new Uint32Array(1), masks, firstWord);
      }).toThrow(expect.objectContaining({ code: 'SUITE_INPUT' }));
  });

  test('a big-endian host is refused (HOST_UNSUPPORTED)', () => {
    expect(() => {
      requireLittleEndian('BE');
    }).toThrow(expect.objectContaining({ code: 'HOST_UNSUPPORTED' }));
  });
});
