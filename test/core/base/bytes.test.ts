import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  base64,
  base64url,
  compareBytes,
  concat,
  equalBytes,
  fromBase64,
  fromBase64url,
  fromHex,
  fromUtf8,
  hex,
  utf8,
} from '../../../core/src/base/bytes.ts';
import { refusal } from '../../refusal.ts';

const bytes = fc.uint8Array({ maxLength: 200 });
const text = fc.string({ unit: 'binary', maxLength: 60 });
const of = (...values: number[]) => Uint8Array.from(values);

describe('UTF-8 (RFC 3629)', () => {
  it('agrees with the encoder of the platform on every well-formed string', () => {
    fc.assert(
      fc.property(text, (value) => {
        expect(hex(utf8(value))).toBe(Buffer.from(value, 'utf8').toString('hex'));
        expect(fromUtf8(utf8(value))).toBe(value);
      }),
    );
  });

  it('accepts exactly the byte strings the strict decoder of the platform accepts', () => {
    const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    const nearlyText = fc.array(
      fc.constantFrom(
        0x00,
        0x41,
        0x7f,
        0x80,
        0xbf,
        0xc0,
        0xc2,
        0xe0,
        0xa0,
        0xed,
        0xf0,
        0x90,
        0xf4,
        0x8f,
        0xf5,
        0xff,
      ),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(nearlyText, (values) => {
        const given = Uint8Array.from(values);
        let expected: string | undefined;
        try {
          expected = strict.decode(given);
        } catch {
          expected = undefined;
        }
        if (expected === undefined) expect(refusal(() => fromUtf8(given))).toBe('ENCODING_INVALID');
        else expect(fromUtf8(given)).toBe(expected);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['a lone continuation byte', of(0x80)],
    ['an overlong slash in two bytes', of(0xc0, 0xaf)],
    ['an overlong slash in three bytes', of(0xe0, 0x80, 0xaf)],
    ['an overlong slash in four bytes', of(0xf0, 0x80, 0x80, 0xaf)],
    ['a surrogate', of(0xed, 0xa0, 0x80)],
    ['a code point above U+10FFFF', of(0xf4, 0x90, 0x80, 0x80)],
    ['a first byte that no character has', of(0xff)],
    ['a character that ends too early', of(0xe2, 0x82)],
  ])('refuses %s', (_what, given) => {
    expect(refusal(() => fromUtf8(given))).toBe('ENCODING_INVALID');
  });

  it('refuses to write a lone surrogate', () => {
    expect(refusal(() => utf8('a\ud800b'))).toBe('ENCODING_INVALID');
    expect(refusal(() => utf8('\udfff'))).toBe('ENCODING_INVALID');
  });

  it('reads text longer than one batch of characters', () => {
    const long = 'é€😀a'.repeat(3000);
    expect(fromUtf8(utf8(long))).toBe(long);
  });
});

describe('hex and base64 (RFC 4648)', () => {
  it.each([
    ['', ''],
    ['f', 'Zg=='],
    ['fo', 'Zm8='],
    ['foo', 'Zm9v'],
    ['foob', 'Zm9vYg=='],
    ['fooba', 'Zm9vYmE='],
    ['foobar', 'Zm9vYmFy'],
  ])('section 10: base64 of %j is %j', (plain, encoded) => {
    expect(base64(utf8(plain))).toBe(encoded);
    expect(fromUtf8(fromBase64(encoded))).toBe(plain);
    expect(base64url(utf8(plain))).toBe(encoded.replace(/=+$/, ''));
  });

  it('agree with the platform and give the bytes back', () => {
    fc.assert(
      fc.property(bytes, (value) => {
        const same = Buffer.from(value);
        expect(hex(value)).toBe(same.toString('hex'));
        expect(base64(value)).toBe(same.toString('base64'));
        expect(base64url(value)).toBe(same.toString('base64url'));
        expect(fromHex(hex(value))).toEqual(value);
        expect(fromBase64(base64(value))).toEqual(value);
        expect(fromBase64url(base64url(value))).toEqual(value);
      }),
    );
  });

  it.each(['0', 'AB', '0x', 'zz', '00 ', '0０'])(
    'hex refuses %j: one value, one spelling',
    (given) => {
      expect(refusal(() => fromHex(given))).toBe('ENCODING_INVALID');
    },
  );

  it.each(['Zg', 'Zg=', 'Zh==', 'Zm9=', 'Z===', '====', 'Zm9v\n', ' Zm9', 'Zm-_', 'Zg==Zg=='])(
    'base64 refuses %j: padding present, unused bits zero, nothing else',
    (given) => {
      expect(refusal(() => fromBase64(given))).toBe('ENCODING_INVALID');
    },
  );

  it.each(['Zg==', 'Zh', 'Z', 'Zm+/', 'Zm9v '])('base64url refuses %j', (given) => {
    expect(refusal(() => fromBase64url(given))).toBe('ENCODING_INVALID');
  });
});

describe('comparing', () => {
  it('orders as memcmp does, and is equal only to itself', () => {
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        expect(Math.sign(compareBytes(a, b))).toBe(Buffer.compare(a, b));
        expect(equalBytes(a, b)).toBe(Buffer.compare(a, b) === 0);
        expect(equalBytes(a, a.slice())).toBe(true);
      }),
    );
  });

  it('a prefix comes before what it begins, and one flipped bit is a difference', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.nat(), (a, at) => {
        expect(compareBytes(a.subarray(0, a.length - 1), a)).toBeLessThan(0);
        const other = a.slice();
        other[at % a.length]! ^= 1;
        expect(equalBytes(a, other)).toBe(false);
      }),
    );
  });

  it('concat copies: its result does not change with its parts', () => {
    const part = of(1, 2);
    const joined = concat(part, of(), of(3));
    part[0] = 9;
    expect(joined).toEqual(of(1, 2, 3));
  });
});
