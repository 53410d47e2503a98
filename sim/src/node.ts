/**
 * What both kinds of node share: a disk that outlives a crash, and a driver that does not.
 *
 * The disk is the store in memory and blobs by digest; kept bytes and secrets are read without waiting, as a simulation may.
 */
import { hex, PlexusError, type Bytes, type Json, type LeafSource, type Suite } from '@plexus/core';
import { memoryStore } from '@plexus/runtime';
import type { Store } from '@plexus/runtime/drive';

export interface Disk {
  readonly store: Store;
  readonly blobs: Map<string, Bytes>;
  readonly put: (bytes: Bytes) => string;
  readonly kept: ReadonlyMap<string, Bytes>;
  /** Secret. */
  readonly secrets: ReadonlyMap<string, Bytes>;
}

/** Asked at every commit: whether the power goes, and on which side of the write. */
export type Power = () => 'before' | 'after' | undefined;

/** Errors: environment/STORE_FAILED when the power goes. */
export function createDisk(suite: Suite, power: Power = () => undefined): Disk {
  const inner = memoryStore();
  const blobs = new Map<string, Bytes>();
  const kept = new Map<string, Bytes>();
  const secrets = new Map<string, Bytes>();
  const store: Store = {
    ...inner,
    async commit(row) {
      const gone = power();
      if (gone === 'before') throw powerIsGone(gone);
      const committed = await inner.commit(row);
      for (const { digest, bytes } of row.keep) kept.set(digest, bytes);
      for (const { name, bytes } of row.secrets) secrets.set(name, bytes);
      for (const name of [...secrets.keys()])
        if (row.wipe.some((prefix) => name.startsWith(prefix))) secrets.delete(name);
      if (gone === 'after') throw powerIsGone(gone);
      return committed;
    },
  };
  const put = (bytes: Bytes): string => {
    const digest = hex(suite.sha256(bytes));
    blobs.set(digest, bytes);
    return digest;
  };
  return { store, blobs, put, kept, secrets };
}

function powerIsGone(side: 'before' | 'after'): PlexusError {
  return new PlexusError('STORE_FAILED', `disk: the power is gone, ${side} the write`);
}

export function sourceOf(node: string): LeafSource {
  return { system: 'plexus-simulator', version: '0.1.0', build_sha256: '00'.repeat(32), node };
}

/** A value of ours as the driver takes it. */
export function asInput(value: object): Json {
  return value as unknown as Json; // machines' states and inputs are canonical JSON by their contract
}
