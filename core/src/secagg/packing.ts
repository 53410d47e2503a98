/**
 * Words to bytes and back: each section cut to its field bits, little-endian, from a byte boundary.
 *
 * Cutting is exact because 2^f divides 2^32: the sum of cut words, cut again, is the cut sum. Where memory is little-endian, four
 * values of three bytes move as three words.
 * Source: secure-aggregation.md section 7.
 */
import type { Bytes } from '../base/bytes.js';
import { PlexusError } from '../base/error.js';
import {
  layoutBytes,
  layoutWords,
  placeSections,
  type Layout,
  type PlacedSection,
} from './layout.js';

/** Whether words can be moved as they lie in memory. */
const IS_LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

export function packVector(layout: Layout, words: Uint32Array): Bytes {
  requireWords(layout, words);
  const out = new Uint8Array(layoutBytes(layout));
  for (const { section, firstWord, words: count, firstByte } of placeSections(layout)) {
    const part = words.subarray(firstWord, firstWord + count);
    if (section.encoding === 'fixed24') writeThrees(out, firstByte, part);
    else writeFours(out, firstByte, part);
  }
  return out;
}

/**
 * Adds a packed vector to the accumulator, mod 2^32 a word. All or nothing: the length is checked first.
 *
 * Errors: peer/VECTOR_LENGTH_MISMATCH.
 */
export function addPacked(layout: Layout, bytes: Bytes, accumulator: Uint32Array): void {
  requirePacked(layout, bytes.length);
  addPackedPiece(layout, bytes, 0, accumulator);
}

/**
 * Adds the part of a packed vector that starts at byte `offset`. A value may lie across two parts: each byte of it is added in its
 * place, and addition mod 2^32 does not mind in how many steps.
 *
 * Errors: peer/VECTOR_LENGTH_MISMATCH if it reaches beyond the layout. That a vector was added whole is the caller's to see to.
 */
export function addPackedPiece(
  layout: Layout,
  piece: Bytes,
  offset: number,
  accumulator: Uint32Array,
): void {
  requireWords(layout, accumulator);
  const end = offset + piece.length;
  if (end > layoutBytes(layout)) throw mismatch(`at most ${String(layoutBytes(layout))}`, end);
  for (const placed of placeSections(layout)) {
    const from = Math.max(offset, placed.firstByte);
    const to = Math.min(end, placed.firstByte + placed.bytes);
    if (from < to) addPart(placed, piece.subarray(from - offset, to - offset), from, accumulator);
  }
}

