/**
 * Bytes and their text forms: UTF-8, hex, base64. Strict: what does not round-trip is refused.
 *
 * Core has no ambient types, so neither Buffer nor TextEncoder exists here.
 * Source: RFC 3629 (UTF-8), RFC 4648 sections 4, 5 and 8.
 */
import { PlexusError } from './error.js';

export type Bytes = Uint8Array;

export function concat(...parts: readonly Bytes[]): Bytes {
  return concatAll(parts);
}

/** For lists of any length: a peer may make one longer than a call has room for arguments. */
export function concatAll(parts: readonly Bytes[]): Bytes {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Compares public bytes; it stops at the first difference, so never use it on a secret. */
export function equalBytes(a: Bytes, b: Bytes): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Orders byte strings as memcmp does. */
export function compareBytes(a: Bytes, b: Bytes): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** UTF-8 of a well-formed string. Errors: peer/ENCODING_INVALID on a lone surrogate. */
export function utf8(text: string): Bytes {
  const ascii = new Uint8Array(text.length);
  let at = 0;
  while (at < text.length) {
    const unit = text.charCodeAt(at);
    if (unit >= 0x80) return longUtf8(text);
    ascii[at++] = unit;
  }
  return ascii;
}

function longUtf8(text: string): Bytes {
  const out: number[] = [];
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code >= 0xd800 && code <= 0xdfff)
      throw new PlexusError('ENCODING_INVALID', 'text: lone surrogate');
    if (code < 0x80) out.push(code);
    else if (code < 0x800) out.push(0xc0 | (code >> 6), 0x80 | (code & 63));
    else if (code < 0x10000)
      out.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
    else
      out.push(
        0xf0 | (code >> 18),
        0x80 | ((code >> 12) & 63),
        0x80 | ((code >> 6) & 63),
        0x80 | (code & 63),
      );
  }
  return Uint8Array.from(out);
}

/** A call has room for so many arguments. */
const UNITS = 4096;

/** Text of strict UTF-8: no overlong form, no surrogate, nothing above U+10FFFF. Errors: peer/ENCODING_INVALID. */
export function fromUtf8(bytes: Bytes): string {
  for (let i = 0; i < bytes.length; i++) if ((bytes[i] ?? 0) >= 0x80) return fromLongUtf8(bytes);
  return fromAscii(bytes);
}

function fromAscii(bytes: Bytes): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += UNITS)
    // a spread would iterate; `apply` takes what is like an array
    text += String.fromCharCode.apply(
      undefined,
      bytes.subarray(i, i + UNITS) as unknown as number[],
    );
  return text;
}

function fromLongUtf8(bytes: Bytes): string {
  const pieces: string[] = [];
  let units: number[] = [];
  for (let i = 0; i < bytes.length;) {
    const first = bytes[i] ?? 0;
    const length =
      first < 0x80
        ? 1
        : first < 0xc2
          ? 0
          : first < 0xe0
            ? 2
            : first < 0xf0
              ? 3
              : first < 0xf5
                ? 4
                : 0;
    if (length === 0 || i + length > bytes.length) throw invalidUtf8(i);
    let code = length === 1 ? first : first & (0x7f >> length);
    for (let k = 1; k < length; k++) {
      const next = bytes[i + k] ?? 0;
      if ((next & 0xc0) !== 0x80) throw invalidUtf8(i);
      code = (code << 6) | (next & 63);
    }
    const overlong = (length === 3 && code < 0x800) || (length === 4 && code < 0x10000);
    if (overlong || (code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff) throw invalidUtf8(i);
    units.push(code);
    if (units.length === UNITS) {
      pieces.push(String.fromCodePoint(...units));
      units = [];
    }
    i += length;
  }
  pieces.push(String.fromCodePoint(...units));
  return pieces.join('');
}

function invalidUtf8(at: number): PlexusError {
  return new PlexusError('ENCODING_INVALID', `byte ${String(at)}: expected strict UTF-8`);
}

const HEX = '0123456789abcdef';

export function hex(bytes: Bytes): string {
  let out = '';
  for (const byte of bytes) out += (HEX[byte >> 4] ?? '') + (HEX[byte & 15] ?? '');
  return out;
}

/** Lower-case hex only, so that one value has one spelling. Errors: peer/ENCODING_INVALID. */
export function fromHex(text: string): Bytes {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text))
    throw new PlexusError(
      'ENCODING_INVALID',
      `hex: expected lower-case pairs, got ${String(text.length)} characters`,
    );
  const out = new Uint8Array(text.length / 2);
  for (let i = 0; i < out.length; i++) out[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return out;
}

const STANDARD = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const URL_SAFE = STANDARD.slice(0, 62) + '-_';
const NO_VALUE = 255;
const STANDARD_VALUES = valuesOf(STANDARD);
const URL_SAFE_VALUES = valuesOf(URL_SAFE);

export function base64(bytes: Bytes): string {
  const text = encode64(bytes, STANDARD);
  return text + '='.repeat((4 - (text.length % 4)) % 4);
}

export function base64url(bytes: Bytes): string {
  return encode64(bytes, URL_SAFE);
}

/** Padding present, unused bits zero, no white space. Errors: peer/ENCODING_INVALID. */
export function fromBase64(text: string): Bytes {
  if (text.length % 4 !== 0) throw invalidBase64();
  const body = text.endsWith('==')
    ? text.slice(0, -2)
    : text.endsWith('=')
      ? text.slice(0, -1)
      : text;
  return decode64(body, STANDARD);
}

/** Without padding, unused bits zero. Errors: peer/ENCODING_INVALID. */
export function fromBase64url(text: string): Bytes {
  return decode64(text, URL_SAFE);
}

/** The value of each character by its code. */
function valuesOf(alphabet: string): Bytes {
  const values = new Uint8Array(128).fill(NO_VALUE);
  for (let i = 0; i < alphabet.length; i++) values[alphabet.charCodeAt(i)] = i;
  return values;
}

function encode64(bytes: Bytes, alphabet: string): string {
  const pieces: string[] = [];
  for (let i = 0; i < bytes.length; i += 3) {
    const word = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    const characters = Math.min(4, bytes.length - i + 1);
    for (let k = 0; k < characters; k++) pieces.push(alphabet[(word >> (18 - 6 * k)) & 63] ?? '');
  }
  return pieces.join('');
}

function decode64(body: string, alphabet: string): Bytes {
  if (body.length % 4 === 1) throw invalidBase64();
  const out = new Uint8Array(Math.floor((body.length * 3) / 4));
  const values = alphabet === STANDARD ? STANDARD_VALUES : URL_SAFE_VALUES;
  let bits = 0;
  let word = 0;
  let at = 0;
  for (let i = 0; i < body.length; i++) {
    const value = values[body.charCodeAt(i)] ?? NO_VALUE;
    if (value === NO_VALUE) throw invalidBase64();
    word = ((word << 6) | value) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out[at++] = (word >> bits) & 255;
    }
  }
  if ((word & ((1 << bits) - 1)) !== 0) throw invalidBase64();
  return out;
}

function invalidBase64(): PlexusError {
  return new PlexusError('ENCODING_INVALID', 'base64: expected strict base64');
}
