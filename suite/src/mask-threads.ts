/**
 * The mask loop over several threads, for sums that would stall the event loop: all of them write to one shared accumulator.
 *
 * Threads live for one call: no pool to close, and the keystream's memory goes with them. Source: secure-aggregation.md section 8.
 * Leaves to others: who adds which words (mask-ranges.ts), the inside of a thread (mask-thread.ts).
 */
import { availableParallelism } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { PlexusError, type Mask } from '@plexus/core';
import { requireMaskable } from './add-masks.js';
import { addStreams } from './mask-loop.js';
import { shareOut } from './mask-ranges.js';

export interface MaskThreads {
  /** As many as the machine runs at once, if not given. */
  readonly threads?: number;
  /** The built mask-thread.js, if not the one beside this file. */
  readonly entry?: URL;
  /** Words times masks up to which the calling thread does it itself. */
  readonly smallWork?: number;
}

/** About 0.6 s on one core: to start threads, and to give them memory, takes about as long as two of them save. */
const SMALL_WORK = 512 * 1024 * 1024;
/** Words times masks after which the calling thread lets others run: about 25 ms. */
const TURN = 24 * 1024 * 1024;

/**
 * Adds all masks to the accumulator in place, from word 0 of each keystream on.
 *
 * Errors: environment/MASKING_STOPPED if a thread did not reach its end, and then the accumulator is worth nothing; those of addMasks.
 */
export async function addMasksInParallel(
  accumulator: Uint32Array<SharedArrayBuffer>,
  masks: readonly Mask[],
  { threads = availableParallelism(), entry, smallWork = SMALL_WORK }: MaskThreads = {},
): Promise<void> {
  requireMaskable(masks);
  if (accumulator.length * masks.length <= smallWork) {
    await addInTurns(accumulator, masks);
    return;
  }
  const file = entry ?? new URL('./mask-thread.js', import.meta.url);
  const workerData = shareOut(accumulator, masks, threads);
  const ends = await Promise.allSettled(
    Array.from({ length: threads }, () => endOf(new Worker(file, { execArgv: [], workerData }))),
  );
  for (const end of ends)
    if (end.status === 'rejected')
      throw new PlexusError('MASKING_STOPPED', 'masks: a thread ended before its work was done', {
        cause: end.reason,
      });
}

async function addInTurns(accumulator: Uint32Array, masks: readonly Mask[]): Promise<void> {
  const turns = Math.ceil((accumulator.length * masks.length) / TURN);
  const words = Math.ceil(accumulator.length / Math.max(1, turns));
  for (let at = 0; at < accumulator.length; at += words) {
    if (at > 0) await setImmediate();
    addStreams(accumulator.subarray(at, at + words), masks, at);
  }
}

function endOf(worker: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.once('exit', (status) => {
      if (status === 0) resolve();
      else reject(new Error(`exit status ${String(status)}`));
    });
  });
}
