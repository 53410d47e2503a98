import { afterAll, describe, expect, it } from 'vitest';
import { encodeTensors, initialState, studyContext } from '@plexus/core';
import { openPool } from '@plexus/engine';
import { nodeSuite as suite } from '@plexus/suite';
import { trainVector } from '../../node-agent/src/app/train.ts';
import { hospitals } from '../core/task/federation.ts';
import { testManifest } from './app/study.ts';

const entry = new URL('../../node-agent/dist/training-thread.js', import.meta.url);
const pool = openPool({ entry, size: 1 });
const study = studyContext(suite, testManifest());
const state = encodeTensors(initialState(suite, { ...study, schema: study.manifest.data }));

afterAll(() => pool.close());

async function trained() {
  const rows = hospitals[0];
  if (rows === undefined) throw new Error('no rows');
  const trainer = {
    problems: () => [],
    run: (job: Parameters<Parameters<typeof trainVector>[0]['run']>[0]) =>
      pool.run({ ...job, engine: 'auto' }),
  };
  const position = { task: 0, roundInTask: 0 };
  return trainVector(trainer, { study, position, rosterIndex: 1, state, rows });
}

describe("the agent's training thread", () => {
  it('gives the same words for the same rows, with the engine that made them', async () => {
    const first = await trained();
    const second = await trained();
    expect(first.engine).toMatch(/^dense\/1\.0\.0$/);
    expect(first.nonFinite).toBe(0);
    expect(first.words.some((word) => word !== 0)).toBe(true);
    expect(second.words).toEqual(first.words);
  });
});
