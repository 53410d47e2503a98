import { describe, expect, it } from 'vitest';
import { parsePolicy, policyAllows, type Policy } from '../../../core/src/study/policy.ts';
import { exampleManifest } from './example.ts';

const POLICY: Policy = {
  studies: ['heart-small'],
  maxLevel: 3,
  suppression: 'standard',
  privacy: { none: ['moments', 'train', 'evaluate'] },
};

function codesOf(policy: Policy): readonly string[] {
  return policyAllows(policy, exampleManifest()).map(({ path, code }) => `${path} ${code}`);
}

describe("a hospital's policy", () => {
  it('allows the study it names, within its level, mode and kinds of task', () => {
    expect(codesOf(POLICY)).toEqual([]);
    expect(codesOf({ ...POLICY, studies: 'any' })).toEqual([]);
  });

  it('refuses a study it does not name', () => {
    expect(codesOf({ ...POLICY, studies: ['lung'] })).toEqual(['study POLICY_STUDY']);
  });

  it('refuses every column above its level', () => {
    expect(codesOf({ ...POLICY, maxLevel: 2 })).toEqual([
      'data.target.level POLICY_LEVEL',
      'data.features[0].level POLICY_LEVEL',
    ]);
  });

  it('refuses a kind of task that it does not list under mode none (privacy.md section 2)', () => {
    expect(codesOf({ ...POLICY, privacy: { none: ['moments', 'evaluate'] } })).toEqual([
      'tasks POLICY_TASK',
    ]);
  });

  it('refuses a privacy mode that it does not name at all', () => {
    expect(codesOf({ ...POLICY, privacy: {} })).toEqual(['privacy.mode POLICY_PRIVACY']);
  });
});

describe('reading a policy', () => {
  it('gives back a complete document', () => {
    expect(parsePolicy(POLICY)).toEqual({ kind: 'parsed', policy: POLICY });
  });

  it('has no defaults and refuses unknown keys, all problems at once', () => {
    const parsed = parsePolicy({ privacy: { nonne: [] }, maxLevel: 6 });
    expect(parsed).toMatchObject({
      kind: 'refused',
      problems: [
        { path: 'studies', code: 'POLICY_INVALID' },
        { path: 'maxLevel' },
        { path: 'suppression' },
        { path: 'privacy.nonne' },
      ],
    });
  });
});
