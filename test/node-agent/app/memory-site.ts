/** An agent's store in memory that a test can look into, and that can fail as a disk does. A new agent over the same value is a restart. */
import type { Bytes } from '@plexus/core';
import { memoryStore, type Store } from '@plexus/runtime';

type Commit = Parameters<Store['commit']>[0];

export interface MemorySite extends Store {
  /** Called before each commit; throwing there is a crash between work and commit. */
  beforeCommit: (commit: Commit) => void;
  readonly leaves: readonly Bytes[];
  /** Of the secrets that are not wiped. */
  readonly secretNames: ReadonlySet<string>;
}

/** Over another store than the one in memory it can be looked into just the same. */
export function memorySite(store: Store = memoryStore()): MemorySite {
  const leaves: Bytes[] = [];
  const secretNames = new Set<string>();
  const site: MemorySite = {
    ...store,
    leaves,
    secretNames,
    beforeCommit: () => undefined,
    async commit(commit) {
      site.beforeCommit(commit);
      const committed = await store.commit(commit);
      leaves.push(commit.leaf);
      for (const { name } of commit.secrets) secretNames.add(name);
      for (const prefix of commit.wipe)
        for (const name of secretNames) if (name.startsWith(prefix)) secretNames.delete(name);
      return committed;
    },
  };
  return site;
}
