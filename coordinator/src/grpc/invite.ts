/**
 * Making an invite: the line for the member, and what the coordinator keeps of it, which is never the token.
 *
 * Leaves to others: storing it and its leaf (app/), printing it (cli/).
 */
import { base64url, PlexusError, type Bytes, type Suite } from '@plexus/core';
import { formatInvite, type Invite } from '@plexus/proto';
import { tokenDigest, type IssuedInvite } from '../app/enrolment.js';

export interface NewInvite {
  /** One line, handed over outside the wire. Secret until it is used. */
  readonly text: string;
  readonly issued: IssuedInvite;
}

/** `random` is 32 bytes from the system. */
export function newInvite(suite: Suite, about: Omit<Invite, 'token'>, random: Bytes): NewInvite {
  if (random.length !== 32) throw new PlexusError('CALL_FAILED', 'invite: expected 32 bytes');
  const token = base64url(random);
  const { kind, id, expiresMs } = about;
  return {
    text: formatInvite({ ...about, token }),
    issued: { tokenSha256: tokenDigest(suite, token), kind, id, expiresMs },
  };
}
