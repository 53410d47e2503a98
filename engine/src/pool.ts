/**
 * Training threads of a program: as many as asked for, started when needed, each with one job at a time.
 *
 * Source: engine.md "Shape". Leaves to others: the inside of a thread (worker.ts), what a job computes (core).
 */
import { Worker } from 'node:worker_threads';
import { PlexusError } from '@plexus/core';
import type { TrainingJob, TrainingResult, WorkerAnswer, WorkerTask } from './job.js';
import type { EngineName } from './provider.js';

export interface TrainingPool {
  /**
   * Errors: what the job threw, with its code; environment/ENGINE_STOPPED if the thread ended first, or the signal or close() ended it.
   */
  run(job: TrainingJob, signal?: AbortSignal): Promise<TrainingResult>;
  /**
   * Brings an engine up in a thread and says its id: whatever would stop the first round stops the program at its start.
   *
   * Errors: environment/ENGINE_UNAVAILABLE, environment/ENGINE_CONFORMANCE; as run.
   */
  check(engine: EngineName): Promise<string>;
  /** Ends every thread, with or without a job. */
  close(): Promise<void>;
}

export interface PoolOptions {
  /** The program's file that calls answerJobs. */
  readonly entry: URL;
  /** Threads at most; further jobs wait in order. */
  readonly size: number;
}

interface Waiting {
  readonly resolve: (worker: Worker) => void;
  readonly reject: (error: PlexusError) => void;
}

export function openPool({ entry, size }: PoolOptions): TrainingPool {
  const idle: Worker[] = [];
  const alive = new Set<Worker>();
  const waiting: Waiting[] = [];
  let isClosed = false;

  const start = (): Worker => {
    const worker = new Worker(entry, { execArgv: [] }); // a thread runs what was built, whatever loader the parent has
    alive.add(worker);
    worker.on('error', () => undefined); // the exit that follows is what counts here
    worker.once('exit', () => {
      alive.delete(worker);
      const at = idle.indexOf(worker);
      if (at >= 0) idle.splice(at, 1);
      if (!isClosed) waiting.shift()?.resolve(start());
    });
    return worker;
  };

  const take = (): Promise<Worker> => {
    const ready = idle.pop() ?? (alive.size < size ? start() : undefined);
    if (ready !== undefined) return Promise.resolve(ready);
    return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
  };

  const giveBack = (worker: Worker): void => {
    if (!alive.has(worker)) return;
    const next = waiting.shift();
    if (next !== undefined) {
      next.resolve(worker);
      return;
    }
    worker.unref(); // an idle thread keeps no program alive
    idle.push(worker);
  };

  const ask = async (task: WorkerTask, signal?: AbortSignal): Promise<WorkerAnswer> => {
    if (isClosed) throw stopped('the pool is closed');
    const worker = await take();
    try {
      return await answerOf(worker, task, signal);
    } finally {
      giveBack(worker);
    }
  };

  return {
    async run(job, signal) {
      const answer = await ask({ kind: 'train', job }, signal);
      if (answer.kind === 'done') return answer.result;
      throw new PlexusError('STATE_UNEXPECTED', `engine: answered ${answer.kind} to a job`);
    },
    async check(engine) {
      const answer = await ask({ kind: 'check', engine });
      if (answer.kind === 'ready') return answer.engine;
      throw new PlexusError('STATE_UNEXPECTED', `engine: answered ${answer.kind} to a check`);
    },
    async close() {
      isClosed = true;
      for (const { reject } of waiting.splice(0)) reject(stopped('the pool is closed'));
      await Promise.all([...alive].map((worker) => worker.terminate()));
    },
  };
}

function answerOf(
  worker: Worker,
  task: WorkerTask,
  signal: AbortSignal | undefined,
): Promise<WorkerAnswer> {
  return new Promise((resolve, reject) => {
    let cause: unknown;
    const abort = (): void => {
      void worker.terminate(); // a synchronous computation has no other end
    };
    const settle = (): void => {
      worker.off('message', onMessage);
      worker.off('error', onError);
      worker.off('exit', onExit);
      signal?.removeEventListener('abort', abort);
    };
    const onMessage = (answer: WorkerAnswer): void => {
      settle();
      if (answer.kind === 'failed') reject(new PlexusError(answer.code, answer.text));
      else resolve(answer);
    };
    const onError = (thrown: unknown): void => {
      cause = thrown;
    };
    const onExit = (): void => {
      settle();
      reject(stopped('the training thread ended before it answered', cause));
    };
    if (signal?.aborted === true) {
      reject(stopped('the job was called off'));
      return;
    }
    worker.ref();
    worker.on('message', onMessage);
    worker.on('error', onError);
    worker.once('exit', onExit);
    signal?.addEventListener('abort', abort, { once: true });
    worker.postMessage(task);
  });
}

function stopped(text: string, cause?: unknown): PlexusError {
  return new PlexusError('ENGINE_STOPPED', `engine: ${text}`, { cause });
}
