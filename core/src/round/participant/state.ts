/**
 * What a hospital knows of one study: the manifest, its steward's decision, the round it trains for, the session it is in.
 *
 * Canonical JSON, and nothing secret: what is secret lies sealed beside it under the names of secrets.ts (docs/adr/0002).
 * Source: docs/protocol.md, "A round at the agent".
 */
import type { Head } from '../../audit/heads.js';
import type { Envelope } from '../../base/dsse.js';
import type { Code } from '../../base/error.js';
import type { Stepped } from '../../base/machine.js';
import type { Suite } from '../../base/suite.js';
import type { Manifest } from '../../study/manifest.js';
import type { FromAgent, ShareEntry, ToAgent } from '../messages.js';
import type { Position, RoundSetting, StudyContext } from '../study-context.js';

/** Who this hospital is and which log it pinned at enrolment. Keys are base64. */
export interface Myself {
  readonly hospital: string;
  readonly identityKey: string;
  readonly cosignerKey: string;
  readonly log: { readonly origin: string; readonly vkey: string };
}

export type RoundHere = {
  readonly round: number;
  readonly attempt: number;
  readonly position: Position;
  readonly model: string;
  readonly deadlineMs: number;
  /** The `round.offered` leaf: its place in the federation's log and its hash, base64. */
  readonly offer: { readonly seq: number; readonly leaf: string };
  readonly phase: 'training' | 'ready' | 'unable';
  /** Once trained, such as `wasm/4.22.0`. */
  readonly engine?: string;
};

/** Keys of one member of U1, hex. */
export type MemberKeys = {
  readonly index: number;
  readonly cPublic: string;
  readonly sPublic: string;
};

export type SessionHere = {
  readonly phase: 'advertised' | 'shared' | 'masked' | 'agreed' | 'released';
  readonly session: string;
  readonly openedMs: number;
  /** The head under which the hospital answered last. */
  readonly head: Head;
  readonly u0: readonly number[];
  /** From `shared` on. */
  readonly u1: readonly MemberKeys[];
  /** Hex; empty before its exchange. */
  readonly h1: string;
  readonly u2: readonly number[];
  readonly h2: string;
  readonly vector: { readonly sha256: string; readonly bytes: number };
  readonly u3: readonly number[];
  readonly h3: string;
  /** M3, once signed. */
  readonly agreement?: Envelope;
  /** Survivor sets that were signed in earlier sessions of the round, as U1 declares them. */
  readonly rivals: readonly (readonly number[])[];
  /** Digests of the requests that were answered, hex: another one is never answered. */
  readonly asked: { readonly keys?: string; readonly shares?: string };
  /** Digests of this hospital's own envelopes, hex: they must come back as they went. */
  readonly said: {
    readonly advertise: string;
    readonly share?: string;
    readonly masked?: string;
    readonly agree?: string;
  };
};

/** A session of the round that is over here, in which the vector was committed. */
export type PastSession = {
  readonly session: string;
  readonly u1: readonly number[];
  /** The survivor set that was signed there, with M3. */
  readonly agreed?: { readonly survivors: readonly number[]; readonly agreement: Envelope };
};

type Course = {
  readonly manifest: Manifest;
  /** Roster index of this hospital. */
  readonly self: number;
  /** SHA-256 of the last signed decision, hex; empty before the first. */
  readonly statement: string;
  /** End of the approval, milliseconds since 1970; 0 without one. */
  readonly expiresMs: number;
  /** The newest offer that was taken: an older one is never taken again, and a round keeps its place and its model. */
  readonly last: {
    readonly round: number;
    readonly attempt: number;
    readonly position: Position;
    readonly model: string;
  };
  /** Of the round in `last`. */
  readonly past: readonly PastSession[];
  /** The database came from a backup: only a round first offered after this moment is joined. Milliseconds since 1970; 0 if it did not. */
  readonly restoredMs: number;
  readonly round?: RoundHere;
  readonly session?: SessionHere;
  /** Every session that was answered here: none is answered twice. */
  readonly seen: readonly string[];
};

