import { describe, expect, it } from 'vitest';
import { checkLeaf } from '../../../core/src/audit/event-schema.ts';
import { PATTERNS } from '../../../core/src/audit/patterns.ts';
import type { JsonObject } from '../../../core/src/base/canonical-json.ts';
import { changed, sampleLeaf, SAMPLES, stringPaths, TYPES } from './sample-values.ts';

/** A made-up resident id with a valid check digit (GB 11643: weights 2^(17−i) mod 11). */
function residentId(first17: string): string {
  const sum = Array.from(first17).reduce(
    (total, digit, i) => total + Number(digit) * (2 ** (17 - i) % 11),
    0,
  );
  return first17 + ('10X98765432'[sum % 11] ?? '');
}

/** Things people write down about people. Nobody here exists. */
const PERSONAL: readonly string[] = [
  'Wang Xiaoming',
  'MUELLER Anna-Lena',
  "O'Brien, Pat",
  '王小明',
  '欧阳 明',
  'Анна Иванова',
  residentId('11010519800102003'),
  residentId('44030820001231904'),
  '00123456789',
  'MRN-0012345678',
  'mrn-0012345678',
  'ZY20260302001',
  '13800138000',
  '+86 138 0013 8000',
  '+49-30-1234567',
  'pat.example@hospital.example.org',
  '1980-01-02',
  '1980/01/02',
  '02.01.1980',
  '1980.01.02',
  '1980年1月2日',
  '',
];

describe.each(TYPES)('no string of %s can hold personal data (P6)', (type) => {
  it('every string field refuses every example, with A408', () => {
    const leaf = sampleLeaf(type);
    const paths = stringPaths(leaf);
    expect(paths.length).toBeGreaterThan(10);
    for (const path of paths)
      for (const example of PERSONAL) {
        const problem = checkLeaf(changed(leaf, path, example));
        expect(problem, `${path.join('.')} = ${example}`).toMatchObject({ code: 'A408' });
        expect(JSON.stringify(problem)).not.toContain(example === '' ? '\u0000' : example);
      }
  });
});

describe('the patterns (P1)', () => {
  it('each accepts its sample', () => {
    for (const [name, accepts] of Object.entries(PATTERNS))
      expect(accepts(SAMPLES[name as keyof typeof SAMPLES]), name).toBe(true);
  });

  it('the name of a metric can carry none of the examples either', () => {
    const leaf = sampleLeaf('round.aggregated');
    for (const example of PERSONAL.filter((text) => text !== '')) {
      const metrics = { [example]: '0.5' };
      const data = { ...(leaf['data'] as JsonObject), metrics };
      expect(checkLeaf({ ...leaf, data }), example).toMatchObject({ code: 'A408' });
    }
  });
});
