/**
 * Where the log has the vectors of a survivor set: the leaves that a hospital wants to see before it signs the set (secure-aggregation.md 4.4).
 *
 * Found by walking back from the leaf that fixes the survivors: they stand just before it. Leaves to others: the proofs (publish.ts).
 */
import { PlexusError, readLeaf, type Outgoing } from '@plexus/core';
import type { LogStore } from './port.js';

const STRIDE = 256;

/** Seqs of the leaves that a message rests on besides its own, ascending by hospital; none but for `agree`. `seq`: of its own leaf. */
export type LeavesBehind = (message: Outgoing, seq: number) => Promise<readonly number[]>;

/** Every survivor is sent the same, so the last answer is remembered. */
export function leavesBehind(store: Pick<LogStore, 'entries'>): LeavesBehind {
  let last: { readonly seq: number; readonly found: readonly number[] } | undefined;
  return async (message, seq) => {
    if (message.kind !== 'agree') return [];
    if (last?.seq === seq) return last.found;
    const places = await placesOf(store, message, seq);
    const found = message.survivors.map((hospital) => {
      const place = places.get(hospital);
      if (place === undefined)
        throw new PlexusError('STATE_UNEXPECTED', 'log: expected the leaf of every survivor');
      return place;
    });
    last = { seq, found };
    return found;
  };
}

async function placesOf(
  store: Pick<LogStore, 'entries'>,
  { session, survivors }: Extract<Outgoing, { readonly kind: 'agree' }>,
  seq: number,
): Promise<ReadonlyMap<number, number>> {
  const places = new Map<number, number>();
  for (let end = seq; end > 0 && places.size < survivors.length; end -= STRIDE) {
    const from = Math.max(0, end - STRIDE);
    const entries = await store.entries(from, end - from);
    for (const [i, bytes] of entries.entries()) {
      const read = readLeaf(bytes);
      if (read.kind !== 'leaf' || read.leaf.type !== 'round.masked_update.received') continue;
      const hospital = Number(read.leaf.data['hospital']);
      if (read.leaf.session === session && survivors.includes(hospital))
        places.set(hospital, from + i);
    }
  }
  return places;
}
