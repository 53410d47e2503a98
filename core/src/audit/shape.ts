/**
 * Shapes of JSON values, as data: enough to describe a leaf field by field, and one function that checks a value against one.
 *
 * Strict: an unknown member, a missing one, another type or a string outside its pattern is a problem with a path and a code.
 * Source: audit-log.md sections 4 and 10 (A402, A408). Leaves to others: the shapes themselves (events/).
 */
import type { Json, JsonObject } from '../base/canonical-json.js';
import { PATTERNS, type PatternName } from './patterns.js';

export type Shape =
  | { readonly kind: 'text'; readonly pattern: PatternName }
  | { readonly kind: 'enum'; readonly values: readonly string[] }
  | { readonly kind: 'integer'; readonly least: number; readonly most: number }
  | { readonly kind: 'boolean' }
  /** The one value true: a fact whose absence is not recorded. */
  | { readonly kind: 'true' }
  | { readonly kind: 'list'; readonly of: Shape; readonly most: number }
  /** Strictly ascending roster indexes (P5). */
  | { readonly kind: 'members' }
  | { readonly kind: 'object'; readonly fields: Fields }
  /** Values under names that the event does not fix, such as metrics. */
  | { readonly kind: 'map'; readonly of: Shape; readonly most: number };

export interface Field {
  readonly shape: Shape;
  readonly optional: boolean;
}
export type Fields = Readonly<Record<string, Field | Shape>>;

export interface ShapeProblem {
  readonly code: 'A402' | 'A408';
  readonly path: string;
  readonly what: 'unknown field' | 'missing field' | 'wrong type' | 'too long' | 'personal data';
}

export const text = (pattern: PatternName): Shape => ({ kind: 'text', pattern });
export const oneOf = (...values: readonly string[]): Shape => ({ kind: 'enum', values });
export const integer = (least = 0, most: number = Number.MAX_SAFE_INTEGER): Shape => ({
  kind: 'integer',
  least,
  most,
});
export const list = (of: Shape, most = 1024): Shape => ({ kind: 'list', of, most });
export const object = (fields: Fields): Shape => ({ kind: 'object', fields });
export const mapOf = (of: Shape, most = 256): Shape => ({ kind: 'map', of, most });
export const optional = (shape: Shape): Field => ({ shape, optional: true });
export const members: Shape = { kind: 'members' };
export const boolean: Shape = { kind: 'boolean' };
export const always: Shape = { kind: 'true' };
export const digest: Shape = text('digest');

/** One hospital of a study: its roster index, fixed in the manifest. */
export const member: Shape = integer(1, 65535);

export function fieldOf(entry: Field | Shape): Field {
  return 'shape' in entry ? entry : { shape: entry, optional: false };
}

const MAP_KEY = /^[a-z][a-z0-9]*(?:[_.-][a-z0-9]+)*$/;

/** The first problem, or undefined. Total on peer input. */
export function checkShape(shape: Shape, value: Json, path: string): ShapeProblem | undefined {
  switch (shape.kind) {
    case 'text':
      if (typeof value !== 'string') return wrongType(path);
      return PATTERNS[shape.pattern](value) ? undefined : personal(path);
    case 'enum':
      if (typeof value !== 'string') return wrongType(path);
      return shape.values.includes(value) ? undefined : personal(path);
    case 'integer':
      return typeof value === 'number' &&
        Number.isSafeInteger(value) &&
        value >= shape.least &&
        value <= shape.most
        ? undefined
        : wrongType(path);
    case 'boolean':
      return typeof value === 'boolean' ? undefined : wrongType(path);
    case 'true':
      return value === true ? undefined : wrongType(path);
    case 'list':
      return checkList(shape.of, shape.most, value, path);
    case 'members':
      return checkMembers(value, path);
    case 'object':
      return checkObject(shape.fields, value, path);
    case 'map':
      return checkMap(shape.of, shape.most, value, path);
  }
}

/** Problems of an object's members. `relaxed`: members that may be absent although the shape asks for them. */
export function checkObject(
  fields: Fields,
  value: Json,
  path: string,
  relaxed: readonly string[] = [],
): ShapeProblem | undefined {
  if (!isObject(value)) return wrongType(path);
  for (const key of Object.keys(value))
    if (!Object.hasOwn(fields, key))
      return { code: 'A402', path: join(path, key), what: 'unknown field' };
  for (const [key, entry] of Object.entries(fields)) {
    const field = fieldOf(entry);
    const found = Object.hasOwn(value, key) ? value[key] : undefined;
    if (found === undefined) {
      if (field.optional || relaxed.includes(key)) continue;
      return { code: 'A402', path: join(path, key), what: 'missing field' };
    }
    const problem = checkShape(field.shape, found, join(path, key));
    if (problem !== undefined) return problem;
  }
  return undefined;
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && !Array.isArray(value);
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function checkList(of: Shape, most: number, value: Json, path: string): ShapeProblem | undefined {
  if (!isList(value)) return wrongType(path);
  if (value.length > most) return { code: 'A402', path, what: 'too long' };
  for (const [i, item] of value.entries()) {
    const problem = checkShape(of, item, `${path}[${String(i)}]`);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function checkMembers(value: Json, path: string): ShapeProblem | undefined {
  if (!isList(value)) return wrongType(path);
  if (value.length > 65535) return { code: 'A402', path, what: 'too long' };
  let last = 0;
  for (const item of value) {
    if (typeof item !== 'number' || !Number.isInteger(item) || item <= last || item > 65535)
      return wrongType(path);
    last = item;
  }
  return undefined;
}

function checkMap(of: Shape, most: number, value: Json, path: string): ShapeProblem | undefined {
  if (!isObject(value)) return wrongType(path);
  const keys = Object.keys(value);
  if (keys.length > most) return { code: 'A402', path, what: 'too long' };
  for (const key of keys) {
    // a key is a string too: it could carry what no value may (P1)
    if (key.length > 64 || !MAP_KEY.test(key) || /\d{7}/.test(key)) return personal(`${path}.*`);
    const problem = checkShape(of, value[key] ?? false, join(path, key));
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** Names of members come from peers: what is no plain word is not repeated in a message. */
function join(path: string, key: string): string {
  const shown = /^[a-z][A-Za-z0-9_]{0,40}$/.test(key) ? key : '*';
  return path === '' ? shown : `${path}.${shown}`;
}

function wrongType(path: string): ShapeProblem {
  return { code: 'A402', path, what: 'wrong type' };
}

function personal(path: string): ShapeProblem {
  return { code: 'A408', path, what: 'personal data' };
}
