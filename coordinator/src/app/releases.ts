/**
 * Reads what dealers committed to, so that a release can be compared with it before it is fed.
 *
 * Source: secure-aggregation.md 4.6, step 1. Leaves to others: the comparison (core's round/coordinator/release.ts).
 */
import {
  keptLists,
  parseCanonical,
  releaseIsAsDealt,
  type FromAgent,
  type ShareEntry,
} from '@plexus/core';
import type { Machines } from './machines.js';
import { keptBytes } from './round-sums.js';
import type { Surroundings } from './surroundings.js';

export interface Releases {
  /** Undefined where there is nothing to compare it with. */
  isAsDealt(
    hospital: string,
    message: Extract<FromAgent, { readonly kind: 'release' }>,
  ): Promise<boolean | undefined>;
}

export function dealtReleases(
  store: Surroundings['store'],
  machines: Pick<Machines, 'study' | 'settings'>,
): Releases {
  /** Lists of the session that was asked about last: every survivor's release needs the same ones. */
  let lists = new Map<string, readonly ShareEntry[]>();

  async function listsOf(digests: readonly string[]): Promise<typeof lists> {
    const wanted = new Map<string, readonly ShareEntry[]>();
    for (const digest of digests) {
      const list = lists.get(digest) ?? parseCanonical(await keptBytes(store, digest));
      wanted.set(digest, list as readonly ShareEntry[]); // kept by the machine that checked its form
    }
    return wanted;
  }

  return {
    async isAsDealt(hospital, { study, envelope }) {
      const course = machines.study(study);
      if (course === undefined) return undefined;
      lists = await listsOf(keptLists(course));
      const listOf = (digest: string): readonly ShareEntry[] => lists.get(digest) ?? [];
      return releaseIsAsDealt(machines.settings(course), course, hospital, envelope, listOf);
    },
  };
}
