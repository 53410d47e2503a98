/**
 * Training threads of a program: as many as asked for, started when needed, each with one job at a time.
 *
 * Source: engine.md "Shape". Leaves to others: the inside of a thread (worker.ts), what a job computes (core).
 */
import { Worker } from 'node:worker_threads';
import { PlexusError } from '@plexus/core';
import type { TrainingJob, TrainingResult, WorkerAnswer } from './job.js';

export interface TrainingPool {
  /**
   * Errors: what the job threw, with its code; environment/ENGINE_STOPPED if the thread ended first, or the signal or close() ended it.
   */
  run(job: TrainingJob, signal?: AbortSignal): Promise<TrainingResult>;
  /** Ends every thread, with or without a job. */
  close(): Promise<void>;
}

export interface PoolOptions {
  /** The program's file that calls answerJobs. */
  readonly entry: URL;
  /** Threads at most; further jobs wait in order. */
  readonly size: number;
}

export function openPool({ entry, size }: PoolOptions): TrainingPool {
  const idle: Worker[] = [];
  const alive = new Set<Worker>();
  const waiting: ((worker: Worker) => void)[] = [];
  let isClosed = false;

  const start = (): Worker => {
    const worker = new Worker(entry);
    alive.add(worker);
    worker.once('exit', () => {
      alive.delete(worker);
      const at = idle.indexOf(worker);
      if (at >= 0) idle.splice(at, 1);
      const next = isClosed ? undefined : waiting.shift();
      next?.(start());
    });
    worker.on('error', () => undefined); // the exit that follows is what counts
    worker.unref();
    return worker;
  };

  const take = (): Promise<Worker> => {
    const ready = idle.pop() ?? (alive.size < size ? start() : undefined);
    if (ready !== undefined) return Promise.resolve(ready);
    return new Promise((resolve) => waiting.push(resolve));
  };

  const giveBack = (worker: Worker): void => {
    if (!alive.has(worker)) return;
    const next = waiting.shift();
    if (next === undefined) {
      worker.unref();
      idle.push(worker);
    } else next(worker);
  };

  return {
    async run(job, signal) {
      if (isClosed) throw stopped('the pool is closed');
      const worker = await take();
      try {
        return await answerOf(worker, job, signal);
      } finally {
        giveBack(worker);
      }
    },
    async close() {
      isClosed = true;
      await Promise.all([...alive].map((worker) => worker.terminate()));
    },
  };
}

function answerOf(
  worker: Worker,
  job: TrainingJob,
  signal: AbortSignal | undefined,
): Promise<TrainingResult> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      void worker.terminate();
    };
    const settle = (): void => {
      worker.off('message', onMessage);
      worker.off('exit', onExit);
      signal?.removeEventListener('abort', abort);
    };
    const onMessage = (answer: WorkerAnswer): void => {
      settle();
      if (answer.kind === 'done') resolve(answer.result);
      else reject(new PlexusError(answer.code, answer.text));
    };
    const onExit = (): void => {
      settle();
      reject(stopped('the training thread ended before it answered'));
    };
    worker.ref();
    worker.on('message', onMessage);
    worker.once('exit', onExit);
    signal?.addEventListener('abort', abort, { once: true });
    if (signal?.aborted === true) abort();
    worker.postMessage(job);
  });
}

function stopped(text: string): PlexusError {
  return new PlexusError('ENGINE_STOPPED', `engine: ${text}`);
}
