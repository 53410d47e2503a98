import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRfc3339, rfc3339 } from '../../../core/src/audit/time.ts';

describe('times of the log (RFC 3339, UTC, milliseconds)', () => {
  it('are written as the platform writes them, and read back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 253_402_300_799_999 }), (ms) => {
        const text = rfc3339(ms);
        expect(text).toBe(new Date(ms).toISOString());
        expect(parseRfc3339(text)).toBe(ms);
      }),
    );
  });

  it.each([
    '2026-02-29T00:00:00.000Z',
    '2026-13-01T00:00:00.000Z',
    '2026-00-01T00:00:00.000Z',
    '2026-01-01T24:00:00.000Z',
    '2026-01-01T00:00:60.000Z',
    '2026-01-01T00:00:00Z',
    '2026-01-01T00:00:00.000+00:00',
    '1969-12-31T23:59:59.999Z',
  ])('%s is no time of the log', (text) => {
    expect(parseRfc3339(text)).toBeUndefined();
  });

  it('a time outside the calendar is a bug', () => {
    for (const ms of [-1, 1.5, 253_402_300_800_000]) expect(() => rfc3339(ms)).toThrow('time:');
  });
});
