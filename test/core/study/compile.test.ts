import { describe, expect, it } from 'vitest';
import { compileStudy } from '../../../core/src/study/compile.ts';
import { AS_THEY_ARE, exampleManifest, FEDERATION, PLAIN } from './example.ts';

function problemsOf(plain: unknown): readonly string[] {
  const compiled = compileStudy(plain, FEDERATION, AS_THEY_ARE);
  return compiled.kind === 'compiled'
    ? []
    : compiled.problems.map(({ path, code }) => `${path} ${code}`);
}

describe('compiling a study', () => {
  it('indexes the hospitals in the order of the author and takes their keys from the federation', () => {
    const roster = ['west', 'north', 'south'];
    const manifest = exampleManifest({ roster });
    expect(manifest.roster.map(({ index, hospital }) => `${String(index)} ${hospital}`)).toEqual([
      '1 west',
      '2 north',
      '3 south',
    ]);
    expect(manifest.roster[0]?.identityKey).toBe(FEDERATION.roster[2]?.identityKey);
    expect(manifest.log).toEqual(FEDERATION.log);
  });

  it('writes numbers of the data section as decimal text and the seed as 32 bytes', () => {
    const manifest = exampleManifest({ seed: 258 });
    expect(manifest.data.features[0]).toMatchObject({ range: ['18', '110'] });
    expect(manifest.seed).toBe('102'.padStart(64, '0'));
  });

  it('finds every problem at once, each with its path', () => {
    const rest = { ...PLAIN, privacy: undefined };
    const data = { ...PLAIN.data, maxLevel: 9 };
    expect(
      problemsOf({ ...rest, data, title: '', purpose: 'MARKETING', extra: 1, seed: -1 }),
    ).toEqual([
      'extra STUDY_INVALID',
      'title STUDY_INVALID',
      'purpose STUDY_INVALID',
      'data.maxLevel DATA_SCHEMA_INVALID',
      'privacy STUDY_INVALID',
      'seed STUDY_INVALID',
    ]);
  });

  it('refuses a hospital that is not enrolled, one named twice, and fewer than three', () => {
    expect(problemsOf({ ...PLAIN, roster: ['north', 'south', 'east'] })).toEqual([
      'roster[2] HOSPITAL_UNKNOWN',
    ]);
    expect(problemsOf({ ...PLAIN, roster: ['north', 'south', 'north'] })).toEqual([
      'roster[2] STUDY_INVALID',
    ]);
    expect(problemsOf({ ...PLAIN, roster: ['north', 'south'] })).toEqual(['roster STUDY_INVALID']);
  });

  it('has no default for the privacy mode', () => {
    expect(problemsOf({ ...PLAIN, privacy: {} })).toEqual(['privacy.mode STUDY_INVALID']);
  });

  it('is total: anything that is not a mapping is one problem', () => {
    for (const plain of [undefined, null, 7, 'text', []]) {
      expect(problemsOf(plain)).toEqual([' STUDY_INVALID']);
    }
  });
});
