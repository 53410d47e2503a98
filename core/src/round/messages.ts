/**
 * The messages of a study between coordinator and agent, as JSON values: digests and ids in hex, other bytes in base64.
 *
 * The wire form is proto/plexus/v1; grpc/ converts field by field. No message carries a threshold, graph, field size or clip (I4),
 * nor any number of one hospital (I9). Source: secure-aggregation.md section 4; audit-log.md L4.
 */
import type { Evidence } from '../audit/evidence.js';
import type { Envelope } from '../base/dsse.js';
import type { Code } from '../base/error.js';

/** One line of a dealer's share list: commitments to what `receiver` was sent (secure-aggregation.md 4.2). */
export type ShareEntry = {
  readonly receiver: number;
  /** SHA-256 of the sealed box, hex; of no bytes for the dealer itself. */
  readonly box: string;
  /** Commitments to the b-share and the s-share, hex. */
  readonly self: string;
  readonly pair: string;
};

/** What one dealer sends to one receiver, with the signed list it must match. */
export type Dealing = {
  readonly dealer: number;
  readonly entries: readonly ShareEntry[];
  /** Sealed box, base64; empty for the receiver's own dealing. */
  readonly box: string;
};

export type ToAgent =
  /** A study wants this hospital; `manifest` is the canonical manifest, base64. Answered by `decision`, when the steward decides. */
  | { readonly kind: 'study-offer'; readonly study: string; readonly manifest: string }
  | {
      readonly kind: 'study-ended';
      readonly study: string;
      readonly outcome: 'completed' | 'failed' | 'cancelled';
      readonly code?: Code;
    }
  /** Train for this round; nothing leaves until a session opens. Answered by `ready` or `unable`. */
  | {
      readonly kind: 'round-offer';
      readonly study: string;
      readonly round: number;
      readonly attempt: number;
      /** Position in the manifest's tasks, and the round within that task, both from 0. */
      readonly task: number;
      readonly roundInTask: number;
      /** Digest of the state to train from. */
      readonly model: string;
      readonly deadlineMs: number;
      readonly evidence?: Evidence;
    }
  /** R0. */
  | {
      readonly kind: 'open';
      readonly study: string;
      readonly round: number;
      readonly session: string;
      readonly manifestHash: string;
      readonly modelHash: string;
      readonly layoutHash: string;
      readonly cohort: readonly number[];
      /** An older session of this study that this one replaces. */
      readonly closes?: string;
      readonly evidence?: Evidence;
    }
  /** R1: M0 of all of U1. */
  | {
      readonly kind: 'keys';
      readonly study: string;
      readonly session: string;
      readonly advertisements: readonly Envelope[];
    }
  /** R2: M1 of all of U2, and what the neighbours dealt to the receiver. */
  | {
      readonly kind: 'shares';
      readonly study: string;
      readonly session: string;
      readonly shares: readonly Envelope[];
      readonly dealings: readonly Dealing[];
    }
  /** R3: the survivors, and M2 of each. */
  | {
      readonly kind: 'agree';
      readonly study: string;
      readonly session: string;
      readonly survivors: readonly number[];
      readonly masked: readonly Envelope[];
      /** Of the leaf that fixes the survivors, and of the leaf of each M2. */
      readonly evidence?: Evidence;
    }
  /** R4: at least T of M3. It names no shares: the receiver computes the release from its own U3 (I2, I3). */
  | {
      readonly kind: 'unmask';
      readonly study: string;
      readonly session: string;
      readonly agreements: readonly Envelope[];
      readonly evidence?: Evidence;
    }
  | {
      readonly kind: 'session-ended';
      readonly study: string;
      readonly session: string;
      readonly outcome: 'aggregated' | 'aborted';
      readonly code?: Code;
    };

export type FromAgent =
  /** The steward's approval, refusal or withdrawal (study/approval.ts). */
  | { readonly kind: 'decision'; readonly study: string; readonly envelope: Envelope }
  | {
      readonly kind: 'ready';
      readonly study: string;
      readonly round: number;
      readonly attempt: number;
      /** Such as `wasm/4.22.0`. */
      readonly engine: string;
    }
  /** This hospital sits the round out; a code, never a reason with numbers in it. */
  | {
      readonly kind: 'unable';
      readonly study: string;
      readonly round: number;
      readonly attempt: number;
      readonly code: Code;
    }
  /** M0. */
  | SessionMessage<'advertise'>
  /** M1 with the share list and the sealed boxes. */
  | (SessionMessage<'share'> & {
      readonly entries: readonly ShareEntry[];
      readonly boxes: readonly { readonly receiver: number; readonly box: string }[];
    })
  /** M2 and the contribution statement; the vector itself was uploaded before, under its digest. */
  | (SessionMessage<'masked'> & { readonly contribution: Envelope })
  /** M3. */
  | SessionMessage<'agreement'>
  /** M4: holds shares, so it is logged by digest only. */
  | SessionMessage<'release'>
  /** M5. */
  | SessionMessage<'complaint'>
  /** M6. */
  | SessionMessage<'abandon'>;

type SessionMessage<Kind extends string> = {
  readonly kind: Kind;
  readonly study: string;
  readonly session: string;
  readonly envelope: Envelope;
};
