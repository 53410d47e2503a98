/**
 * The pure half of the driver: from one accepted step to the rows that its transaction writes, and back at replay.
 *
 * Source: audit-log.md section 7 (L1, L2, L6); invariants I6 and I7. Leaves to others: the transaction, the blobs, the outbox, the
 * tree nodes (runtime/ and sim/, with tree.ts).
 */
import { hex, type Bytes } from '../base/bytes.js';
import { canonicalBytes, type Json } from '../base/canonical-json.js';
import { PlexusError } from '../base/error.js';
import type { Effect, LeafDraft } from '../base/machine.js';
import type { Suite } from '../base/suite.js';
import { leafBytes, type LeafSource } from './leaf.js';
import { leafHash } from './merkle.js';

/** What of the stamp the driver chooses; the transition itself is computed here. */
export interface StampBasics {
  readonly seq: number;
  readonly log: string;
  readonly time: string;
  readonly salt: string;
  readonly source: LeafSource;
}

export interface Transition<Message, Work> {
  readonly machine: string;
  /** Number of the transition of this machine, from 0, without gaps. */
  readonly n: number;
  readonly input: Json;
  /** The state after the step. */
  readonly state: Json;
  readonly effects: readonly Effect<Message, Work>[];
  /** Their canonical JSON, from a caller who has it already. */
  readonly bytes?: { readonly input: Bytes; readonly state: Bytes };
}

/** One row of the journal. With `source` it is all that replay needs to rebuild the leaf. */
export interface JournalRow {
  readonly machine: string;
  readonly n: number;
  /** Canonical JSON. */
  readonly input: Bytes;
  readonly seq: number;
  readonly time: string;
  readonly salt: string;
  readonly source: LeafSource;
  /** SHA-256 of the canonical state, hex. */
  readonly stateDigest: string;
  /** 32 bytes. */
  readonly leafHash: Bytes;
}

export interface PreparedTransition {
  readonly journal: JournalRow;
  /** Canonical JSON of the new state. */
  readonly state: Bytes;
  readonly leaf: Bytes;
  readonly leafHash: Bytes;
}

/**
 * Everything of a transition that is a function of the step.
 *
 * Errors: bug/TRANSITION_LEAF when the effects hold not exactly one leaf; bug/LEAF_DRAFT_INVALID; bug/CANONICAL_JSON.
 */
export function prepareTransition<Message, Work>(
  suite: Suite,
  transition: Transition<Message, Work>,
  basics: StampBasics,
): PreparedTransition {
  const { machine, n } = transition;
  const { input, state } = transition.bytes ?? {
    input: canonicalBytes(transition.input),
    state: canonicalBytes(transition.state),
  };
  const stateDigest = hex(suite.sha256(state));
  const leaf = leafBytes(onlyLeaf(machine, transition.effects), {
    ...basics,
    transition: { machine, n, input: hex(suite.sha256(input)), state: stateDigest },
  });
  const hash = leafHash(suite, leaf);
  const { seq, time, salt, source } = basics;
  return {
    journal: { machine, n, input, seq, time, salt, source, stateDigest, leafHash: hash },
    state,
    leaf,
    leafHash: hash,
  };
}

/**
 * I7: the step done again from its journal row gives the same state and the same leaf.
 *
 * Errors: environment/REPLAY_MISMATCH naming machine, transition and what differs; those of prepareTransition.
 */
export function checkReplay<Message, Work>(
  suite: Suite,
  log: string,
  row: JournalRow,
  again: {
    readonly input: Json;
    readonly state: Json;
    readonly effects: readonly Effect<Message, Work>[];
  },
): PreparedTransition {
  const { machine, n, seq, time, salt, source } = row;
  const prepared = prepareTransition(
    suite,
    { ...again, machine, n },
    { seq, log, time, salt, source },
  );
  const differs =
    prepared.journal.stateDigest !== row.stateDigest
      ? 'state'
      : hex(prepared.leafHash) !== hex(row.leafHash)
        ? 'leaf'
        : undefined;
  if (differs !== undefined)
    throw new PlexusError(
      'REPLAY_MISMATCH',
      `machine ${machine}: transition ${String(n)} replays to another ${differs}`,
    );
  return prepared;
}

/** L1: a transition yields exactly one leaf; anything else is a bug of the machine, and nothing may be committed. */
function onlyLeaf<Message, Work>(
  machine: string,
  effects: readonly Effect<Message, Work>[],
): LeafDraft {
  const leaves = effects.flatMap((effect) => (effect.kind === 'leaf' ? [effect.leaf] : []));
  const [leaf] = leaves;
  if (leaf === undefined || leaves.length !== 1)
    throw new PlexusError(
      'TRANSITION_LEAF',
      `machine ${machine}: expected one leaf, got ${String(leaves.length)}`,
    );
  return leaf;
}
