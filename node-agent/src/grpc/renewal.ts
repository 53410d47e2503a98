/**
 * Keeps the TLS certificate fresh: a new key and certificate when two thirds of the old one's life are over, again and again until it works.
 *
 * Leaves to others: where the identity lies (`keep`), and using it (`use`, the connection). Source: architecture.md (Identity).
 */
import { X509Certificate } from 'node:crypto';
import { asPlexusError, type PlexusError } from '@plexus/core';
import { renew, type Endpoint, type TlsIdentity } from '@plexus/proto';
import { BACKOFF, type BackoffOptions, delayMs, pause } from './backoff.js';

export interface RenewalOptions {
  readonly endpoint: Endpoint;
  readonly identity: TlsIdentity;
  readonly nowMs: () => number;
  /** Uniform in [0, 1): jitter only. */
  readonly random: () => number;
  readonly backoff?: { readonly baseMs: number; readonly capMs: number };
  /** Makes the new identity durable; it is used only afterwards, and a crash in between leaves the old one, which is still good. */
  readonly keep: (identity: TlsIdentity) => Promise<void>;
  /** From now on the connection dials with this one. */
  readonly use: (identity: TlsIdentity) => void;
  readonly onFailure: (error: PlexusError, retryMs: number) => void;
}

export interface Renewal {
  stop(): Promise<void>;
}

const LOOK_MS = 60_000;
const CALL_MS = 30_000;

/** When to ask for the next certificate, from the leaf of the chain. */
export function renewalDueMs(chainPem: string): number {
  const { validFrom, validTo } = new X509Certificate(chainPem);
  const from = Date.parse(validFrom);
  return from + Math.floor(((Date.parse(validTo) - from) * 2) / 3);
}

export function keepRenewed(options: RenewalOptions): Renewal {
  const stopping = new AbortController();
  const { signal } = stopping;
  const backoff: BackoffOptions = { ...BACKOFF, ...options.backoff, random: options.random };

  async function run(): Promise<void> {
    let { identity } = options;
    for (let failures = 0; !signal.aborted;) {
      const waitMs = renewalDueMs(identity.chainPem) - options.nowMs();
      if (waitMs > 0) {
        await pause(Math.min(waitMs, LOOK_MS), signal); // looks at the clock again: a machine may sleep
        continue;
      }
      try {
        const renewed = await renew(options.endpoint, identity, CALL_MS);
        await options.keep(renewed);
        identity = renewed;
        options.use(renewed);
        failures = 0;
      } catch (thrown) {
        const retryMs = delayMs(failures++, backoff);
        options.onFailure(asPlexusError(thrown, 'CALL_FAILED'), retryMs);
        await pause(retryMs, signal);
      }
    }
  }

  const running = run();
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
