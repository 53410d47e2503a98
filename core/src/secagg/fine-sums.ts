/**
 * Sums finer than one section can carry: a value in one fixed32 section, the remainder of its rounding in a second.
 *
 * Statistics that a Newton step divides need it: one section leaves 1e-4 standard errors, two leave less than 1e-9.
 * Source: data.md section 9 (C = 16,384 and C / 2^22).
 */
import type { Bytes } from '../base/bytes.js';
import { PlexusError } from '../base/error.js';
import type { Suite } from '../base/suite.js';
import { placeSections, type Layout, type Section } from './layout.js';
import { gridOf, quantiseSection } from './quantise.js';

const COARSE_CLIP = 16_384;
/** The largest cohort whose coarse step, 2C/(2^q − 1), stays within the fine clip. */
const MOST_HOSPITALS = 512;

const coarse = (name: string): string => `${name}/hi`;
const fine = (name: string): string => `${name}/lo`;

/** The two sections of one fine sum. Errors: operator/LAYOUT_INVALID above 512 hospitals. */
export function fineSections(name: string, length: number, maxCohort: number): readonly Section[] {
  if (maxCohort > MOST_HOSPITALS)
    throw new PlexusError(
      'LAYOUT_INVALID',
      `fine sum ${name}: expected at most ${String(MOST_HOSPITALS)} hospitals`,
    );
  return [
    { name: coarse(name), length, encoding: 'fixed32', clip: String(COARSE_CLIP) },
    { name: fine(name), length, encoding: 'fixed32', clip: String(COARSE_CLIP / 2 ** 22) },
  ];
}

/**
 * The values of both sections, to be put into the map that `encodeVector` gets with the same rounding seed.
 *
 * The coarse part is the value itself; the fine part is what the quantiser, given that seed, will lose of it.
 * Errors: bug/VALUES_MISMATCH; operator/VALUE_OUT_OF_RANGE beyond ±16,384, since a clipped statistic would be wrong in silence.
 */
export function splitFine(
  suite: Suite,
  layout: Layout,
  maxCohort: number,
  name: string,
  values: Float64Array,
  roundingSeed: Bytes,
): ReadonlyMap<string, Float64Array> {
  const placed = placeSections(layout).find(({ section }) => section.name === coarse(name));
  if (placed?.section.length !== values.length)
    throw new PlexusError('VALUES_MISMATCH', `fine sum ${name}: not a section of this length`);
  const { clip, step } = gridOf(placed.section, maxCohort);
  if (values.some((value) => Math.abs(value) > clip))
    throw new PlexusError(
      'VALUE_OUT_OF_RANGE',
      `fine sum ${name}: expected at most ${String(clip)}`,
    );
  const { fields } = quantiseSection(suite, placed, maxCohort, values, roundingSeed);
  const remainder = values.map((value, i) =>
    Number.isFinite(value) ? value - (fields[i]! * step - clip) : 0,
  );
  return new Map([
    [coarse(name), values],
    [fine(name), remainder],
  ]);
}

/** The fine sum out of the decoded sections. Errors: bug/VALUES_MISMATCH. */
export function joinFine(sums: ReadonlyMap<string, Float64Array>, name: string): Float64Array {
  const high = sums.get(coarse(name));
  const low = sums.get(fine(name));
  if (high === undefined || low === undefined)
    throw new PlexusError('VALUES_MISMATCH', `fine sum ${name}: expected both sections`);
  return high.map((value, i) => value + low[i]!);
}
