import { describe, expect, it } from 'vitest';
import {
  asPlexusError,
  CATALOGUE,
  entryOf,
  PlexusError,
  type Code,
} from '../../../core/src/base/error.ts';

const codes = Object.keys(CATALOGUE) as Code[];

describe('the catalogue', () => {
  it.each(codes)('%s says whose fault it is, and a text that shows nothing local', (code) => {
    const { fault, status, text } = entryOf(code);
    expect(code).toMatch(/^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/);
    expect(['peer', 'operator', 'environment', 'bug']).toContain(fault);
    expect(status).toMatch(/^[A-Z_]+$/);
    expect(text).toMatch(/^[^\n$]{8,120}[^.\s]$/);
  });

  it('a bug of ours is INTERNAL to the other side, whatever it was', () => {
    const bugs = codes.map(entryOf).filter(({ fault }) => fault === 'bug');
    expect(bugs.length).toBeGreaterThan(0);
    expect(new Set(bugs.map(({ status }) => status))).toEqual(new Set(['INTERNAL']));
  });

  it('no two codes have the same text: an operator can tell them apart', () => {
    const texts = codes.map((code) => entryOf(code).text);
    expect(texts.filter((text, at) => texts.indexOf(text) !== at)).toEqual([]);
  });

  it('a retry helps where a resource was short or a peer was busy, never after a refusal', () => {
    expect(entryOf('DATA_TIMEOUT').retry).toBe(true);
    expect(entryOf('SIGNATURE_INVALID').retry).toBe(false);
    expect(entryOf('STATE_UNEXPECTED').retry).toBe(false);
  });
});

describe('the funnel from unknown', () => {
  it('leaves our own errors as they are', () => {
    const ours = new PlexusError('KEY_DUPLICATE', 'roster: expected distinct keys');
    expect(asPlexusError(ours, 'STATE_UNEXPECTED')).toBe(ours);
  });

  it.each([new RangeError('row 7: Jane Doe'), 'Jane Doe', undefined, null, { code: 'EACCES' }])(
    'gives %j the code of the place, keeps it as cause, and shows only the public text',
    (thrown) => {
      const error = asPlexusError(thrown, 'DATA_ENGINE');
      expect(error.code).toBe('DATA_ENGINE');
      expect(error.message).toBe(entryOf('DATA_ENGINE').text);
      expect(error.cause).toBe(thrown);
    },
  );

  it('an error is an Error with a stack and a name', () => {
    const error = new PlexusError('KEY_DUPLICATE', 'x');
    expect(error).toBeInstanceOf(Error);
    expect(error.name).toBe('PlexusError');
    expect(error.stack).toContain('error.test.ts');
  });
});
