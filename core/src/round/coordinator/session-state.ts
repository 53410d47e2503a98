/**
 * What the coordinator knows of a session under way: who is in which set, what each has said, and what is awaited until when.
 *
 * Canonical JSON: sets are ascending roster indices, lists and boxes are digests of kept bytes. It holds no secret.
 * Source: secure-aggregation.md section 4; docs/protocol.md.
 */
import type { Envelope } from '../../base/dsse.js';
import type { Code } from '../../base/error.js';
import type { Stepped } from '../../base/machine.js';
import type { Suite } from '../../base/suite.js';
import type { EarlierSession } from '../../secagg/retry.js';
import type { SecaggRules } from '../../secagg/rules.js';
import type { RosterMember } from '../../study/manifest.js';
import type { Outgoing } from './outgoing.js';

/** What every session of one round shares; from the manifest and the round's position, never from a message. */
export interface SessionContext {
  readonly suite: Suite;
  readonly study: string;
  /** Hex digests. */
  readonly manifestHash: string;
  readonly layoutHash: string;
  /** Bytes and mask words of one vector of the layout. */
  readonly vectorBytes: number;
  readonly vectorWords: number;
  readonly roster: readonly RosterMember[];
  readonly rules: SecaggRules;
}

export type Exchange = 'advertise' | 'share' | 'masked' | 'agree' | 'unmask';

export type Answer = { readonly hospital: number; readonly envelope: Envelope };
export type ShareAnswer = Answer & {
  /** Digest of the kept share list. */
  readonly list: string;
  readonly boxes: readonly { readonly receiver: number; readonly box: string }[];
};
export type MaskedAnswer = Answer & { readonly vector: string };
/** M4 holds shares: only the digest of the kept envelope stands here. */
export type ReleaseAnswer = { readonly hospital: number; readonly release: string };

export type SessionState = {
  readonly phase: Exchange | 'summing' | 'aborted';
  readonly session: string;
  readonly round: number;
  readonly attempt: number;
  readonly model: string;
  readonly u0: readonly number[];
  readonly u1: readonly number[];
  readonly u2: readonly number[];
  readonly u3: readonly number[];
  /** Lost in the exchange under way. */
  readonly lost: readonly number[];
  readonly advertisements: readonly Answer[];
  readonly shares: readonly ShareAnswer[];
  readonly masked: readonly MaskedAnswer[];
  readonly agreements: readonly Answer[];
  readonly releases: readonly ReleaseAnswer[];
  /** Transcript digests, hex; empty before U1, U2 and U3 are fixed. */
  readonly h1: string;
  readonly h2: string;
  readonly h3: string;
  /** Earlier sessions over the same updates. */
  readonly earlier: readonly EarlierSession[];
  /** Set once the session cannot go on; the next tick aborts it. */
  readonly failing?: Code;
  readonly deadlineMs: number;
  /** What was begun in R4 may be finished until here. */
  readonly lastMs: number;
};

/** Reads everything kept, checks and opens the shares, subtracts the masks; its result is the study's next input. */
export type SessionWork = { readonly kind: 'aggregate'; readonly session: string };

export type SessionStep = Stepped<SessionState, Outgoing, SessionWork>;
export type SessionEffect = SessionStep['effects'][number];
