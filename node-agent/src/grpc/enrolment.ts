/**
 * The hospital's first contact: an invite as the operator printed it, the keys made here, and a certificate back.
 *
 * Leaves to others: making the keys and keeping what comes back (app/, store/), asking for the invite (cli/).
 */
import { PlexusError } from '@plexus/core';
import { enrol, parseInvite, type Enrolment, type Invite, type MemberKey } from '@plexus/proto';

export { proxyUrlFor, type Enrolment, type MemberKey } from '@plexus/proto';

export interface EnrolOptions {
  /** See `proxyUrlFor`; it stays part of the endpoint that comes back. */
  readonly proxy?: string;
  readonly timeoutMs: number;
}

/** What the operator's line says, for the person who is asked whether it is right. Errors: INVITE_MALFORMED. */
export function readHospitalInvite(text: string): Invite {
  const invite = parseInvite(text);
  if (invite.kind !== 'hospital')
    throw new PlexusError('INVITE_MALFORMED', `invite: expected a hospital's, got ${invite.kind}`);
  return invite;
}

/** Errors: as `enrol` of the wire; the invite is spent only by a success. */
export async function enrolHospital(
  invite: Invite,
  keys: readonly MemberKey[],
  options: EnrolOptions,
): Promise<Enrolment> {
  return await enrol(invite, keys, options);
}
