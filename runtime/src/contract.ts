/**
 * What a program hands to the driver and gets from it.
 *
 * Source: architecture.md ("One signature carries the system"), audit-log.md section 7. Leaves to others: the driver itself (drive.ts).
 */
import type {
  Bytes,
  Code,
  Effect,
  Json,
  JsonObject,
  LeafSource,
  PlexusError,
  Stepped,
  Suite,
} from '@plexus/core';
import type { Delivery, NamedSecret, Store, StoreRecord } from './port.js';
import type { Refusal, Refused } from './refusals.js';

/**
 * A state machine under a driver. Written with methods, so that a machine of narrower states and inputs fits: what a driver hands it
 * is always a state that it gave itself, and an input that was fed to its id.
 */
export interface Machine<Work> {
  readonly id: string;
  readonly initial: Json;
  step(state: Json, input: Json): Stepped<Json, Json, Work>;
  /** The work that the state still waits for: re-issued at start. */
  pendingWork?(state: Json): readonly Work[];
}

export interface Transitioned<Work> {
  readonly machine: string;
  readonly n: number;
  readonly seq: number;
  readonly time: string;
  readonly input: Json;
  readonly state: Json;
  readonly effects: readonly Effect<Json, Work>[];
}

export interface DriverOptions<Work> {
  readonly suite: Suite;
  readonly store: Store;
  /** Origin of the log. */
  readonly origin: string;
  readonly source: LeafSource;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** Bytes of the operating system's generator. */
  readonly random: (length: number) => Bytes;
  /** The machine of an id, asked once for each; undefined if there is none (yet). Pure but for reading what the store keeps. */
  readonly machine: (id: string) => Machine<Work> | undefined | Promise<Machine<Work> | undefined>;
  /** Hands a committed message to the transport (I1). Called again for the same id until it is acknowledged or retracted. */
  readonly dispatch: (delivery: Delivery) => void;
  readonly onWork?: (machine: string, work: Work) => void;
  /** Sees every transition after its commit, in order: for progress displays and caches. */
  readonly onTransition?: (transitioned: Transitioned<Work>) => void;
  /** Rows for the program's own tables, written in the same transaction. */
  readonly records?: (transitioned: Transitioned<Work>) => readonly StoreRecord[];
  /** Publishes the log up to all that is committed (publish.ts). Without it no message may await publication. */
  readonly publish?: () => Promise<{ readonly size: number }>;
  /** Called once, with what made the driver stop: a bug of ours, or a store whose answer cannot be trusted. */
  readonly onFailure?: (error: PlexusError) => void;
}

export interface Beside {
  /** Actor id of the peer that the input came from: whom a refusal is counted against. */
  readonly peer?: string;
  /** Stored sealed in the same transaction, if the input is accepted. Secret. */
  readonly secrets?: readonly NamedSecret[];
}

export type Fed<Work> =
  | {
      readonly kind: 'committed';
      readonly n: number;
      readonly seq: number;
      readonly effects: readonly Effect<Json, Work>[];
    }
  /** The input changed nothing and is not in the journal. */
  | { readonly kind: 'ignored' }
  | { readonly kind: 'rejected'; readonly code: Code; readonly detail: JsonObject };

export interface Driver<Work> {
  /** Replays the journal, then sends and works on what is open. Errors: environment/REPLAY_MISMATCH. */
  readonly start: () => Promise<void>;
  /**
   * Feeds one input; the answer comes after the commit. Inputs are taken strictly one after the other.
   *
   * Errors: environment/STORE_FAILED after a failure: the driver has stopped. bug/TRANSITION_LEAF and whatever a machine throws.
   */
  readonly feed: (machine: string, input: Json, beside?: Beside) => Promise<Fed<Work>>;
  /** The committed state, or undefined before the machine's first transition. */
  readonly state: (machine: string) => Json | undefined;
  /** Ids of the machines that have a state. */
  readonly machines: () => readonly string[];
  /** The peer has the message durably: it is not sent again. */
  readonly acknowledge: (to: string, id: number) => Promise<void>;
  /** Hands every open message of a peer to the transport again, in order: called when the peer connects. */
  readonly redeliver: (to: string) => Promise<void>;
  /** Counts what was refused before any machine saw it: access and logins. */
  readonly refuse: (refused: Refused) => void;
  /** The refusals counted since the last call, for one input that gives one `refusals.recorded` leaf (L5). */
  readonly takeRefusals: () => readonly Refusal[];
  /** Resolves when everything fed so far is committed and everything held so far is published. */
  readonly settled: () => Promise<void>;
}
