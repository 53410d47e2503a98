/**
 * The store port: one transaction as one value, and what is read back.
 *
 * Asynchronous, so that a database over a network can stand behind it; adapters are in store/. Names no technology.
 * Source: architecture.md ("One signature carries the system"), audit-log.md L3 and section 8. Leaves to others: what the rows mean
 * (drive.ts), the files of the log (publish.ts).
 */
import type { Bytes, Json, JournalRow, TreeNode, TreeState } from '@plexus/core';

/** A message as the outbox will hold it. */
export interface Outgoing {
  readonly to: string;
  readonly topic: string;
  readonly message: Json;
  /** True while the message waits for a published checkpoint that covers its transition's leaf (L4). */
  readonly held: boolean;
}

/** An outbox row. `id` grows, is never reused, and is what the peer acknowledges. */
export interface Delivery extends Outgoing {
  readonly id: number;
  /** The leaf of the transition that sent it. */
  readonly seq: number;
}

/** Bytes under a name such as `session/<id>/z`. Everything before the last `/` shares one wrapping key. Secret. */
export interface NamedSecret {
  readonly name: string;
  readonly bytes: Bytes;
}

/** A row of a program's own append-only table, such as the agent's outbound ledger. */
export interface StoreRecord {
  readonly table: string;
  readonly row: Json;
}

/** A whole transition. All of it becomes durable, or none of it. */
export interface Commit {
  readonly journal: JournalRow;
  /** Canonical JSON of the machine's new state. */
  readonly state: Bytes;
  readonly leaf: Bytes;
  /** The subtrees that are complete from this leaf on, and the tree with it. */
  readonly nodes: readonly TreeNode[];
  readonly tree: TreeState;
  /** Topics whose undelivered messages go; applied before `outbox` is added. */
  readonly retract: readonly string[];
  readonly outbox: readonly Outgoing[];
  readonly keep: readonly { readonly digest: string; readonly bytes: Bytes }[];
  readonly secrets: readonly NamedSecret[];
  /** Prefixes of secrets to delete; applied after `secrets`, so that what a transition ends it also forgets. */
  readonly wipe: readonly string[];
  readonly records: readonly StoreRecord[];
}

export interface Committed {
  readonly seq: number;
  /** The rows of Commit.outbox, with their ids. */
  readonly outbox: readonly Delivery[];
}

export interface SignedHead {
  readonly size: number;
  readonly root: Bytes;
  /** The checkpoint note. */
  readonly note: Bytes;
}

/** What the publication of the log reads and writes. */
export interface LogStore {
  readonly tree: () => Promise<TreeState>;
  /** Leaf bytes from `seq` on, at most `limit`. */
  readonly entries: (seq: number, limit: number) => Promise<readonly Bytes[]>;
  /** Hashes of complete subtrees, in the order asked. Errors: bug/STATE_UNEXPECTED if one is absent. */
  readonly nodes: (
    places: readonly { readonly level: number; readonly index: number }[],
  ) => Promise<readonly Bytes[]>;
  /** The largest head that was signed. */
  readonly lastSigned: () => Promise<SignedHead | undefined>;
  /** D4: compare-and-swap. False, and nothing changed, unless the last signed size still is `expected`. */
  readonly addSigned: (expected: number | undefined, head: SignedHead) => Promise<boolean>;
}

export interface Store extends LogStore {
  readonly commit: (commit: Commit) => Promise<Committed>;
  /** Journal rows from `seq` on, ascending, at most `limit`. */
  readonly journal: (seq: number, limit: number) => Promise<readonly JournalRow[]>;
  /** Every machine's newest state. */
  readonly states: () => Promise<readonly { readonly machine: string; readonly state: Bytes }[]>;
  /** Undelivered messages by ascending id; of one peer, or of all. */
  readonly outbox: (to?: string) => Promise<readonly Delivery[]>;
  /** Deletes an outbox row of that peer; another peer's id does nothing. True if there was one. */
  readonly acknowledge: (to: string, id: number) => Promise<boolean>;
  readonly kept: (digest: string) => Promise<Bytes | undefined>;
  /** Secret. Errors: environment/SECRET_UNOPENABLE. */
  readonly secret: (name: string) => Promise<Bytes | undefined>;
  readonly records: (
    table: string,
    from: number,
    limit: number,
  ) => Promise<readonly { readonly id: number; readonly seq: number; readonly row: Json }[]>;
  /** Small values beside the machines, such as the head a peer last reported. Hints: no machine may depend on one. */
  readonly fact: (key: string) => Promise<Bytes | undefined>;
  readonly setFact: (key: string, value: Bytes) => Promise<void>;
  readonly close: () => Promise<void>;
}
