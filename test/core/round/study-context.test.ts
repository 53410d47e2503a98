import { describe, expect, it } from 'vitest';
import { nodeSuite as suite } from '@plexus/suite';
import {
  plannedRounds,
  roundSetting,
  studyContext,
} from '../../../core/src/round/study-context.ts';
import { layoutBytes } from '../../../core/src/secagg/layout.ts';
import { manifestDigest } from '../../../core/src/study/parse.ts';
import { smallManifest, smallStudy } from './study.ts';

describe('what follows from a manifest', () => {
  it('is its digest, its seed and its sections with their types', () => {
    const manifest = smallManifest();
    const study = studyContext(suite, manifest);
    expect(study.manifestHash).toBe(manifestDigest(suite, manifest));
    expect(study.tasks.map(({ kind }) => kind)).toEqual(['moments', 'train', 'evaluate']);
    expect(study.rules.maxCohort).toBe(4);
    expect(study.studySeed).toHaveLength(32);
    expect(plannedRounds(study)).toBe(4);
  });

  it('is one layout for all rounds of a task, and another for another task', () => {
    const study = smallStudy();
    const first = roundSetting(study, { task: 1, roundInTask: 0 });
    expect(roundSetting(study, { task: 1, roundInTask: 1 }).layoutHash).toBe(first.layoutHash);
    expect(roundSetting(study, { task: 0, roundInTask: 0 }).layoutHash).not.toBe(first.layoutHash);
    expect(first.vectorBytes).toBe(layoutBytes(first.layout));
    expect(first.taskContext).toMatchObject({ taskIndex: 1, roundInTask: 0 });
  });

  it('is refused when a section is not valid, and when a task is asked for that is not there', () => {
    expect(() => studyContext(suite, { ...smallManifest(), model: { layers: [] } })).toThrow(
      expect.objectContaining({ code: 'MANIFEST_INVALID' }) as Error,
    );
    expect(() => roundSetting(smallStudy(), { task: 3, roundInTask: 0 })).toThrow(
      expect.objectContaining({ code: 'STATE_UNEXPECTED' }) as Error,
    );
  });
});
