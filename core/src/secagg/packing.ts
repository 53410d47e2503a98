/**
 * Words to bytes and back: each section cut to its field bits, little-endian, from a byte boundary.
 *
 * Cutting is exact because 2^f divides 2^32: the sum of cut words, cut again, is the cut sum.
 * Source: secure-aggregation.md section 7.
 */
import type { Bytes } from '../base/bytes.js';
import { PlexusError } from '../base/error.js';
import { layoutBytes, layoutWords, placeSections, type Layout } from './layout.js';

export function packVector(layout: Layout, words: Uint32Array): Bytes {
  requireWords(layout, words);
  const out = new Uint8Array(layoutBytes(layout));
  for (const { section, firstWord, words: count, firstByte } of placeSections(layout)) {
    const end = firstWord + count;
    if (section.encoding === 'fixed24')
      for (let i = firstWord, at = firstByte; i < end; i++, at += 3) {
        const word = words[i]!;
        out[at] = word;
        out[at + 1] = word >>> 8;
        out[at + 2] = word >>> 16;
      }
    else
      for (let i = firstWord, at = firstByte; i < end; i++, at += 4) {
        const word = words[i]!;
        out[at] = word;
        out[at + 1] = word >>> 8;
        out[at + 2] = word >>> 16;
        out[at + 3] = word >>> 24;
      }
  }
  return out;
}

/**
 * Adds a packed vector to the accumulator, mod 2^32 a word. All or nothing: the length is checked first.
 *
 * Errors: peer/VECTOR_LENGTH_MISMATCH.
 */
export function addPacked(layout: Layout, bytes: Bytes, accumulator: Uint32Array): void {
  requireWords(layout, accumulator);
  const expected = layoutBytes(layout);
  if (bytes.length !== expected)
    throw new PlexusError(
      'VECTOR_LENGTH_MISMATCH',
      `vector: expected ${String(expected)} bytes, got ${String(bytes.length)}`,
    );
  for (const { section, firstWord, words: count, firstByte } of placeSections(layout)) {
    if (section.encoding === 'fixed24')
      for (let i = firstWord, at = firstByte; i < firstWord + count; i++, at += 3)
        accumulator[i] =
          accumulator[i]! + (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16));
    else
      for (let i = firstWord, at = firstByte; i < firstWord + count; i++, at += 4)
        accumulator[i] =
          accumulator[i]! +
          (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24));
  }
}

/** Cuts every word to its section's field bits, in place. Two fixed16 values share a whole word, so only fixed24 loses bits. */
export function cutToField(layout: Layout, words: Uint32Array): void {
  requireWords(layout, words);
  for (const { section, firstWord, words: count } of placeSections(layout))
    if (section.encoding === 'fixed24')
      for (let i = firstWord; i < firstWord + count; i++) words[i] = words[i]! & 0xff_ffff;
}

/** Errors: bug/VALUES_MISMATCH. */
export function requireWords(layout: Layout, words: Uint32Array): void {
  const expected = layoutWords(layout);
  if (words.length !== expected)
    throw new PlexusError(
      'VALUES_MISMATCH',
      `words: expected ${String(expected)}, got ${String(words.length)}`,
    );
}
