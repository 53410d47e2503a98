/**
 * The invite an operator hands to a member, once, outside the wire: where to enrol, whom to trust there, as whom.
 *
 * `plexus-invite:v1:` and base64url of canonical JSON. The token is secret until it is used; the CA's digest is what makes the first
 * connection safe. Source: architecture.md (Identity). Leaves to others: which invites are still good (coordinator/src/app).
 */
import { base64url, canonicalBytes, fromBase64url, fromUtf8, PlexusError } from '@plexus/core';
import {
  isFederationName,
  isMemberKind,
  memberUri,
  parseMemberUri,
  type MemberKind,
} from './spiffe.js';

export interface Invite {
  readonly federation: string;
  readonly host: string;
  /** Serves everything but enrolment, with mutual TLS. */
  readonly port: number;
  readonly enrolPort: number;
  /** SHA-256 of the CA certificate (DER), hex. */
  readonly caSha256: string;
  readonly kind: MemberKind;
  readonly id: string;
  /** 32 bytes, base64url. Secret. */
  readonly token: string;
  readonly expiresMs: number;
}

const PREFIX = 'plexus-invite:v1:';

export function formatInvite(invite: Invite): string {
  return PREFIX + base64url(canonicalBytes({ ...invite }));
}

/** Errors: operator/INVITE_MALFORMED; the text of the invite is never in the message, it holds a secret. */
export function parseInvite(text: string): Invite {
  const trimmed = text.trim();
  if (!trimmed.startsWith(PREFIX)) throw refuse(`expected it to start with ${PREFIX}`);
  let value: unknown;
  try {
    value = JSON.parse(fromUtf8(fromBase64url(trimmed.slice(PREFIX.length))));
  } catch {
    throw refuse('it was cut or changed on its way'); // no cause: a JSON error quotes its input
  }
  if (typeof value !== 'object' || value === null) throw refuse('expected an object');
  const field = (name: string): unknown => Reflect.get(value, name);
  const text_ = (name: string, form: RegExp): string => {
    const member = field(name);
    if (typeof member !== 'string' || !form.test(member)) throw refuse(`${name} is malformed`);
    return member;
  };
  const integer = (name: string, max: number): number => {
    const member = field(name);
    if (typeof member !== 'number' || !Number.isInteger(member) || member < 1 || member > max)
      throw refuse(`${name} is malformed`);
    return member;
  };
  const kind = text_('kind', /^[a-z]+$/);
  const federation = text_('federation', /^.{1,253}$/);
  const id = text_('id', /^.{1,64}$/);
  if (!isMemberKind(kind)) throw refuse('kind is not one of ours');
  if (!isFederationName(federation)) throw refuse('federation is malformed');
  // what no certificate could name must not be enrolled either
  if (parseMemberUri(memberUri({ federation, kind, id })) === undefined)
    throw refuse('id is malformed');
  return {
    federation,
    kind,
    id,
    host: text_('host', /^[A-Za-z0-9.:-]{1,253}$/),
    port: integer('port', 65_535),
    enrolPort: integer('enrolPort', 65_535),
    caSha256: text_('caSha256', /^[0-9a-f]{64}$/),
    token: text_('token', /^[A-Za-z0-9_-]{43}$/),
    expiresMs: integer('expiresMs', Number.MAX_SAFE_INTEGER),
  };
}

function refuse(reason: string): PlexusError {
  return new PlexusError('INVITE_MALFORMED', `invite: ${reason}`);
}