export type ParticipantState =
  | { readonly phase: 'absent' }
  | ({ readonly phase: 'offered' | 'approved' | 'refused' | 'withdrawn' } & Course)
  | ({
      readonly phase: 'ended';
      readonly outcome: 'completed' | 'failed' | 'cancelled';
    } & Course);

export type KnownStudy = Exclude<ParticipantState, { readonly phase: 'absent' }>;

/** What was computed with secrets before the input was fed; it is public, or is named by its digest. */
export type Performed =
  | { readonly kind: 'advertise'; readonly envelope: Envelope }
  | {
      readonly kind: 'share';
      readonly envelope: Envelope;
      /** Of the entries, as M1 signs it; hex. */
      readonly listHash: string;
      readonly entries: readonly ShareEntry[];
      readonly boxes: readonly { readonly receiver: number; readonly box: string }[];
    }
  | {
      readonly kind: 'mask';
      readonly envelope: Envelope;
      readonly contribution: Envelope;
      readonly vector: { readonly sha256: string; readonly bytes: number };
    }
  /** A sealed share that does not open: M5 in place of M2. */
  | {
      readonly kind: 'complain';
      readonly envelope: Envelope;
      readonly accused: number;
      /** SHA-256 of the dealing as it came, hex. */
      readonly evidence: string;
    }
  | { readonly kind: 'agree'; readonly envelope: Envelope }
  /** M4 holds shares: it is kept as a secret. */
  | { readonly kind: 'release'; readonly sha256: string };

export type ParticipantInput =
  | {
      readonly kind: 'message';
      readonly message: ToAgent;
      /** For messages that rest on a leaf of the federation's log: the accepted head under which the caller verified the inclusion of the message's leaf. */
      readonly head?: Head;
      /** Absent for messages that need no secret. */
      readonly performed?: Performed;
      readonly nowMs: number;
    }
  /** The steward has signed: an approval, or a withdrawal that refuses or ends it. */
  | { readonly kind: 'decided'; readonly envelope: Envelope; readonly nowMs: number }
  /** The work `train` is done; its words lie sealed. Digests are hex. */
  | {
      readonly kind: 'trained';
      readonly round: number;
      readonly attempt: number;
      readonly engine: string;
      readonly mapping?: string;
      readonly cohort?: string;
      readonly nowMs: number;
    }
  | {
      readonly kind: 'unable';
      readonly round: number;
      readonly attempt: number;
      readonly code: Code;
      readonly nowMs: number;
    }
  /** The session's time is over: M6. */
  | { readonly kind: 'expired'; readonly envelope: Envelope; readonly nowMs: number }
  /** The database was restored from a backup, so statements may be out that it does not know of. */
  | { readonly kind: 'restored'; readonly nowMs: number }
  | { readonly kind: 'tick'; readonly nowMs: number };

/** Loads the patients, trains, quantises; its result comes back as `trained` or `unable`. */
export type TrainWork = {
  readonly kind: 'train';
  readonly round: number;
  readonly attempt: number;
  readonly position: Position;
  readonly model: string;
};

/** As the outbox holds it: M4 is named by its secret, and read when it is sent. */
export type ParticipantOutgoing =
  | Exclude<FromAgent, { readonly kind: 'release' }>
  | {
      readonly kind: 'release';
      readonly study: string;
      readonly session: string;
      readonly secret: string;
    };

export type ParticipantStep = Stepped<ParticipantState, ParticipantOutgoing, TrainWork>;
export type ParticipantEffect = ParticipantStep['effects'][number];

/** What follows from the manifest, computed once a machine. */
export interface Settings {
  readonly suite: Suite;
  readonly study: StudyContext;
  readonly setting: (position: Position) => RoundSetting;
}
