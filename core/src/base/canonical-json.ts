/**
 * Canonical JSON (RFC 8785) restricted to objects, arrays, strings, booleans and integers within ±(2^53 − 1).
 *
 * No null, no fraction: fractions travel as decimal strings. Strings are NFC. Used for leaves, journal rows and state digests.
 * Source: audit-log.md section 4.
 */
import { fromUtf8, utf8, type Bytes } from './bytes.js';
import { PlexusError } from './error.js';

export type Json = string | number | boolean | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

/** One spelling per value; members that are undefined are left out. Errors: bug/CANONICAL_JSON on what JSON here cannot hold. */
export function canonicalJson(value: Json): string {
  if (typeof value === 'string') return canonicalString(value);
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value) || Object.is(value, -0))
      throw new PlexusError('CANONICAL_JSON', 'number: expected a safe integer');
    return String(value);
  }
  if (isList(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (!isObject(value))
    throw new PlexusError('CANONICAL_JSON', `expected JSON, got ${typeof value}`);
  const members: string[] = [];
  for (const key of Object.keys(value).sort()) {
    const member = value[key];
    if (member !== undefined) members.push(`${canonicalString(key)}:${canonicalJson(member)}`);
  }
  return `{${members.join(',')}}`;
}

export function canonicalBytes(value: Json): Bytes {
  return utf8(canonicalJson(value));
}

/** Parses bytes that must be canonical already. Errors: peer/ENCODING_INVALID, naming the byte where they differ. */
export function parseCanonical(bytes: Bytes): Json {
  const text = fromUtf8(bytes);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new PlexusError('ENCODING_INVALID', 'expected JSON', { cause });
  }
  let again: string;
  try {
    again = canonicalJson(value as Json); // throws on null, fractions and anything else outside the subset
  } catch (cause) {
    throw new PlexusError('ENCODING_INVALID', 'expected canonical JSON', { cause });
  }
  if (again !== text) {
    let at = 0;
    while (at < text.length && text[at] === again[at]) at++;
    throw new PlexusError(
      'ENCODING_INVALID',
      `expected canonical JSON, differs at character ${String(at)}`,
    );
  }
  return value as Json;
}

function canonicalString(value: string): string {
  // most text is ASCII without quotes: well-formed NFC as it stands, and nothing to escape
  if (/^[ !#-[\]-~]*$/.test(value)) return `"${value}"`;
  if (value.normalize('NFC') !== value || /\p{Surrogate}/u.test(value))
    throw new PlexusError('CANONICAL_JSON', 'string: expected well-formed NFC');
  return JSON.stringify(value); // RFC 8785 section 3.2.2.2 is JSON.stringify's escaping
}

/** The type says so already, but parsed bytes come in under it too: null is an object to typeof. */
function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null;
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
