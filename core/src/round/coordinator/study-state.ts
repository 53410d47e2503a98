/**
 * What the coordinator knows of one study: its manifest, what the hospitals decided, where it stands, and the round under way.
 *
 * Canonical JSON; it holds no secret and no vector. Source: docs/protocol.md, "A study at the coordinator".
 */
import type { Code } from '../../base/error.js';
import type { Stepped } from '../../base/machine.js';
import type { EarlierSession } from '../../secagg/retry.js';
import type { Manifest } from '../../study/manifest.js';
import type { FromAgent } from '../messages.js';
import type { Position, RoundSetting, StudyContext } from '../study-context.js';
import type { Outgoing } from './outgoing.js';
import type { SessionState, SessionWork } from './session-state.js';

export type Decision = {
  /** Roster index. */
  readonly hospital: number;
  readonly decision: 'approved' | 'refused' | 'withdrawn';
  /** SHA-256 of the signed statement, hex: it is counted once. */
  readonly statement: string;
  /** End of an approval, milliseconds since 1970. */
  readonly expiresMs?: number;
};

export type WaitingRound = {
  readonly phase: 'waiting';
  readonly sinceMs: number;
  /** After an abort the round is offered again, but not at once. */
  readonly notBeforeMs: number;
  /** Absent when the last offer went out: nobody waits for them again. */
  readonly away: readonly number[];
};

export type ReadyRound = {
  readonly phase: 'ready';
  readonly invited: readonly number[];
  readonly ready: readonly number[];
  /** Invited, and out of this round. */
  readonly out: readonly number[];
  readonly away: readonly number[];
  readonly deadlineMs: number;
};

export type SessionRound = {
  readonly phase: 'session';
  readonly away: readonly number[];
  readonly session: SessionState;
};

export type RoundState = WaitingRound | ReadyRound | SessionRound;

/** `signed`: somebody has signed its survivors, so its sum may be opened one day. */
export type PastSession = EarlierSession & { readonly signed: boolean };

/** What outlives a study's phases. */
export type Course = {
  readonly manifest: Manifest;
  /** Actor id of the author who submitted it. */
  readonly by: string;
  readonly decisions: readonly Decision[];
  /** Where the study stands; after the last round, behind the last task. */
  readonly position: Position;
  /** Counted over the whole study from 1, as in SA1's header; attempts of it from 1. */
  readonly round: number;
  readonly attempt: number;
  /** Sessions of this round that ended without a sum after vectors were committed. */
  readonly past: readonly PastSession[];
  /** Digest of the state that the round starts from. */
  readonly model: string;
  /** Rounds that ended in a sum. */
  readonly roundsDone: number;
  /** Metrics of the last sum: of the whole federation, of the model the round started from. */
  readonly metrics: Readonly<Record<string, string>>;
};

export type StudyState =
  | { readonly phase: 'absent' }
  | ({ readonly phase: 'approval' } & Course)
  | ({ readonly phase: 'running'; readonly current: RoundState } & Course)
  /** The last round is done, or nothing can go on: the next tick closes the study. */
  | ({ readonly phase: 'closing'; readonly code?: Code } & Course)
  | ({ readonly phase: 'completed' | 'failed' | 'cancelled'; readonly code?: Code } & Course);

export type RunningStudy = Extract<StudyState, { readonly phase: 'running' }>;

export type Aggregation =
  | {
      readonly kind: 'sum';
      /** Digests, hex: of the unmasked sum, of the revealed secrets, of the next state. */
      readonly sum: string;
      readonly secrets: string;
      readonly model: string;
      readonly metrics: Readonly<Record<string, string>>;
      /** The task has no further round. */
      readonly done: boolean;
    }
  /** `accused`: roster index of the dealer whose shares rebuild another secret than it committed to. */
  | { readonly kind: 'refused'; readonly code: Code; readonly accused?: number };

export type StudyInput =
  | {
      readonly kind: 'submit';
      /** Checked by the caller with studyContext. */
      readonly manifest: Manifest;
      /** Digest of the initial state, which follows from the manifest alone. */
      readonly model: string;
      readonly by: string;
      readonly nowMs: number;
    }
  | {
      readonly kind: 'message';
      /** Id of the authenticated hospital. */
      readonly hospital: string;
      readonly message: FromAgent;
      /** For `masked`: the complete upload under the digest that M2 names. */
      readonly stored?: { readonly sha256: string; readonly bytes: number };
      /** For `release`: what releaseIsAsDealt says of it. */
      readonly isAsDealt?: boolean;
      readonly nowMs: number;
    }
  /** The hospital refused a message of ours: it sits the round, or the rest of the session, out. */
  | {
      readonly kind: 'declined';
      readonly hospital: string;
      readonly of:
        { readonly round: number; readonly attempt: number } | { readonly session: string };
      readonly code: Code;
      readonly nowMs: number;
    }
  /** Begin with those that have approved. */
  | { readonly kind: 'start'; readonly by: string; readonly nowMs: number }
  | { readonly kind: 'cancel'; readonly by: string; readonly nowMs: number }
  /** The result of the work `aggregate`. */
  | {
      readonly kind: 'aggregated';
      readonly session: string;
      readonly result: Aggregation;
      readonly nowMs: number;
    }
  | {
      readonly kind: 'tick';
      readonly nowMs: number;
      /** Ids of the connected hospitals. Absent in a tick that a machine gave itself: nothing is offered or opened then. */
      readonly present?: readonly string[];
      /** 32 fresh bytes, hex: the id of a session that this tick may open. */
      readonly random?: string;
      /** Until then no deadline counts against anybody: it was the coordinator that was away. */
      readonly graceMs?: number;
    };

export type StudyStep = Stepped<StudyState, Outgoing, SessionWork>;
export type StudyEffect = StudyStep['effects'][number];

/** What follows from the manifest, kept beside the machine so that it is computed once. */
export interface StudySettings {
  readonly study: StudyContext;
  readonly setting: (position: Position) => RoundSetting;
}
