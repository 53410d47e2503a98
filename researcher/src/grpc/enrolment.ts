/**
 * A study author's or an auditor's first contact: an invite as the operator printed it, and a certificate back.
 *
 * People have no protocol keys: the certificate is all they get. Leaves to others: keeping it (cli/).
 */
import { PlexusError } from '@plexus/core';
import { enrol, parseInvite, type Enrolment } from '@plexus/proto';

export { proxyUrlFor, type Enrolment } from '@plexus/proto';

/** Errors: INVITE_MALFORMED, and as `enrol` of the wire. */
export async function enrolPerson(
  text: string,
  options: { readonly proxy?: string; readonly timeoutMs: number },
): Promise<Enrolment> {
  const invite = parseInvite(text);
  if (invite.kind === 'hospital')
    throw new PlexusError('INVITE_MALFORMED', "invite: a hospital's is for plexus-agent");
  return await enrol(invite, [], options);
}
