/**
 * What a mask kernel does, and the one that runs everywhere: it adds or subtracts keystream words to a chunk, mod 2^32.
 *
 * Integer typed arrays wrap by definition, so there is no reduction and no branch on a value. Unrolled by eight: about a third
 * faster than the plain loop in V8. Leaves to others: the fast one (simd-kernel.ts), where the words come from (add-masks.ts).
 */
import type { Bytes } from '@plexus/core';

/** The largest chunk: it stays in cache while every stream passes over it. */
export const CHUNK_BYTES: number = 128 * 1024;

export interface SignedStream {
  /** The next `length` bytes of keystream. Secret. */
  readonly next: (length: number) => Bytes;
  readonly sign: 1 | -1;
}

/** Takes as many words from each stream as the chunk has; at most CHUNK_BYTES. */
export type MaskKernel = (chunk: Uint32Array, streams: readonly SignedStream[]) => void;

export const scriptKernel: MaskKernel = (chunk, streams) => {
  for (const { next, sign } of streams) {
    const words = asWords(next(4 * chunk.length));
    if (words.length !== chunk.length) throw new RangeError('mask kernel: a stream ran short');
    if (sign === 1) addWords(chunk, words);
    else subtractWords(chunk, words);
  }
};

function addWords(range: Uint32Array, words: Uint32Array): void {
  const count = range.length;
  const unrolled = count - (count % 8);
  for (let i = 0; i < unrolled; i += 8) {
    range[i] = range[i]! + words[i]!;
    range[i + 1] = range[i + 1]! + words[i + 1]!;
    range[i + 2] = range[i + 2]! + words[i + 2]!;
    range[i + 3] = range[i + 3]! + words[i + 3]!;
    range[i + 4] = range[i + 4]! + words[i + 4]!;
    range[i + 5] = range[i + 5]! + words[i + 5]!;
    range[i + 6] = range[i + 6]! + words[i + 6]!;
    range[i + 7] = range[i + 7]! + words[i + 7]!;
  }
  for (let i = unrolled; i < count; i++) range[i] = range[i]! + words[i]!;
}

function subtractWords(range: Uint32Array, words: Uint32Array): void {
  const count = range.length;
  const unrolled = count - (count % 8);
  for (let i = 0; i < unrolled; i += 8) {
    range[i] = range[i]! - words[i]!;
    range[i + 1] = range[i + 1]! - words[i + 1]!;
    range[i + 2] = range[i + 2]! - words[i + 2]!;
    range[i + 3] = range[i + 3]! - words[i + 3]!;
    range[i + 4] = range[i + 4]! - words[i + 4]!;
    range[i + 5] = range[i + 5]! - words[i + 5]!;
    range[i + 6] = range[i + 6]! - words[i + 6]!;
    range[i + 7] = range[i + 7]! - words[i + 7]!;
  }
  for (let i = unrolled; i < count; i++) range[i] = range[i]! - words[i]!;
}

/** The bytes as words in the order of the host, which is little-endian (add-masks.ts). */
function asWords(bytes: Bytes): Uint32Array {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  return new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.length / 4);
}
