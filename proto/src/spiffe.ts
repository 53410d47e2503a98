/**
 * Who a certificate speaks for: exactly one URI `spiffe://<federation>/<kind>/<id>`, or `/coordinator` for the server.
 *
 * Source: architecture.md (Identity); SPIFFE-ID. Leaves to others: whether the chain is trusted (TLS), what a role may do (authorise.ts).
 */
import 'reflect-metadata';
import { SubjectAlternativeNameExtension, X509Certificate } from '@peculiar/x509';

export const MEMBER_KINDS = ['hospital', 'researcher', 'auditor', 'operator'] as const;
export type MemberKind = (typeof MEMBER_KINDS)[number];

export interface Member {
  readonly federation: string;
  readonly kind: MemberKind;
  readonly id: string;
}

const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const DOMAIN = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;

export function isFederationName(text: string): boolean {
  return DOMAIN.test(text);
}

export function isMemberKind(text: string): text is MemberKind {
  return MEMBER_KINDS.some((kind) => kind === text);
}

export function memberUri(member: Member): string {
  return `spiffe://${member.federation}/${member.kind}/${member.id}`;
}

export function coordinatorUri(federation: string): string {
  return `spiffe://${federation}/coordinator`;
}

/** The member a URI names, or undefined. Total: certificates are peer-controlled until the chain is checked. */
export function parseMemberUri(uri: string): Member | undefined {
  const match = /^spiffe:\/\/([^/]+)\/([a-z]+)\/([a-z0-9-]+)$/.exec(uri);
  const [, federation = '', kind = '', id = ''] = match ?? [];
  if (!DOMAIN.test(federation) || !isMemberKind(kind) || id.length > 64 || !NAME.test(id))
    return undefined;
  return { federation, kind, id };
}

/** The one URI of a certificate (DER), or undefined where there is none, more than one, or no certificate at all. */
export function certificateUri(der: Uint8Array): string | undefined {
  let names: readonly { readonly type: string; readonly value: string }[];
  try {
    const certificate = new X509Certificate(new Uint8Array(der));
    names = certificate.getExtension(SubjectAlternativeNameExtension)?.names.items ?? [];
  } catch {
    return undefined;
  }
  const uris = names.filter((name) => name.type === 'url');
  return uris.length === 1 ? uris[0]?.value : undefined;
}
