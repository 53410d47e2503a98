/**
 * Who is let in: enrolment against an invite, certificates renewed, and the check of every call.
 *
 * Source: architecture.md (Identity). Leaves to others: the machine that remembers (membership.ts), signing (grpc/ca.ts).
 */
import { PlexusError } from '@plexus/core';
import { decideEnrolment, tokenDigest, type IssuedInvite } from './enrolment.js';
import { memberOf, type FederationInput } from './federation-state.js';
import type { Machines } from './machines.js';
import type { CallerKind, CoordinatorApp } from './ports.js';
import { settle } from './studies.js';
import type { Surroundings } from './surroundings.js';

export interface Admission extends Pick<CoordinatorApp, 'refuses' | 'enrol' | 'renew'> {
  readonly invite: (issued: IssuedInvite) => Promise<void>;
  /** Errors: operator/MEMBER_UNKNOWN. */
  readonly remove: (kind: CallerKind, id: string) => Promise<void>;
}

export function admission(around: Surroundings, machines: Machines): Admission {
  const { suite, clock, say, log, authority, federation } = around;
  return {
    refuses({ kind, id, certificate }) {
      const member = memberOf(machines.federation(), kind, id);
      const known = member?.certificates.some(({ sha256 }) => sha256 === certificate) ?? false;
      return known ? undefined : 'CERTIFICATE_REVOKED';
    },
    async enrol({ token, kind, id, csr, keys }) {
      const tokenSha256 = tokenDigest(suite, token);
      const state = machines.federation();
      const invite = state.invites.find((one) => one.tokenSha256 === tokenSha256);
      const isKnownKey = (key: string): boolean => state.knownKeys.includes(key);
      // decided twice: here, so that no certificate is made for a stranger, and in the machine, where it counts
      const claim = { kind, id, keys, tokenSha256 };
      const decision = decideEnrolment(suite, claim, { invite, nowMs: clock(), isKnownKey });
      if (decision.kind === 'refused') throw new PlexusError(decision.code, 'enrolment: refused');
      const { chain, certificate } = await authority.issue(csr, { kind, id }, clock());
      const input: FederationInput = {
        kind: 'enrol',
        ...{ tokenSha256, subject: kind, id, certificate, nowMs: clock() },
        keys: keys.map(({ role, vkey, statement }) => ({ role, vkey, statement })),
      };
      settle(await machines.feedFederation(input, `${kind}/${id}`), 'enrolment');
      say(`${kind} ${id} enrolled`);
      return { chain, federation, logOrigin: log.origin, logVkey: log.vkey };
    },
    async renew({ kind, id }, csr) {
      const { chain, certificate } = await authority.issue(csr, { kind, id }, clock());
      const about = { subject: kind, id, certificate, nowMs: clock() };
      settle(
        await machines.feedFederation({ kind: 'renew', ...about }, `${kind}/${id}`),
        'renewal',
      );
      return chain;
    },
    async invite({ tokenSha256, kind: subject, id, expiresMs }) {
      const about = { tokenSha256, subject, id, expiresMs, nowMs: clock() };
      settle(await machines.feedFederation({ kind: 'invite', ...about }), 'invite');
      say(`${subject} ${id} invited`);
    },
    async remove(kind, id) {
      const about = { subject: kind, id, nowMs: clock() };
      settle(await machines.feedFederation({ kind: 'remove', ...about }), 'remove');
      say(`${kind} ${id} removed`);
    },
  };
}
