/**
 * The inside of a training thread: one job at a time, answered with section values or a coded error.
 *
 * A program's own entry file calls it with its cryptography, since the engine knows core only:
 * `answerJobs(parentPort, nodeSuite)`. Source: engine.md "Shape": training on the main thread stalls the event loop.
 */
import type { MessagePort } from 'node:worker_threads';
import {
  contribute,
  decodeTensors,
  PlexusError,
  type Suite,
  type TrainingEngine,
} from '@plexus/core';
import type { TrainingJob, TrainingResult, WorkerAnswer, WorkerTask } from './job.js';
import type { EngineName } from './provider.js';
import { createEngine, engineFor } from './select.js';

/** Answers the jobs of a pool until the thread ends. What is not a coded error ends the thread: it is a bug of ours. */
export function answerJobs(port: MessagePort, suite: Suite): void {
  const engines = new Map<EngineName, TrainingEngine>();
  const bringUp = async (name: EngineName): Promise<TrainingEngine> => {
    const engine = engines.get(name) ?? (await createEngine(name));
    engines.set(name, engine);
    return engine;
  };
  const run = async (job: TrainingJob): Promise<TrainingResult> => {
    const engine = await bringUp(await engineFor(job.engine, job.context.model));
    try {
      const context = { ...job.context, suite };
      const values = contribute(context, decodeTensors(job.state), job.rows, engine);
      return { engine: engine.id, values };
    } finally {
      engine.dispose();
    }
  };
  const answer = async (task: WorkerTask): Promise<void> => {
    let reply: WorkerAnswer;
    try {
      reply =
        task.kind === 'train'
          ? { kind: 'done', result: await run(task.job) }
          : { kind: 'ready', engine: (await bringUp(task.engine)).id };
    } catch (thrown) {
      if (!(thrown instanceof PlexusError)) throw thrown;
      reply = { kind: 'failed', code: thrown.code, text: thrown.message };
    }
    port.postMessage(reply);
  };
  port.on('message', (task: WorkerTask) => {
    void answer(task);
  });
}
