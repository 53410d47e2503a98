/**
 * Numbers to words and sums of words back to numbers.
 *
 *     u = min(⌊(clip(v, ±C) + C) · (2^q − 1)/(2C) + r⌋, 2^q − 1),  r = word / 2^32          Σ → Σu · 2C/(2^q − 1) − |U3| · C
 *
 * The rounding seed belongs to the update, not to the session: a retried session sends the same vector, and a study trained twice
 * the same bytes. Source: secure-aggregation.md section 7. Leaves to others: clipping by norm and noise (privacy/), masks.
 */
import type { Bytes } from '../base/bytes.js';
import { PlexusError } from '../base/error.js';
import type { Suite } from '../base/suite.js';
import {
  CHECK_COUNT,
  CHECK_TAG,
  CHECK_TAG_WORD,
  fieldBits,
  layoutWords,
  placeSections,
  type Layout,
  type PlacedSection,
  type Section,
  type SectionValues,
} from './layout.js';
import { requireWords } from './packing.js';
import { largestCount, quantiserBits } from './rules.js';

/** Rounding words drawn at a time. */
const CHUNK = 32_768;

/**
 * The words of one hospital's vector, check words included.
 *
 * Shapes   values: exactly the layout's sections but check/*, each of its length. roundingSeed: 32 bytes.
 * Errors   bug/VALUES_MISMATCH; operator/VALUE_OUT_OF_RANGE for a count or residue outside its range.
 * Secret   words. `nonFinite` counts values that were NaN or infinite and went in as 0: a local error to report at home.
 */
export function encodeVector(
  suite: Suite,
  layout: Layout,
  maxCohort: number,
  values: SectionValues,
  roundingSeed: Bytes,
): { readonly words: Uint32Array; readonly nonFinite: number } {
  if (values.size !== layout.sections.length - 2)
    throw mismatch(`values: expected ${String(layout.sections.length - 2)} sections`);
  const words = new Uint32Array(layoutWords(layout));
  let nonFinite = 0;
  for (const placed of placeSections(layout)) {
    const { section, firstWord } = placed;
    if (section.name === CHECK_COUNT) words[firstWord] = 1;
    else if (section.name === CHECK_TAG) words[firstWord] = CHECK_TAG_WORD;
    else {
      const given = valuesOf(section, values);
      if (section.encoding === 'count32')
        writeIntegers(words, firstWord, section, given, 0, largestCount(maxCohort));
      else if (section.encoding === 'residue32')
        writeIntegers(words, firstWord, section, given, -(2 ** 31), 2 ** 32 - 1);
      else {
        const quantised = quantiseSection(suite, placed, maxCohort, given, roundingSeed);
        writeFields(words, firstWord, section, quantised.fields);
        nonFinite += quantised.nonFinite;
      }
    }
  }
  return { words, nonFinite };
}

/**
 * The sums by section name, check words verified and left out.
 *
 * Shapes   words: the unmasked sum, cut to field bits.
 * Errors   peer/CHECK_WORDS_MISMATCH: the masks did not cancel, or somebody masked another layout.
 */
export function decodeSum(
  layout: Layout,
  maxCohort: number,
  words: Uint32Array,
  survivors: number,
): Map<string, Float64Array> {
  requireWords(layout, words);
  const sums = new Map<string, Float64Array>();
  for (const placed of placeSections(layout)) {
    const { section, firstWord, words: count } = placed;
    const part = words.subarray(firstWord, firstWord + count);
    if (section.name === CHECK_COUNT || section.name === CHECK_TAG) {
      const unit = section.name === CHECK_COUNT ? 1 : CHECK_TAG_WORD;
      if (part[0] !== Math.imul(survivors, unit) >>> 0)
        throw new PlexusError('CHECK_WORDS_MISMATCH', `${section.name}: not that of the survivors`);
    } else sums.set(section.name, decodeSection(section, maxCohort, part, survivors));
  }
  return sums;
}

/** C and 2C/(2^q − 1) of a fixed section. */
export function gridOf(
  section: Section,
  maxCohort: number,
): { readonly clip: number; readonly step: number; readonly top: number } {
  const clip = Number(section.clip);
  const top = 2 ** quantiserBits(fieldBits(section.encoding), maxCohort) - 1;
  return { clip, top, step: (2 * clip) / top };
}

/** The quantised fields of one section. The word that rounds a value is the one of its place among all values of the layout. */
export function quantiseSection(
  suite: Suite,
  { section, firstValue }: PlacedSection,
  maxCohort: number,
  values: Float64Array,
  roundingSeed: Bytes,
): { readonly fields: Uint32Array; readonly nonFinite: number } {
  const { clip, top } = gridOf(section, maxCohort);
  const scale = top / (2 * clip);
  const fields = new Uint32Array(values.length);
  const rounding = new Uint32Array(Math.min(CHUNK, values.length));
  let nonFinite = 0;
  for (let start = 0; start < values.length; start += CHUNK) {
    rounding.fill(0);
    suite.addMasks(rounding, [{ key: roundingSeed, sign: 1 }], firstValue + start);
    const end = Math.min(values.length, start + CHUNK);
    for (let i = start; i < end; i++) {
      let value = values[i]!;
      if (!Number.isFinite(value)) {
        value = 0;
        nonFinite++;
      }
      const clipped = value > clip ? clip : value < -clip ? -clip : value;
      // storing truncates, which is ⌊·⌋ of a number ≥ 0
      const u = (clipped + clip) * scale + rounding[i - start]! * 2 ** -32;
      fields[i] = u > top ? top : u; // double rounding can reach 2^q, which would wrap the ring
    }
  }
  return { fields, nonFinite };
}

function valuesOf(section: Section, values: SectionValues): Float64Array {
  const given = values.get(section.name);
  if (given?.length !== section.length)
    throw mismatch(`section ${section.name}: expected ${String(section.length)} values`);
  return given;
}

function writeIntegers(
  words: Uint32Array,
  firstWord: number,
  section: Section,
  values: Float64Array,
  least: number,
  most: number,
): void {
  values.forEach((value, i) => {
    if (!Number.isInteger(value) || value < least || value > most)
      throw new PlexusError(
        'VALUE_OUT_OF_RANGE',
        `section ${section.name}: expected integers in ${String(least)}..${String(most)}`,
      );
    words[firstWord + i] = value;
  });
}

function writeFields(
  words: Uint32Array,
  firstWord: number,
  { encoding }: Section,
  fields: Uint32Array,
): void {
  if (encoding === 'fixed16')
    for (let i = 0, at = firstWord; i < fields.length; i += 2, at++)
      words[at] = fields[i]! | ((fields[i + 1] ?? 0) << 16); // an odd last value stands alone
  else words.set(fields, firstWord);
}

function decodeSection(
  section: Section,
  maxCohort: number,
  words: Uint32Array,
  survivors: number,
): Float64Array {
  if (section.encoding === 'count32') return new Float64Array(words);
  if (section.encoding === 'residue32') return new Float64Array(new Int32Array(words));
  const { clip, step } = gridOf(section, maxCohort);
  const shift = survivors * clip;
  const out = new Float64Array(section.length);
  if (section.encoding === 'fixed16')
    for (let i = 0; i < out.length; i++)
      out[i] = ((words[i >>> 1]! >>> (16 * (i & 1))) & 0xffff) * step - shift;
  else for (let i = 0; i < out.length; i++) out[i] = words[i]! * step - shift;
  return out;
}

function mismatch(message: string): PlexusError {
  return new PlexusError('VALUES_MISMATCH', message);
}
