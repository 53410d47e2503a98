import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../../core/src/base/bytes.ts';
import {
  canonicalBytes,
  canonicalJson,
  parseCanonical,
  type Json,
} from '../../../core/src/base/canonical-json.ts';
import { refusal } from '../../refusal.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 12 }).map((s) => s.normalize('NFC'));
const { value } = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    text,
    fc.boolean(),
    fc.maxSafeInteger().map((n) => n + 0), // −0 becomes 0
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(text, tie('value'), { maxKeys: 5, noNullPrototype: true }),
  ),
}));

describe('canonical JSON (RFC 8785, audit-log.md section 4)', () => {
  it('writes what an independent implementation of RFC 8785 writes', () => {
    fc.assert(
      fc.property(value, (given) => {
        expect(canonicalJson(given)).toBe(canonicalize(given));
      }),
    );
  });

  it('what is written is read back, and has one spelling whatever the order of its members', () => {
    fc.assert(
      fc.property(value, (given) => {
        const back = parseCanonical(canonicalBytes(given));
        expect(back).toEqual(given);
        expect(canonicalJson(reversed(back))).toBe(canonicalJson(given));
      }),
    );
  });

  it('sorts members by UTF-16 code units, as the example of RFC 8785 section 3.2.3 does', () => {
    const given = {
      '\u20ac': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ud83d\ude00': 'Emoji',
      '1': 'One',
      '\u0080': 'Control',
      '\u00f6': 'Latin Small Letter O With Diaeresis',
    };
    expect(Object.values(JSON.parse(canonicalJson(given)) as object)).toHaveLength(6);
    expect(canonicalJson(given)).toBe(
      '{"\\r":"Carriage Return","1":"One","\u0080":"Control","ö":"Latin Small Letter O With Diaeresis","€":"Euro Sign","😀":"Emoji"}',
    );
  });

  it('leaves out members that are undefined', () => {
    expect(canonicalJson({ a: undefined, b: 1 })).toBe('{"b":1}');
  });

  it.each<[string, unknown]>([
    ['null', null],
    ['a fraction', 0.5],
    ['minus zero', -0],
    ['an integer beyond 2^53 − 1', 2 ** 53],
    ['NaN', NaN],
    ['a number too large for JSON', Infinity],
    ['a bigint', 1n],
    ['a function', () => 1],
    ['an undefined element', [undefined]],
    ['a string that is not NFC', 'e\u0301'],
    ['a member name that is not NFC', { 'e\u0301': 1 }],
    ['a lone surrogate', '\ud800'],
  ])('does not write %s', (_what, given) => {
    expect(refusal(() => canonicalJson(given as Json))).toBe('CANONICAL_JSON');
  });

  it.each([
    ['white space', '{"a": 1}'],
    ['a trailing line feed', '1\n'],
    ['members out of order', '{"b":1,"a":2}'],
    ['a member twice', '{"a":1,"a":1}'],
    ['an exponent', '1e2'],
    ['minus zero', '-0'],
    ['a fraction', '0.5'],
    ['an integer beyond 2^53 − 1', '9007199254740993'],
    ['null', '[null]'],
    ['an escape that is not needed', '"\\u0041"'],
    ['an escape in upper case', '"\\u001F"'],
    ['text that is not NFC', '"e\u0301"'],
    ['a lone surrogate as escape', '"\\ud800"'],
    ['what is no JSON', '{'],
    ['nothing', ''],
    ['a byte order mark', '\ufeff1'],
  ])('does not read %s', (_what, given) => {
    expect(refusal(() => parseCanonical(utf8(given)))).toBe('ENCODING_INVALID');
  });

  it('a member named __proto__ is a member like any other', () => {
    const given = utf8('{"__proto__":{"a":1}}');
    expect(canonicalBytes(parseCanonical(given))).toEqual(given);
  });

  it('names the character where the bytes differ', () => {
    expect(() => parseCanonical(utf8('{"a":1, "b":2}'))).toThrow('differs at character 7');
  });

  it('total on arbitrary bytes: read, or refused with its code', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20 }), (given) => {
        const code = refusal(() => parseCanonical(given));
        if (code === undefined) expect(canonicalBytes(parseCanonical(given))).toEqual(given);
        else expect(code).toBe('ENCODING_INVALID');
      }),
    );
  });
});

function reversed(given: Json): Json {
  if (Array.isArray(given)) return (given as readonly Json[]).map(reversed);
  if (typeof given !== 'object') return given;
  return Object.fromEntries(
    Object.entries(given)
      .reverse()
      .map(([key, member]) => [key, member === undefined ? undefined : reversed(member)]),
  );
}
