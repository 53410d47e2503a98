/**
 * What the machine `federation` knows: who was invited, who is a member under which certificates and keys, and which models were released.
 *
 * Canonical JSON without a secret: an invite is known by the digest of its token. Source: audit-log.md sections 5 and 9.4; architecture.md
 * (Identity). Leaves to others: what changes it (federation.ts).
 */
import type { Code, Envelope, KeyRole, Stepped } from '@plexus/core';
import type { IssuedInvite } from './enrolment.js';
import type { CallerKind } from './ports.js';

export type Certificate = {
  /** SHA-256 of the certificate (DER), hex, and its length. */
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly notAfterMs: number;
};

export type MemberKey = { readonly role: KeyRole; readonly vkey: string };

export type Member = {
  readonly kind: CallerKind;
  readonly id: string;
  /** Those that may still be used; an enrolment replaces them all, a renewal adds one. */
  readonly certificates: readonly Certificate[];
  /** Keys whose registration is in the log; of hospitals only. */
  readonly keys: readonly MemberKey[];
};

/** A key's leaf that is still to be written: one transition has one leaf. */
export type PendingKey =
  | (MemberKey & { readonly kind: 'revoke'; readonly hospital: string })
  | (MemberKey & {
      readonly kind: 'register';
      readonly hospital: string;
      readonly statement: Envelope;
    });

export type OpenFederation = {
  readonly phase: 'open';
  readonly origin: string;
  readonly vkey: string;
  readonly invites: readonly IssuedInvite[];
  readonly members: readonly Member[];
  /** Public keys (base64) ever registered, in any role, by anybody (A305). */
  readonly knownKeys: readonly string[];
  readonly pending: readonly PendingKey[];
  /** Final models by study: digests. */
  readonly released: Readonly<Record<string, string>>;
};

export type FederationState = { readonly phase: 'absent' } | OpenFederation;

/** One counted kind of refusal, as the leaf has it. */
export type RefusalItem = {
  readonly kind: 'protocol' | 'access' | 'login';
  readonly peer: string;
  readonly code: Code;
  readonly count: number;
  readonly first: string;
  readonly last: string;
  readonly input_sha256?: string;
};

export type FederationInput =
  | {
      readonly kind: 'genesis';
      readonly origin: string;
      readonly vkey: string;
      readonly software: {
        readonly package: string;
        readonly version: string;
        readonly build_sha256: string;
      };
      readonly nowMs: number;
    }
  | {
      readonly kind: 'invite';
      readonly tokenSha256: string;
      readonly subject: CallerKind;
      readonly id: string;
      readonly expiresMs: number;
      readonly nowMs: number;
    }
  | {
      readonly kind: 'enrol';
      readonly tokenSha256: string;
      readonly subject: CallerKind;
      readonly id: string;
      readonly keys: readonly (MemberKey & { readonly statement: Envelope })[];
      readonly certificate: Certificate;
      readonly nowMs: number;
    }
  | {
      readonly kind: 'renew';
      readonly subject: CallerKind;
      readonly id: string;
      readonly certificate: Certificate;
      readonly nowMs: number;
    }
  | {
      readonly kind: 'remove';
      readonly subject: CallerKind;
      readonly id: string;
      readonly nowMs: number;
    }
  | { readonly kind: 'refusals'; readonly items: readonly RefusalItem[]; readonly nowMs: number }
  | {
      readonly kind: 'export';
      readonly profile: 'log' | 'full';
      /** The leaves that are exported: from ≤ seq < to. */
      readonly to: number;
      /** Actor id. */
      readonly recipient: string;
      readonly nowMs: number;
    }
  | {
      readonly kind: 'release';
      readonly study: string;
      readonly model: string;
      /** Seq of the `round.aggregated` leaf whose model_out this is. */
      readonly roundLeaf: number;
      readonly nowMs: number;
    }
  | {
      readonly kind: 'fetch';
      readonly study: string;
      /** Actor id. */
      readonly by: string;
      readonly nowMs: number;
    }
  | { readonly kind: 'tick'; readonly nowMs: number };

export type InputOf<K extends FederationInput['kind']> = Extract<
  FederationInput,
  { readonly kind: K }
>;
export type FederationStep = Stepped<FederationState, never, never>;

export function memberOf(
  { members }: OpenFederation,
  kind: CallerKind,
  id: string,
): Member | undefined {
  return members.find((member) => member.kind === kind && member.id === id);
}

export function keyOf(member: Member, role: KeyRole): MemberKey | undefined {
  return member.keys.find((key) => key.role === role);
}
