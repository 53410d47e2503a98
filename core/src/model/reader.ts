/**
 * Reads the options of layers, optimizers and tasks: each reader gives the one spelling of a value, or null after it noted why not.
 *
 * Leaves to others: which options there are (options.ts, optimizer.ts, parse.ts, task/parse.ts).
 */
import { canonicalDecimal } from '../base/decimal.js';
import type { Code } from '../base/error.js';
import { isFields, isList, type Fields, type Problem } from '../base/fields.js';

/** Where a reader is, and where it notes what is wrong. */
export interface Place {
  readonly path: string;
  readonly problems: Problem[];
  readonly code: Code;
}

export type Read<T> = (value: unknown, place: Place) => T | null;

export function note({ path, problems, code }: Place, text: string, other: Code = code): null {
  problems.push({ path, code: other, text });
  return null;
}

export function inside(place: Place, key: string): Place {
  return { ...place, path: `${place.path}${key.startsWith('[') ? '' : '.'}${key}` };
}

/** A mapping with no key but the allowed ones, or with any if none are given. */
export function fieldsOf(value: unknown, place: Place, allowed?: readonly string[]): Fields | null {
  if (!isFields(value)) return note(place, 'expected a mapping');
  const unknown = Object.keys(value).filter((key) => allowed?.includes(key) === false);
  for (const key of unknown)
    note(inside(place, key), `unknown key; expected ${(allowed ?? []).join(', ')}`);
  return unknown.length === 0 ? value : null;
}

export function whole(least: number, most: number): Read<number> {
  return (value, place) =>
    typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
      ? value
      : note(place, `expected a whole number from ${String(least)} to ${String(most)}`);
}

export function flag(value: unknown, place: Place): boolean | null {
  return typeof value === 'boolean' ? value : note(place, 'expected true or false');
}

export function oneOf<T extends string>(...allowed: readonly T[]): Read<T> {
  return (value, place) =>
    allowed.find((candidate) => candidate === value) ??
    note(place, `expected one of ${allowed.join(', ')}`);
}

/** A decimal in [least, below), written as an author likes. */
export function decimal(least: number, below: number): Read<string> {
  return (value, place) => {
    const text = canonicalDecimal(value);
    if (text !== undefined && Number(text) >= least && Number(text) < below) return text;
    const top = below === Infinity ? '' : ` up to, not including, ${String(below)}`;
    const what = least === -Infinity ? 'a number' : `a number from ${String(least)}${top}`;
    return note(place, `expected ${what}`);
  };
}

export function positive(value: unknown, place: Place): string | null {
  const text = canonicalDecimal(value);
  if (text !== undefined && Number(text) > 0 && Number.isFinite(Number(text))) return text;
  return note(place, 'expected a number above 0');
}

export function list<T>(read: Read<T>, least: number, most: number): Read<readonly T[]> {
  return (value, place) => {
    if (!isList(value) || value.length < least || value.length > most)
      return note(place, `expected a list of ${String(least)} to ${String(most)}`);
    const items = value.map((item, i) => read(item, inside(place, `[${String(i)}]`)));
    const known = items.filter((item) => item !== null);
    return known.length === items.length ? known : null;
  };
}

/** `[a, b]`, or one value for both. */
export function pair<T>(read: Read<T>): Read<readonly [T, T]> {
  return (value, place) => {
    if (!isList(value)) {
      const both = read(value, place);
      return both === null ? null : [both, both];
    }
    if (value.length !== 2) return note(place, 'expected one value, or one for each of two axes');
    const a = read(value[0], inside(place, '[0]'));
    const b = read(value[1], inside(place, '[1]'));
    return a === null || b === null ? null : [a, b];
  };
}

/** The only value that has a right gradient; it is not written out. Any other is LAYER_NOT_TRAINABLE. */
export function only(allowed: unknown, reason: string): Read<true> {
  return (value, place) =>
    value === allowed
      ? true
      : note(place, `expected ${String(allowed)}: ${reason}`, 'LAYER_NOT_TRAINABLE');
}
