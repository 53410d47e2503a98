/**
 * How members come and go: invite, enrolment, renewed certificate, removal, and the leaves of their keys.
 *
 * A hospital that enrols again (its keys were lost) replaces certificates and keys; the old keys are revoked in the log before the new
 * ones are registered. Source: audit-log.md 9.4; architecture.md (Identity). Leaves to others: signing certificates (coordinator.ts).
 */
import { base64, parseVkey, reject, type Envelope, type LeafDraft, type Suite } from '@plexus/core';
import { decideEnrolment } from './enrolment.js';
import {
  memberOf,
  type Certificate,
  type FederationStep,
  type InputOf,
  type Member,
  type OpenFederation,
  type PendingKey,
} from './federation-state.js';

export const OPERATOR: LeafDraft['actor'] = { kind: 'operator', id: 'operator', authn: 'local' };

export function invite(state: OpenFederation, input: InputOf<'invite'>): FederationStep {
  const { tokenSha256, subject: kind, id, expiresMs } = input;
  if (state.invites.some((known) => known.tokenSha256 === tokenSha256))
    return reject(state, 'INVITE_USED'); // 32 random bytes do not repeat: the same input came twice
  return {
    state: { ...state, invites: [...state.invites, { tokenSha256, kind, id, expiresMs }] },
    effects: [
      granted(OPERATOR, { resource: 'invite', rule: 'operator', subject: `${kind}/${id}` }),
    ],
  };
}

export function enrol(
  suite: Suite,
  state: OpenFederation,
  input: InputOf<'enrol'>,
): FederationStep {
  const { tokenSha256, subject: kind, id, certificate, nowMs } = input;
  const used = state.invites.find((known) => known.tokenSha256 === tokenSha256);
  const decision = decideEnrolment(
    suite,
    { kind, id, keys: input.keys, tokenSha256 },
    { invite: used, nowMs, isKnownKey: (key) => state.knownKeys.includes(key) },
  );
  if (decision.kind === 'refused') return reject(state, decision.code);
  const before = memberOf(state, kind, id);
  const revoked = (before?.keys ?? []).map((key): PendingKey => ({
    kind: 'revoke',
    hospital: id,
    ...key,
  }));
  const registered = input.keys.map(({ role, vkey, statement }): PendingKey => ({
    kind: 'register',
    ...{ hospital: id, role, vkey, statement },
  }));
  const member: Member = { kind, id, certificates: [certificate], keys: before?.keys ?? [] };
  const pending = [...state.pending, ...revoked, ...registered];
  const leaf: LeafDraft =
    kind === 'hospital'
      ? {
          type: 'site.enrolled',
          action: 'C',
          outcome: 'success',
          actor: actorOf(kind, id, 'invite'),
          data: {
            hospital: id,
            certificate_sha256: certificate.sha256,
            invite_sha256: tokenSha256,
          },
        }
      : {
          type: 'role.changed',
          action: 'U',
          outcome: 'success',
          actor: actorOf(kind, id, 'invite'),
          entities: [entityOf(certificate)],
          data: { subject: `${kind}/${id}`, role: kind },
        };
  return {
    state: {
      ...withMember(state, member),
      invites: state.invites.map((one) => (one === used ? { ...one, usedAtMs: nowMs } : one)),
      knownKeys: [...state.knownKeys, ...decision.keys.map(({ key }) => base64(key.publicKey))],
      pending,
    },
    effects: [{ kind: 'leaf', leaf }, ...wakeFor(pending)],
  };
}

export function renew(state: OpenFederation, input: InputOf<'renew'>): FederationStep {
  const { subject: kind, id, certificate, nowMs } = input;
  const member = memberOf(state, kind, id);
  if (member === undefined) return reject(state, 'CERTIFICATE_REVOKED');
  const current = member.certificates.filter(({ notAfterMs }) => notAfterMs > nowMs);
  return {
    state: withMember(state, { ...member, certificates: [...current, certificate] }),
    effects: [
      granted(
        actorOf(kind, id, 'mtls'),
        { resource: 'certificate', rule: 'renewal', subject: `${kind}/${id}` },
        certificate,
      ),
    ],
  };
}

