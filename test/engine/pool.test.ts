import { contribute, encodeTensors, initialState, type LocalRows } from '@plexus/core';
import { createEngine, engineProvider, openPool, type TrainingJob } from '@plexus/engine';
import { nodeSuite } from '@plexus/suite';
import { afterAll, describe, expect, it } from 'vitest';
import {
  context,
  facts,
  hospitals,
  moments,
  playRound,
  training,
} from '../core/task/federation.ts';
import { plainEngine } from '../core/task/plain-engine.ts';

const entry = new URL('worker-entry.mjs', import.meta.url);
const pool = openPool({ entry, size: 2 });
afterAll(() => pool.close());

const state = playRound(moments, initialState(nodeSuite, context), plainEngine()).state;
const rows: LocalRows = hospitals[0] ?? { training: [], heldOut: [] };
const job: TrainingJob = {
  engine: 'wasm',
  context: { ...facts, rosterIndex: 1 },
  state: encodeTensors(state),
  rows,
};
/** Trains for minutes unless somebody ends it. */
const endless: TrainingJob = {
  ...job,
  context: { ...job.context, task: { ...training, localSteps: 1_000_000 } },
};

describe('a training thread', () => {
  it('gives bit for bit what the main thread gives', async () => {
    const here = contribute(
      { ...context, rosterIndex: 1 },
      state,
      rows,
      await createEngine('wasm'),
    );
    const there = await Promise.all([pool.run(job), pool.run(job), pool.run(job)]);
    for (const { engine, values } of there) {
      expect(engine).toBe('wasm/4.22.0');
      expect(values).toEqual(here);
    }
  });

  it('brings an engine up and has it prove itself, before there is a job', async () => {
    expect(await pool.check('dense')).toBe('dense/1.0.0');
    expect(await pool.check('wasm')).toBe('wasm/4.22.0');
    const tensorflow = await engineProvider('tensorflow');
    if ((await tensorflow.probe()).kind === 'absent')
      await expect(pool.check('tensorflow')).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
  });

  it('hands on coded errors, and serves the next job', async () => {
    const optimizer = { kind: 'sgd', learningRate: '1e39' } as const;
    const wild = { ...job, context: { ...job.context, task: { ...training, optimizer } } };
    const blank = { ...job, state: new Uint8Array(3) };
    await expect(pool.run(blank)).rejects.toMatchObject({ code: 'ENCODING_INVALID' });
    await expect(pool.run(wild)).rejects.toMatchObject({ code: 'NON_FINITE_UPDATE' });
    await expect(pool.run(job)).resolves.toMatchObject({ engine: 'wasm/4.22.0' });
  });

  it('can be called off in the middle of a job, and another takes its place', async () => {
    const single = openPool({ entry, size: 1 });
    const stop = new AbortController();
    const stuck = single.run(endless, stop.signal);
    const next = single.run(job);
    stop.abort();
    await expect(stuck).rejects.toMatchObject({ code: 'ENGINE_STOPPED' });
    await expect(next).resolves.toMatchObject({ engine: 'wasm/4.22.0' });
    await single.close();
  });

  it('that dies is an error of its job, with the reason kept', async () => {
    const broken = openPool({
      entry: new URL('data:text/javascript,throw new Error("no")'),
      size: 1,
    });
    const thrown: unknown = await broken.run(job).catch((error: unknown) => error);
    expect(thrown).toMatchObject({ code: 'ENGINE_STOPPED', cause: { message: 'no' } });
    await broken.close();
  });

  it('leaves nobody waiting when the pool closes', async () => {
    const closing = openPool({ entry, size: 1 });
    const jobs = [closing.run(endless), closing.run(job)];
    const outcomes = Promise.allSettled(jobs);
    await closing.close();
    for (const outcome of await outcomes)
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'ENGINE_STOPPED' } });
    await expect(closing.run(job)).rejects.toThrow('the pool is closed');
  });

  it('leaves the main thread free while it trains', async () => {
    const single = openPool({ entry, size: 1 });
    const stop = new AbortController();
    const stuck = single.run(endless, stop.signal);
    let turns = 0;
    await new Promise<void>((resolve) => {
      const turn = (): void => {
        turns++;
        if (turns < 1000) setImmediate(turn);
        else resolve();
      };
      turn();
    });
    stop.abort();
    await expect(stuck).rejects.toMatchObject({ code: 'ENGINE_STOPPED' });
    await single.close();
  });
});
