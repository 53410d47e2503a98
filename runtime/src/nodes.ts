/**
 * Core's tree functions over a store that answers later: each is run twice, first to learn which nodes it reads, then with them.
 *
 * Leaves to others: the functions (core/src/audit/tree.ts), the nodes (store/).
 */
import { PlexusError, rootOf, treeAt, type Bytes, type NodeReader, type Suite } from '@plexus/core';
import type { LogStore } from './port.js';

/** `use` must read the same nodes whatever their hashes are. */
export async function withNodes<T>(
  store: Pick<LogStore, 'nodes'>,
  use: (node: NodeReader) => T,
): Promise<T> {
  const places = new Map<string, { readonly level: number; readonly index: number }>();
  const nothing = new Uint8Array(32);
  use((level, index) => {
    places.set(keyOf(level, index), { level, index });
    return nothing;
  });
  const hashes = await store.nodes([...places.values()]);
  const found = new Map([...places.keys()].map((key, i) => [key, hashes[i]]));
  return use((level, index) => {
    const hash = found.get(keyOf(level, index));
    if (hash === undefined)
      throw new PlexusError('STATE_UNEXPECTED', `node ${keyOf(level, index)}: was not read`);
    return hash;
  });
}

export async function rootAt(
  suite: Suite,
  store: Pick<LogStore, 'nodes'>,
  size: number,
): Promise<Bytes> {
  return rootOf(suite, await withNodes(store, (node) => treeAt(size, node)));
}

function keyOf(level: number, index: number): string {
  return `${String(level)}/${String(index)}`;
}
