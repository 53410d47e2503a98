/** Who this hospital is, from the record of its enrolment, as the machines are told. */
import {
  base64,
  parseVkey,
  PlexusError,
  readKeyStatement,
  type KeyRole,
  type Myself,
  type Suite,
} from '@plexus/core';
import type { SiteInput } from '../app/site.js';
import type { EnrolmentRecord } from '../store/enrolment.js';

export function enrolledInput(
  { hospital, logOrigin, logVkey, certificate, keys }: EnrolmentRecord,
  nowMs: number,
): Extract<SiteInput, { readonly kind: 'enrolled' }> {
  const log = { origin: logOrigin, vkey: logVkey };
  return { kind: 'enrolled', nowMs, hospital, log, certificate, keys };
}

/** Errors: operator/FILE_UNREADABLE if a key is missing in the record. */
export function myselfOf(suite: Suite, enrolment: EnrolmentRecord): Myself {
  const keyOf = (role: KeyRole): string => {
    const statement = enrolment.keys
      .map((envelope) => readKeyStatement(envelope))
      .find((one) => one?.role === role);
    if (statement === undefined)
      throw new PlexusError('FILE_UNREADABLE', `enrolment: expected a key of role ${role}`);
    return base64(parseVkey(suite, statement.vkey).publicKey);
  };
  const { hospital, logOrigin, logVkey } = enrolment;
  return {
    hospital,
    identityKey: keyOf('statement'),
    cosignerKey: keyOf('cosign'),
    log: { origin: logOrigin, vkey: logVkey },
  };
}
