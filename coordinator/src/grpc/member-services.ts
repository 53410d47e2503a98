/**
 * Enrolment, renewal and the export of evidence over the ports.
 *
 * Leaves to others: invites, possession of keys, certificates (app/ and ca.ts), the bundle (log/).
 */
import type { handleUnaryCall } from '@grpc/grpc-js';
import { PlexusError, type KeyRole } from '@plexus/core';
import {
  type AuditServiceServer,
  BundleProfile,
  type CertificateServiceServer,
  type EnrolmentServiceServer,
  type EnrolRequest,
  type EnrolResponse,
  type ExportBundleResponse,
  FRAME_BYTES,
  KeyRole as WireKeyRole,
  readEnvelope,
  SubjectKind,
  writeNumber,
} from '@plexus/proto';
import type { BundleEntry, CallerKind, CoordinatorApp, EnrolmentRequest } from '../app/ports.js';
import { statusOf } from './guard.js';
import { type CallContext, streamOut, unary } from './handlers.js';

export function enrolmentService(
  context: CallContext,
  app: CoordinatorApp,
): EnrolmentServiceServer {
  const enrol: handleUnaryCall<EnrolRequest, EnrolResponse> = (call, callback) => {
    Promise.resolve()
      .then(async () => await app.enrol(readEnrolment(call.request)))
      .then(
        ({ chain, ...rest }) => {
          callback(null, { chain: [...chain], ...rest });
        },
        (thrown: unknown) => {
          if (thrown instanceof PlexusError) {
            const peer = call.getPeer().replace(/:\d+$/, '');
            context.recordRefusal({ kind: 'access', peer, code: thrown.code });
          }
          callback(statusOf(thrown, context.onFailure));
        },
      );
  };
  return { enrol };
}

export function certificateService(
  context: CallContext,
  app: CoordinatorApp,
): CertificateServiceServer {
  return {
    renew: unary(context, async ({ csr }, caller) => ({
      chain: [...(await app.renew(caller, csr))],
    })),
  };
}

export function auditService(context: CallContext, app: CoordinatorApp): AuditServiceServer {
  return {
    exportBundle: streamOut(context, ({ profile, study }, caller) =>
      writeBundle(app.exportBundle(caller, readProfile(profile), study === '' ? undefined : study)),
    ),
  };
}

async function* writeBundle(
  entries: AsyncIterable<BundleEntry>,
): AsyncIterable<ExportBundleResponse> {
  for await (const { path, sizeBytes, bytes } of entries) {
    yield { frame: { $case: 'file', value: { path, size: writeNumber(sizeBytes) } } };
    for await (const chunk of bytes)
      for (let from = 0; from < chunk.length; from += FRAME_BYTES)
        yield { frame: { $case: 'bytes', value: chunk.subarray(from, from + FRAME_BYTES) } };
  }
}

function readEnrolment(request: EnrolRequest): EnrolmentRequest {
  return {
    token: request.token,
    kind: readKind(request.kind),
    id: request.id,
    csr: request.csr,
    keys: request.keys.map(({ role, vkey, statement }) => ({
      role: readRole(role),
      vkey,
      statement: readEnvelope(statement, 'key statement'),
    })),
  };
}

function readKind(kind: SubjectKind): CallerKind {
  if (kind === SubjectKind.SUBJECT_KIND_HOSPITAL) return 'hospital';
  if (kind === SubjectKind.SUBJECT_KIND_RESEARCHER) return 'researcher';
  if (kind === SubjectKind.SUBJECT_KIND_AUDITOR) return 'auditor';
  if (kind === SubjectKind.SUBJECT_KIND_OPERATOR) return 'operator';
  throw new PlexusError('MESSAGE_MALFORMED', 'enrolment: unknown kind');
}

function readRole(role: WireKeyRole): KeyRole {
  if (role === WireKeyRole.KEY_ROLE_STATEMENT) return 'statement';
  if (role === WireKeyRole.KEY_ROLE_COSIGN) return 'cosign';
  if (role === WireKeyRole.KEY_ROLE_APPROVAL) return 'approval';
  if (role === WireKeyRole.KEY_ROLE_SITE_LOG) return 'site-log';
  throw new PlexusError('MESSAGE_MALFORMED', 'enrolment: unknown key role');
}

function readProfile(profile: BundleProfile): 'log' | 'full' {
  if (profile === BundleProfile.BUNDLE_PROFILE_LOG) return 'log';
  if (profile === BundleProfile.BUNDLE_PROFILE_FULL) return 'full';
  throw new PlexusError('MESSAGE_MALFORMED', 'bundle: unknown profile');
}
