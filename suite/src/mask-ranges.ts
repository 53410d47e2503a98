/**
 * How threads share out an accumulator: each takes the next range until none is left.
 *
 * A word is added to by one thread only, so the result does not depend on their number.
 */
import type { Mask } from '@plexus/core';
import { addStreams } from './mask-loop.js';

/** What a thread is given. Secret: the keys. */
export interface MaskJob {
  readonly accumulator: Uint32Array<SharedArrayBuffer>;
  readonly masks: readonly Mask[];
  /** One counter for all threads: the number of the next range. */
  readonly next: Int32Array<SharedArrayBuffer>;
  /** Words of a range. */
  readonly rangeWords: number;
}

/** Long enough that seeking every keystream to its start costs nothing, short enough to share out evenly. */
const MOST_WORDS = 256 * 1024;
/** A cache line: no two threads write to the same. */
const UNIT_WORDS = 16;

export function shareOut(
  accumulator: Uint32Array<SharedArrayBuffer>,
  masks: readonly Mask[],
  threads: number,
): MaskJob {
  const even = Math.ceil(accumulator.length / threads / UNIT_WORDS) * UNIT_WORDS;
  const rangeWords = Math.max(UNIT_WORDS, Math.min(MOST_WORDS, even));
  return { accumulator, masks, next: new Int32Array(new SharedArrayBuffer(4)), rangeWords };
}

export function addRanges({ accumulator, masks, next, rangeWords }: MaskJob): void {
  for (;;) {
    const at = Atomics.add(next, 0, 1) * rangeWords;
    if (at >= accumulator.length) return;
    addStreams(accumulator.subarray(at, at + rangeWords), masks, at);
  }
}
