import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digest, hospitalId, rosterIndex, sessionId, studyId } from '../../../core/src/base/ids.ts';
import { refusal } from '../../refusal.ts';

const hex64 = 'ab'.repeat(32);

describe.each([
  ['study', studyId],
  ['hospital', hospitalId],
])('the id of a %s', (_what, make) => {
  it.each(['a', 'cleveland', 'heart-disease-2', 'h1', 'a'.repeat(64), 'site-123456'])(
    '%s is one',
    (text) => {
      expect(make(text)).toBe(text);
    },
  );

  it.each([
    ['nothing', ''],
    ['a capital', 'Cleveland'],
    ['a digit first', '1a'],
    ['a hyphen last', 'a-'],
    ['two hyphens', 'a--b'],
    ['a slash, which would leave its place in a URI', 'a/b'],
    ['a dot, which would leave its folder', '..'],
    ['a line feed at the end', 'a\n'],
    ['a letter that only looks like one of a-z', 'сleveland'],
    ['more than 64 characters', 'a'.repeat(65)],
    ['seven digits in a row, which may be a record number', 'a1234567'],
  ])('%s is refused', (_why, text) => {
    expect(refusal(() => make(text))).toBe('ENCODING_INVALID');
  });

  it('no refusal repeats the text, which came from outside', () => {
    expect(() => make('Jane-Doe')).toThrow(/^(?!.*Jane)/s);
  });
});

describe.each([
  ['session id', sessionId],
  ['digest', digest],
])('a %s', (_what, make) => {
  it('is 32 bytes in lower-case hex', () => {
    expect(make(hex64)).toBe(hex64);
  });

  it.each(['', hex64.slice(1), `${hex64}0`, hex64.toUpperCase(), `${hex64}\n`, 'g'.repeat(64)])(
    '%j is refused',
    (text) => {
      expect(refusal(() => make(text))).toBe('ENCODING_INVALID');
    },
  );
});

describe('a roster index', () => {
  it('is every integer of 1..65535, the abscissae of GF(2^16) but 0', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 65535 }), (value) => {
        expect(rosterIndex(value)).toBe(value);
      }),
    );
  });

  it.each([0, -1, 65536, 1.5, NaN, Infinity])('%s is refused', (value) => {
    expect(refusal(() => rosterIndex(value))).toBe('ENCODING_INVALID');
  });
});
