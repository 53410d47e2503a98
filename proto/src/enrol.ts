/**
 * Getting a first certificate with an invite, and a next one before it expires. The key is made here and stays here.
 *
 * Order at enrolment: fetch the CA by its digest; only then, on a channel that trusts this CA alone, send the token.
 */
import type { Envelope, KeyRole as MemberKeyRole } from '@plexus/core';
import {
  CertificateServiceClient,
  EnrolmentServiceClient,
  KeyRole,
  SubjectKind,
} from '../gen/plexus/v1/identity.js';
import { callUnary } from './calls.js';
import { channelTo, type Endpoint, type TlsIdentity } from './channel.js';
import { certificatesPem, requestCertificate } from './csr.js';
import { writeEnvelope } from './fields.js';
import type { Invite } from './invite.js';
import { fetchPinnedCa } from './pinned-ca.js';

export interface MemberKey {
  readonly role: MemberKeyRole;
  readonly vkey: string;
  /** `key` statement: signed by the identity key and by the key itself. */
  readonly statement: Envelope;
}

/** What a member keeps after enrolment. `identity.keyPem` is secret. */
export interface Enrolment {
  readonly endpoint: Endpoint;
  readonly identity: TlsIdentity;
  readonly logOrigin: string;
  readonly logVkey: string;
}

const KINDS = {
  hospital: SubjectKind.SUBJECT_KIND_HOSPITAL,
  researcher: SubjectKind.SUBJECT_KIND_RESEARCHER,
  auditor: SubjectKind.SUBJECT_KIND_AUDITOR,
  operator: SubjectKind.SUBJECT_KIND_OPERATOR,
} as const;
const ROLES = {
  statement: KeyRole.KEY_ROLE_STATEMENT,
  cosign: KeyRole.KEY_ROLE_COSIGN,
  approval: KeyRole.KEY_ROLE_APPROVAL,
  'site-log': KeyRole.KEY_ROLE_SITE_LOG,
} as const;

/** Errors: COORDINATOR_CERT_REFUSED, COORDINATOR_UNREACHABLE, INVITE_UNKNOWN, INVITE_USED, INVITE_EXPIRED, codes of the keys. */
export async function enrol(
  invite: Invite,
  keys: readonly MemberKey[],
  options: { readonly proxy?: string; readonly timeoutMs: number },
): Promise<Enrolment> {
  const { federation, host, enrolPort, caSha256 } = invite;
  const caPem = await fetchPinnedCa({ host, port: enrolPort, caSha256, ...options });
  const { keyPem, csr } = await requestCertificate(`${invite.kind}/${invite.id}`);
  const proxy = options.proxy === undefined ? {} : { proxy: options.proxy };
  const channel = channelTo({ host, port: enrolPort, federation, caPem, ...proxy });
  const client = new EnrolmentServiceClient(channel.address, channel.credentials, channel.options);
  try {
    const answer = await callUnary(
      client.enrol.bind(client),
      {
        token: invite.token,
        kind: KINDS[invite.kind],
        id: invite.id,
        csr,
        keys: keys.map(({ role, vkey, statement }) => ({
          role: ROLES[role],
          vkey,
          statement: writeEnvelope(statement),
        })),
      },
      options.timeoutMs,
    );
    return {
      endpoint: { host, port: invite.port, federation, caPem, ...proxy },
      identity: { chainPem: certificatesPem(answer.chain), keyPem },
      logOrigin: answer.logOrigin,
      logVkey: answer.logVkey,
    };
  } finally {
    client.close();
  }
}

/** A fresh key and certificate for the same member; the old one stays good until it expires. */
export async function renew(
  endpoint: Endpoint,
  identity: TlsIdentity,
  timeoutMs: number,
): Promise<TlsIdentity> {
  const { keyPem, csr } = await requestCertificate('renewal');
  const channel = channelTo(endpoint, identity);
  const client = new CertificateServiceClient(
    channel.address,
    channel.credentials,
    channel.options,
  );
  try {
    const { chain } = await callUnary(client.renew.bind(client), { csr }, timeoutMs);
    return { chainPem: certificatesPem(chain), keyPem };
  } finally {
    client.close();
  }
}
