/**
 * The mask loop of SA1: accumulator[j] += Σ sign · word(firstWord + j) mod 2^32.
 *
 * Chunk outer, seed inner: 128 KiB of accumulator stay in cache while every mask passes over them.
 * Source: secure-aggregation.md section 8. Leaves to others: the addition itself (mask-kernel.ts).
 */
import { endianness } from 'node:os';
import { PlexusError, type Bytes, type Mask } from '@plexus/core';
import { keystreamFrom } from './keystream.js';
import { addWords } from './mask-kernel.js';

const CHUNK_WORDS = 32_768;
const WORDS_PER_BLOCK = 4;

/**
 * Adds all masks to the accumulator in place; word j of the accumulator takes word firstWord + j of each keystream.
 *
 * Errors: environment/HOST_UNSUPPORTED on a big-endian host; bug/SUITE_INPUT. Secret: the keys.
 */
export function addMasks(
  accumulator: Uint32Array,
  masks: readonly Mask[],
  firstWord: number,
): void {
  requireLittleEndian(endianness());
  if (!Number.isSafeInteger(firstWord) || firstWord < 0)
    throw new PlexusError('SUITE_INPUT', 'addMasks: expected firstWord to be an integer ≥ 0');
  const streams = masks.map(({ key, sign }) => ({ next: streamAt(key, firstWord), sign }));
  for (let at = 0; at < accumulator.length; at += CHUNK_WORDS) {
    const count = Math.min(CHUNK_WORDS, accumulator.length - at);
    for (const { next, sign } of streams) addWords(accumulator, at, asWords(next(4 * count)), sign);
  }
}

/** Keystream is read as little-endian words through the host's own order, so that order must be little-endian. */
export function requireLittleEndian(order: 'LE' | 'BE'): void {
  if (order !== 'LE')
    throw new PlexusError('HOST_UNSUPPORTED', 'host: expected little-endian words');
}

function streamAt(key: Bytes, firstWord: number): (length: number) => Bytes {
  const skipped = firstWord % WORDS_PER_BLOCK;
  const next = keystreamFrom(key, BigInt((firstWord - skipped) / WORDS_PER_BLOCK));
  next(4 * skipped);
  return next;
}

function asWords(bytes: Bytes): Uint32Array {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  return new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.length / 4);
}
