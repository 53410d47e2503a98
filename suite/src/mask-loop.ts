/**
 * The mask loop, unchecked: chunk outer, seed inner, so that 128 KiB of accumulator stay in cache while every mask passes over them.
 *
 * Imports nothing but types from outside this package: a mask thread loads it, and should start in no time.
 * Source: secure-aggregation.md section 8. Leaves to others: the addition itself (simd-kernel.ts, mask-kernel.ts), checks (add-masks.ts).
 */
import type { Bytes, Mask } from '@plexus/core';
import { keepFreedBlocks } from './allocator.js';
import { keystreamFrom } from './keystream.js';
import { CHUNK_BYTES, scriptKernel, type MaskKernel } from './mask-kernel.js';
import { simdKernel } from './simd-kernel.js';

const CHUNK_WORDS = CHUNK_BYTES / 4;
const WORDS_PER_BLOCK = 4;
/** From here on (1 MiB of keystream) it pays to prepare the allocator. */
const MANY_WORDS = 256 * 1024;

/** Chosen once: both give the same bytes, so it is no error if there are no vectors. */
const bestKernel: MaskKernel = simdKernel() ?? scriptKernel;

/** accumulator[j] += Σ sign · word(firstWord + j) mod 2^32. Secret: the keys. */
export function addStreams(
  accumulator: Uint32Array,
  masks: readonly Mask[],
  firstWord: number,
  kernel: MaskKernel = bestKernel,
): void {
  if (accumulator.length * masks.length >= MANY_WORDS) keepFreedBlocks();
  const streams = masks.map(({ key, sign }) => ({ next: streamAt(key, firstWord), sign }));
  for (let at = 0; at < accumulator.length; at += CHUNK_WORDS)
    kernel(accumulator.subarray(at, at + CHUNK_WORDS), streams);
}

function streamAt(key: Bytes, firstWord: number): (length: number) => Bytes {
  const skipped = firstWord % WORDS_PER_BLOCK;
  const next = keystreamFrom(key, BigInt((firstWord - skipped) / WORDS_PER_BLOCK));
  if (skipped > 0) next(4 * skipped);
  return next;
}
