/**
 * The contract between a pure state machine and the driver that makes it durable.
 *
 *     step(state, input) → { state, effects }
 *
 * Total on peer input: a bad message gives the same state and one `reject` (I10). Every other accepted input gives exactly one
 * `leaf` (I6). State and input are canonical JSON, so both can be journalled, digested and replayed (I7). Time is `nowMs` of the
 * input; vectors are named by digest; bytes that must outlive the transition but do not belong in the state go out as `keep`.
 * No secret is in a state or an input: what needs one is computed before the input is fed, and stored sealed beside it.
 * Leaves to others: transactions, sending, timers, work that takes long (runtime/).
 */
import type { Bytes } from './bytes.js';
import type { JsonObject } from './canonical-json.js';
import type { Envelope } from './dsse.js';
import type { Code } from './error.js';

/** What a transition puts into the log; the driver adds v, seq, log, time, source, transition and salt (audit-log.md L2). */
export interface LeafDraft {
  readonly type: string;
  readonly action: 'C' | 'R' | 'U' | 'D' | 'E';
  readonly outcome: 'success' | 'minor' | 'serious' | 'major';
  readonly code?: Code;
  readonly actor: JsonObject;
  readonly study?: string;
  readonly round?: number;
  readonly session?: string;
  readonly entities?: readonly JsonObject[];
  readonly signed?: readonly Envelope[];
  readonly links?: readonly JsonObject[];
  readonly data: JsonObject;
}

export type Effect<Message, Work> =
  | { readonly kind: 'leaf'; readonly leaf: LeafDraft }
  /**
   * `to` names a peer (`hospital/<id>`, `coordinator`). Delivered at least once, until the peer acknowledges it or `retract` names its
   * topic. `await: published` holds the message until a checkpoint covers this transition's leaf, and attaches the proof.
   */
  | {
      readonly kind: 'send';
      readonly to: string;
      readonly topic: string;
      readonly message: Message;
      readonly await?: 'published';
    }
  /** Deletes undelivered messages of a topic: their session is over. */
  | { readonly kind: 'retract'; readonly topic: string }
  /** Public bytes too large for the state, stored under their SHA-256 in the same transaction. */
  | { readonly kind: 'keep'; readonly digest: string; readonly bytes: Bytes }
  /** Deletes every sealed secret whose name starts with the prefix, and the key that seals them. */
  | { readonly kind: 'wipe'; readonly prefix: string }
  /** Long work outside `step`; its result comes back as an input. Re-issued at start while the state still waits for it. */
  | { readonly kind: 'work'; readonly work: Work }
  /** Feeds a `tick` at once: more to do, but one transition has one leaf. */
  | { readonly kind: 'wake' }
  | { readonly kind: 'reject'; readonly code: Code; readonly detail: JsonObject };

export interface Stepped<State, Message, Work> {
  readonly state: State;
  readonly effects: readonly Effect<Message, Work>[];
}

export function reject<S, M, W>(state: S, code: Code, detail: JsonObject = {}): Stepped<S, M, W> {
  return { state, effects: [{ kind: 'reject', code, detail }] };
}
