/**
 * Who calls, and what that role may call: certificate → caller, and the table of every method.
 *
 * TLS has already checked the chain; this file reads the one URI in the certificate. A method that is not in the table is
 * refused to everybody. Source: architecture.md (Identity).
 */
import { createHash } from 'node:crypto';
import { X509Certificate } from '@peculiar/x509';
import type { Code } from '@plexus/core';
import {
  AgentServiceService,
  AuditServiceService,
  CertificateServiceService,
  certificateUri,
  parseMemberUri,
  ResearchServiceService,
} from '@plexus/proto';
import type { Caller, CallerKind } from '../app/ports.js';

const agents = methodsOf(AgentServiceService);
const research = methodsOf(ResearchServiceService);
const audit = methodsOf(AuditServiceService);
const certificates = methodsOf(CertificateServiceService);

const everyone: readonly CallerKind[] = ['hospital', 'researcher', 'auditor', 'operator'];
const readers: readonly CallerKind[] = ['researcher', 'auditor', 'operator'];

// later lines win over earlier ones
const ALLOWED: ReadonlyMap<string, readonly CallerKind[]> = new Map([
  ...allow(['hospital'], agents),
  ...allow(['researcher'], research),
  ...allow(['auditor', 'operator'], audit),
  ...allow(everyone, certificates),
  ...allow(readers, [
    ResearchServiceService.getFederation.path,
    ResearchServiceService.listStudies.path,
    ResearchServiceService.getStudy.path,
  ]),
  ...allow(['researcher', 'operator'], [ResearchServiceService.cancelStudy.path]),
]);

export function mayCall(kind: CallerKind, path: string): boolean {
  return ALLOWED.get(path)?.includes(kind) ?? false;
}

/** The caller of a certificate (DER) that TLS accepted, or the code of what is wrong with it. */
export function callerOf(
  der: Uint8Array,
  federation: string,
  nowMs: number,
): { readonly caller: Caller } | { readonly refused: Code } {
  const member = parseMemberUri(certificateUri(der) ?? '');
  if (member?.federation !== federation) return { refused: 'CERTIFICATE_INVALID' };
  const notAfterMs = new X509Certificate(new Uint8Array(der)).notAfter.getTime();
  // a connection outlives its handshake, and a certificate is short-lived
  if (notAfterMs <= nowMs) return { refused: 'CERTIFICATE_EXPIRED' };
  const certificate = createHash('sha256').update(der).digest('hex');
  return { caller: { kind: member.kind, id: member.id, certificate, notAfterMs } };
}

function methodsOf(
  service: Readonly<Record<string, { readonly path: string }>>,
): readonly string[] {
  return Object.values(service).map(({ path }) => path);
}

function allow(
  kinds: readonly CallerKind[],
  paths: readonly string[],
): readonly (readonly [string, readonly CallerKind[]])[] {
  return paths.map((path) => [path, kinds]);
}
