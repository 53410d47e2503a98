/**
 * From an accepted step to the one value that its transaction writes. Pure.
 *
 * Source: audit-log.md L1 to L3. Leaves to others: writing it (store/), acting on it afterwards (drive.ts).
 */
import {
  appendLeafHash,
  PlexusError,
  prepareTransition,
  type Bytes,
  type Code,
  type Effect,
  type Json,
  type JsonObject,
  type StampBasics,
  type Stepped,
  type Suite,
  type TreeState,
} from '@plexus/core';
import type { Transitioned } from './contract.js';
import type { Commit, NamedSecret, StoreRecord } from './port.js';

export interface Rejection {
  readonly code: Code;
  readonly detail: JsonObject;
}

/** The refusal that a step answered with, if it did. Errors: bug/STATE_UNEXPECTED when the refusal is not all that it did (I10). */
export function rejectionOf<Work>(
  stepped: Stepped<Json, Json, Work>,
  isUnchanged: boolean,
): Rejection | undefined {
  const rejected = stepped.effects.find((effect) => effect.kind === 'reject');
  if (rejected === undefined) return undefined;
  if (!isUnchanged || stepped.effects.length !== 1)
    throw new PlexusError('STATE_UNEXPECTED', `step: ${rejected.code} comes with other effects`);
  return { code: rejected.code, detail: rejected.detail };
}

/** A transition with its input and state as they are written. */
export type WrittenTransition<Work> = Transitioned<Work> & {
  readonly bytes: { readonly input: Bytes; readonly state: Bytes };
};

/** Errors: those of prepareTransition. */
export function planCommit<Work>(
  suite: Suite,
  transitioned: WrittenTransition<Work>,
  basics: StampBasics,
  tree: TreeState,
  beside: { readonly secrets: readonly NamedSecret[]; readonly records: readonly StoreRecord[] },
): Commit {
  const { effects } = transitioned;
  const prepared = prepareTransition(suite, transitioned, basics);
  const appended = appendLeafHash(suite, tree, prepared.leafHash);
  return {
    journal: prepared.journal,
    state: prepared.state,
    leaf: prepared.leaf,
    nodes: appended.completed,
    tree: appended.tree,
    retract: effects.flatMap((effect) => (effect.kind === 'retract' ? [effect.topic] : [])),
    outbox: effects.flatMap((effect) =>
      effect.kind === 'send'
        ? [
            {
              to: effect.to,
              topic: effect.topic,
              message: effect.message,
              held: effect.await === 'published',
            },
          ]
        : [],
    ),
    keep: effects.flatMap((effect) =>
      effect.kind === 'keep' ? [{ digest: effect.digest, bytes: effect.bytes }] : [],
    ),
    secrets: beside.secrets,
    wipe: effects.flatMap((effect) => (effect.kind === 'wipe' ? [effect.prefix] : [])),
    records: beside.records,
  };
}

export function wakes<Work>(effects: readonly Effect<Json, Work>[]): boolean {
  return effects.some(({ kind }) => kind === 'wake');
}
