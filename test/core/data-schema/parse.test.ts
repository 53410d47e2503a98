import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, type Json } from '../../../core/src/base/canonical-json.ts';
import { parseDataSchema } from '../../../core/src/data-schema/parse.ts';
import { sample } from './sample.ts';

function problems(value: unknown): readonly string[] {
  const parsed = parseDataSchema(value, 'data');
  return parsed.kind === 'refused' ? parsed.problems.map((p) => `${p.path} ${p.code}`) : [];
}

/** The sample with the value at each path replaced. */
function changed(...changes: readonly (readonly [path: string, value: unknown])[]): unknown {
  const copy: unknown = structuredClone(sample);
  for (const [path, value] of changes) {
    const steps = path.split('.');
    const last = steps.pop() ?? '';
    const parent = steps.reduce<unknown>((at, step) => Reflect.get(Object(at), step), copy);
    Reflect.set(Object(parent), last, value);
  }
  return copy;
}

describe('the data section of a study (data.md 2)', () => {
  it('numbers become canonical decimals, category values strings', () => {
    const parsed = parseDataSchema(sample, 'data');
    expect(parsed.kind).toBe('parsed');
    if (parsed.kind !== 'parsed') return;
    expect(parsed.schema.features[0]).toMatchObject({ range: ['18', '110'] });
    expect(parsed.schema.features[1]).toMatchObject({ values: ['typical', 'atypical', '3'] });
    expect(parsed.schema.features[2]).toMatchObject({ range: ['50', '700'], maxMissing: '0.4' });
  });

  it('a parsed schema is canonical JSON and parses to itself', () => {
    const parsed = parseDataSchema(sample, 'data');
    if (parsed.kind !== 'parsed') throw new Error('expected a schema');
    const again = parseDataSchema(
      JSON.parse(canonicalJson(parsed.schema as unknown as Json)),
      'data',
    );
    expect(again).toEqual(parsed);
  });

  it('every problem is listed with its path, all at once', () => {
    const bad = changed(
      ['unit', 'encounter'],
      ['features.0.range', [110, 18]],
      ['features.0.maxMising', 0.1],
      ['features.1.values', ['a', 'a']],
      ['features.2.scale', { centre: 1, spread: 0 }],
      ['features.3.type', 'text'],
      ['suppression', 'none'],
    );
    expect(problems(bad)).toEqual([
      'data.unit DATA_SCHEMA_INVALID',
      'data.features[0].maxMising DATA_SCHEMA_INVALID',
      'data.features[0].range DATA_SCHEMA_INVALID',
      'data.features[1].values DATA_SCHEMA_INVALID',
      'data.features[2].scale.spread DATA_SCHEMA_INVALID',
      'data.features[3].type DATA_SCHEMA_INVALID',
      'data.suppression DATA_SCHEMA_INVALID',
    ]);
  });

  it.each([
    ['a repeated name', ['features.1.name', 'age'] as const, 'data.features[1].name'],
    ['a target that is a feature', ['target.name', 'age'] as const, 'data.target.name'],
    ['a reserved name', ['features.0.name', 'patient'] as const, 'data.features[0].name'],
    ['opt-in without codes', ['consent.codes', []] as const, 'data.consent.codes'],
    ['a range of three', ['features.0.range', [1, 2, 3]] as const, 'data.features[0].range'],
    ['a share above 1', ['features.2.maxMissing', 40] as const, 'data.features[2].maxMissing'],
    ['no features', ['features', []] as const, 'data.features'],
    ['an unknown key of the section', ['sql', 'SELECT 1'] as const, 'data.sql'],
    [
      'values that outside makes missing but missing refuses',
      ['features.2.missing', 'refuse'] as const,
      'data.features[2].missing',
    ],
  ])('%s is refused', (_, change, path) => {
    expect(problems(changed(change))).toEqual([`${path} DATA_SCHEMA_INVALID`]);
  });

  it('a level above maxLevel is DATA_LEVEL_EXCEEDED', () => {
    expect(problems(changed(['features.2.level', 4]))).toEqual([
      'data.features[2].level DATA_LEVEL_EXCEEDED',
    ]);
  });

  it('is total: anything gives a schema or problems', () => {
    fc.assert(
      fc.property(fc.anything(), fc.nat(3), (junk, at) => {
        const bad = changed([`features.${String(at)}`, junk]);
        expect(problems(bad).length).toBeGreaterThan(0);
        expect(problems(junk).length).toBeGreaterThan(0);
      }),
    );
  });
});