/** Errors: peer/VECTOR_LENGTH_MISMATCH. */
export function requirePacked(layout: Layout, length: number): void {
  const expected = layoutBytes(layout);
  if (length !== expected) throw mismatch(String(expected), length);
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

/** `bytes` lies within the section, its first byte at `from` of the vector. */
function addPart(
  { section, firstWord, firstByte }: PlacedSection,
  bytes: Bytes,
  from: number,
  accumulator: Uint32Array,
): void {
  const width = section.encoding === 'fixed24' ? 3 : 4;
  const place = (at: number): number => firstWord + Math.floor((from + at - firstByte) / width);
  const addByte = (at: number): void => {
    const shift = 8 * ((from + at - firstByte) % width);
    accumulator[place(at)] = accumulator[place(at)]! + (bytes[at]! << shift);
  };
  let at = 0;
  for (; at < bytes.length && (from + at - firstByte) % width !== 0; at++) addByte(at);
  const whole = Math.floor((bytes.length - at) / width);
  const sums = accumulator.subarray(place(at), place(at) + whole);
  const values = bytes.subarray(at, at + whole * width);
  if (width === 3) addThrees(sums, values);
  else addFours(sums, values);
  for (at += whole * width; at < bytes.length; at++) addByte(at);
}

function addThrees(sums: Uint32Array, bytes: Bytes): void {
  let i = 0;
  const quads = IS_LITTLE_ENDIAN ? quadsOf(bytes, sums.length) : undefined;
  if (quads !== undefined) {
    for (; i < quads.before; i++) sums[i] = sums[i]! + three(bytes, 3 * i);
    const { words } = quads;
    for (let w = 0; w < words.length; w += 3, i += 4) {
      const a = words[w]!;
      const b = words[w + 1]!;
      const c = words[w + 2]!;
      sums[i] = sums[i]! + (a & 0xff_ffff);
      sums[i + 1] = sums[i + 1]! + ((a >>> 24) | ((b & 0xffff) << 8));
      sums[i + 2] = sums[i + 2]! + ((b >>> 16) | ((c & 0xff) << 16));
      sums[i + 3] = sums[i + 3]! + (c >>> 8);
    }
  }
  for (; i < sums.length; i++) sums[i] = sums[i]! + three(bytes, 3 * i);
}

function addFours(sums: Uint32Array, bytes: Bytes): void {
  const words = wordsOf(bytes);
  if (words === undefined)
    for (let i = 0, at = 0; i < sums.length; i++, at += 4)
      sums[i] = sums[i]! + (three(bytes, at) | (bytes[at + 3]! << 24));
  else for (let i = 0; i < sums.length; i++) sums[i] = sums[i]! + words[i]!;
}

function writeThrees(out: Bytes, firstByte: number, words: Uint32Array): void {
  const bytes = out.subarray(firstByte, firstByte + 3 * words.length);
  let i = 0;
  const quads = IS_LITTLE_ENDIAN ? quadsOf(bytes, words.length) : undefined;
  if (quads !== undefined) {
    for (; i < quads.before; i++) writeThree(bytes, 3 * i, words[i]!);
    const packed = quads.words;
    for (let w = 0; w < packed.length; w += 3, i += 4) {
      const b = words[i + 1]!;
      const c = words[i + 2]!;
      packed[w] = (words[i]! & 0xff_ffff) | (b << 24);
      packed[w + 1] = ((b >>> 8) & 0xffff) | (c << 16);
      packed[w + 2] = ((c >>> 16) & 0xff) | (words[i + 3]! << 8);
    }
  }
  for (; i < words.length; i++) writeThree(bytes, 3 * i, words[i]!);
}

function writeFours(out: Bytes, firstByte: number, words: Uint32Array): void {
  const bytes = out.subarray(firstByte, firstByte + 4 * words.length);
  const packed = wordsOf(bytes);
  if (packed !== undefined) packed.set(words);
  else
    for (let i = 0, at = 0; i < words.length; i++, at += 4) {
      writeThree(bytes, at, words[i]!);
      bytes[at + 3] = words[i]! >>> 24;
    }
}

function three(bytes: Bytes, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16);
}

function writeThree(bytes: Bytes, at: number, word: number): void {
  bytes[at] = word;
  bytes[at + 1] = word >>> 8;
  bytes[at + 2] = word >>> 16;
}

/** How many of `count` three-byte values come before a word border of memory, and the words of all fours that follow them. */
function quadsOf(bytes: Bytes, count: number): { before: number; words: Uint32Array } {
  const before = Math.min(count, bytes.byteOffset % 4); // three times the offset and the offset are a multiple of four
  const fours = Math.floor((count - before) / 4);
  const start = bytes.byteOffset + 3 * before;
  const words = fours === 0 ? new Uint32Array(0) : new Uint32Array(bytes.buffer, start, 3 * fours);
  return { before, words };
}

/** The bytes as words in memory, where that is possible. */
function wordsOf(bytes: Bytes): Uint32Array | undefined {
  if (!IS_LITTLE_ENDIAN || bytes.byteOffset % 4 !== 0) return undefined;
  return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
}

function mismatch(expected: string, got: number): PlexusError {
  return new PlexusError(
    'VECTOR_LENGTH_MISMATCH',
    `vector: expected ${expected} bytes, got ${String(got)}`,
  );
}
