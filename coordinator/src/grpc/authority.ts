/** The CA as the use cases see it: a certificate for a member, and what the federation remembers of it. */
import { createHash } from 'node:crypto';
import { PlexusError, type Bytes } from '@plexus/core';
import type { Authority } from '../app/surroundings.js';
import type { Ca } from './ca.js';

/** A member's clock may be a little behind. */
const LEEWAY_MS = 300_000;

export function memberAuthority(
  ca: Ca,
  federation: string,
  lifetimeMs: number,
  random: (length: number) => Bytes,
): Authority {
  return {
    async issue(csr, { kind, id }, nowMs) {
      const notAfterMs = nowMs + lifetimeMs;
      const validity = { serial: random(16), notBeforeMs: nowMs - LEEWAY_MS, notAfterMs };
      const chain = await ca.issueMember(csr, { federation, kind, id }, validity);
      const [leaf] = chain;
      if (leaf === undefined) throw new PlexusError('CALL_FAILED', 'chain: expected a certificate');
      const sha256 = createHash('sha256').update(leaf).digest('hex');
      return { chain, certificate: { sha256, sizeBytes: leaf.length, notAfterMs } };
    },
  };
}
