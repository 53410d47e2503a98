/**
 * Waiting longer after each failure, with full jitter, so that a hundred agents do not come back in the same second.
 *
 * Source: exponential backoff with full jitter (delay = random · min(cap, base · 2^attempt)). Randomness is an argument.
 */
import { setTimeout as sleep } from 'node:timers/promises';

export interface BackoffOptions {
  readonly baseMs: number;
  readonly capMs: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

export const BACKOFF = { baseMs: 500, capMs: 30_000 } as const;

export function delayMs(attempt: number, { baseMs, capMs, random }: BackoffOptions): number {
  return Math.floor(random() * Math.min(capMs, baseMs * 2 ** Math.min(attempt, 30)));
}

/** Ends early, without an error, when the signal fires. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
