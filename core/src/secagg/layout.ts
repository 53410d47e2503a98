/**
 * The layout of a masked vector: an ordered list of named sections. Code reads sections by name, never by position.
 *
 * Each section starts at a fresh mask word and a byte boundary. The last two carry the check words, so that a sum whose masks did
 * not cancel is recognised. Source: secure-aggregation.md section 7.
 * Leaves to others: numbers to words (quantise.ts), words to bytes (packing.ts).
 */
import type { Bytes } from '../base/bytes.js';
import { PlexusError } from '../base/error.js';
import type { Suite } from '../base/suite.js';
import { labelledHash } from './labels.js';
import { positiveDecimal } from './rules.js';

export type Encoding = 'fixed16' | 'fixed24' | 'fixed32' | 'residue32' | 'count32';

export interface Section {
  /** `update/<tensor>`, `weight`, `metric/<name>`, `stat/<name>`, `check/count`, `check/tag`. */
  readonly name: string;
  /** Number of values. */
  readonly length: number;
  readonly encoding: Encoding;
  /** Clip C of the fixed encodings, a decimal string; absent otherwise. */
  readonly clip?: string;
}

/** Always ends with check/count and check/tag. Made by `makeLayout`. */
export interface Layout {
  readonly sections: readonly Section[];
}

/** Values by section name: reals for fixed*, unsigned integers for count32, signed integers for residue32. */
export type SectionValues = ReadonlyMap<string, Float64Array>;

/** A section and where it lies: word and byte offsets, and the number of values before it. */
export interface PlacedSection {
  readonly section: Section;
  readonly firstWord: number;
  readonly words: number;
  readonly firstByte: number;
  readonly bytes: number;
  readonly firstValue: number;
}

export const CHECK_COUNT = 'check/count';
export const CHECK_TAG = 'check/tag';
/** 2^32 divided by the golden ratio, odd: a multiple of it names its factor. */
export const CHECK_TAG_WORD = 0x9e3779b1;

const FIELD_BITS = { fixed16: 16, fixed24: 24, fixed32: 32, residue32: 32, count32: 32 } as const;
const NAME = /^[a-z][a-z0-9]*(\/[A-Za-z0-9._-]+)*$/;

/**
 * Checks the sections and appends the two check sections.
 *
 * Errors: operator/LAYOUT_INVALID: no section, bad or repeated name, bad length, clip missing, misplaced or not a positive decimal,
 * more than 2^32 − 1 bytes in all.
 */
export function makeLayout(sections: readonly Section[]): Layout {
  if (sections.length === 0) throw invalid('layout: expected at least one section');
  const names = new Set<string>();
  for (const section of sections) {
    checkSection(section);
    if (names.has(section.name)) throw invalid(`section ${section.name}: named twice`);
    names.add(section.name);
  }
  const layout: Layout = {
    sections: [
      ...sections,
      { name: CHECK_COUNT, length: 1, encoding: 'count32' },
      { name: CHECK_TAG, length: 1, encoding: 'residue32' },
    ],
  };
  if (layoutBytes(layout) >= 2 ** 32) throw invalid('layout: expected less than 2^32 bytes');
  return layout;
}

/** f: bits of one value on the wire. */
export function fieldBits(encoding: Encoding): 16 | 24 | 32 {
  return FIELD_BITS[encoding];
}

/** H("layout", sections); an absent clip is written as empty text, since ENC has no optional fields. */
export function layoutHash(suite: Suite, layout: Layout): Bytes {
  return labelledHash(suite, 'layout', (writer) => {
    writer.list(layout.sections, (w, { name, length, encoding, clip }) => {
      w.text(name)
        .u32(length)
        .text(encoding)
        .text(clip ?? '');
    });
  });
}

export function placeSections(layout: Layout): readonly PlacedSection[] {
  let firstWord = 0;
  let firstByte = 0;
  let firstValue = 0;
  return layout.sections.map((section) => {
    const words = section.encoding === 'fixed16' ? Math.ceil(section.length / 2) : section.length;
    // a fixed16 section of odd length carries a zero as its last value, so that its words are whole
    const bytes = section.encoding === 'fixed24' ? 3 * words : 4 * words;
    const placed = { section, firstWord, words, firstByte, bytes, firstValue };
    firstWord += words;
    firstByte += bytes;
    firstValue += section.length;
    return placed;
  });
}

/** Mask words of the whole vector. */
export function layoutWords(layout: Layout): number {
  return placeSections(layout).reduce((sum, { words }) => sum + words, 0);
}

/** Bytes of the whole vector on the wire. */
export function layoutBytes(layout: Layout): number {
  return placeSections(layout).reduce((sum, { bytes }) => sum + bytes, 0);
}

function checkSection({ name, length, encoding, clip }: Section): void {
  if (name.length > 128 || !NAME.test(name) || name.startsWith('check/'))
    throw invalid('section name: expected words of letters, digits, . _ - joined by /, not check/');
  if (!Number.isInteger(length) || length < 1 || length >= 2 ** 31)
    throw invalid(`section ${name}: expected a length in 1..2^31-1, got ${String(length)}`);
  if (!Object.hasOwn(FIELD_BITS, encoding)) throw invalid(`section ${name}: unknown encoding`);
  const clipped = encoding.startsWith('fixed');
  if (!clipped && clip !== undefined) throw invalid(`section ${name}: ${encoding} takes no clip`);
  if (clipped && (clip === undefined || positiveDecimal(clip) === undefined))
    throw invalid(`section ${name}: expected a clip, a positive decimal`);
}

function invalid(message: string): PlexusError {
  return new PlexusError('LAYOUT_INVALID', message);
}