export function remove(state: OpenFederation, input: InputOf<'remove'>): FederationStep {
  const { subject: kind, id } = input;
  const member = memberOf(state, kind, id);
  if (member === undefined) return reject(state, 'MEMBER_UNKNOWN');
  const revoked = member.keys.map((key): PendingKey => ({ kind: 'revoke', hospital: id, ...key }));
  const pending = [...state.pending, ...revoked];
  const leaf: LeafDraft =
    kind === 'hospital'
      ? {
          type: 'site.left',
          action: 'D',
          outcome: 'success',
          actor: OPERATOR,
          data: { hospital: id, reason: 'removed' },
        }
      : {
          type: 'role.changed',
          action: 'U',
          outcome: 'success',
          actor: OPERATOR,
          data: { subject: `${kind}/${id}`, role: 'none' },
        };
  const members = state.members.filter((one) => one !== member);
  return {
    state: { ...state, members, pending },
    effects: [{ kind: 'leaf', leaf }, ...wakeFor(pending)],
  };
}

/** The next key's leaf; a tick does one. */
export function logKey(suite: Suite, state: OpenFederation): FederationStep {
  const [next, ...pending] = state.pending;
  if (next === undefined) return { state, effects: [] };
  const { hospital, role, vkey } = next;
  const member = memberOf(state, 'hospital', hospital);
  const others = (member?.keys ?? []).filter((key) => key.vkey !== vkey);
  const keys = next.kind === 'revoke' ? others : [...others, { role, vkey }];
  const leaf: LeafDraft =
    next.kind === 'revoke'
      ? {
          type: 'site.key_revoked',
          action: 'D',
          outcome: 'success',
          actor: OPERATOR,
          data: { hospital, role, vkey, reason: 'replaced' },
        }
      : {
          type: 'site.key_registered',
          action: 'C',
          outcome: 'success',
          actor: actorOf('hospital', hospital, 'invite'),
          signed: [loggable(suite, next.statement, vkey)],
          data: { hospital, role, vkey },
        };
  const after = { ...state, pending };
  return {
    state: member === undefined ? after : withMember(after, { ...member, keys }),
    effects: [{ kind: 'leaf', leaf }, ...wakeFor(pending)],
  };
}

export function actorOf(kind: string, id: string, authn: string): LeafDraft['actor'] {
  return { kind, id: `${kind}/${id}`, authn };
}

function granted(
  actor: LeafDraft['actor'],
  data: { readonly resource: string; readonly rule: string; readonly subject: string },
  certificate?: Certificate,
): FederationStep['effects'][number] {
  const entities = certificate === undefined ? [] : [entityOf(certificate)];
  const leaf = { type: 'access.granted', action: 'R', outcome: 'success' } as const;
  return { kind: 'leaf', leaf: { ...leaf, actor, entities, data } };
}

function entityOf({
  sha256,
  sizeBytes: size,
}: Certificate): NonNullable<LeafDraft['entities']>[number] {
  return { role: 'certificate', sha256, size, type: 'application/pkix-cert' };
}

function withMember(state: OpenFederation, member: Member): OpenFederation {
  const others = state.members.filter(({ kind, id }) => kind !== member.kind || id !== member.id);
  return { ...state, members: [...others, member] };
}

function wakeFor(pending: readonly PendingKey[]): FederationStep['effects'] {
  return pending.length > 0 ? [{ kind: 'wake' }] : [];
}

/** A hint is not signed, so a peer could put anything there; the leaf gets the id of its key instead. */
function loggable(suite: Suite, statement: Envelope, vkey: string): Envelope {
  const keyid = base64(parseVkey(suite, vkey).publicKey);
  return { ...statement, signatures: statement.signatures.map(({ sig }) => ({ keyid, sig })) };
}
