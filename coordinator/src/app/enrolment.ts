/**
 * Decides whether an enrolment is accepted: the invite, and for a hospital possession of every key of audit-log.md 9.4.
 *
 * A pure decision over what the store knows; recording it (invite used, keys known, `site.enrolled`, `site.key_registered`) is one
 * transaction of the caller. Source: audit-log.md section 6 (`key`) and 9.4; architecture.md (Identity).
 */
import {
  base64,
  hospitalId,
  openKeyStatement,
  PlexusError,
  readKeyStatement,
  utf8,
  hex,
  parseVkey,
  type Code,
  type KeyRole,
  type OpenedKeyStatement,
  type Suite,
} from '@plexus/core';
import type { CallerKind, EnrolmentRequest, RegisteredKey } from './ports.js';

/** What the store keeps of an invite: never the token. A type alias, so that it is assignable to Json. */
export type IssuedInvite = {
  /** SHA-256 of the token's text, hex. */
  readonly tokenSha256: string;
  readonly kind: CallerKind;
  readonly id: string;
  readonly expiresMs: number;
  readonly usedAtMs?: number;
};

/** A request as a journal may hold it: the token by its digest. */
export type EnrolmentClaim = Pick<EnrolmentRequest, 'kind' | 'id' | 'keys'> & {
  readonly tokenSha256: string;
};

export type EnrolmentDecision =
  | { readonly kind: 'accepted'; readonly keys: readonly OpenedKeyStatement[] }
  | { readonly kind: 'refused'; readonly code: Code };

export interface EnrolmentFacts {
  readonly invite: IssuedInvite | undefined;
  readonly nowMs: number;
  /** Is this public key (base64) registered already, in any role, by anybody? */
  readonly isKnownKey: (publicKey: string) => boolean;
}

/** Under this digest an invite is looked up. */
export function tokenDigest(suite: Suite, token: string): string {
  return hex(suite.sha256(utf8(token)));
}

export function decideEnrolment(
  suite: Suite,
  request: EnrolmentClaim,
  facts: EnrolmentFacts,
): EnrolmentDecision {
  const { invite } = facts;
  if (
    invite?.tokenSha256 !== request.tokenSha256 ||
    invite.kind !== request.kind ||
    invite.id !== request.id ||
    !isName(request.id)
  )
    return refuse('INVITE_UNKNOWN');
  if (invite.usedAtMs !== undefined) return refuse('INVITE_USED');
  if (invite.expiresMs <= facts.nowMs) return refuse('INVITE_EXPIRED');
  if (request.kind !== 'hospital')
    return request.keys.length === 0
      ? { kind: 'accepted', keys: [] }
      : refuse('KEY_STATEMENT_INVALID');

  const keys = openKeys(suite, request.id, request.keys);
  if (keys === undefined) return refuse('KEY_STATEMENT_INVALID');
  const publicKeys = keys.map(({ key }) => base64(key.publicKey));
  // A305: one key, one role, one owner; otherwise a signature in one role could be shown as one in another
  if (new Set(publicKeys).size !== publicKeys.length || publicKeys.some(facts.isKnownKey))
    return refuse('KEY_ALREADY_KNOWN');
  return { kind: 'accepted', keys };
}

/** All keys, opened, or undefined if one is missing, doubled (only people may be several) or not proven. Peer-controlled. */
function openKeys(
  suite: Suite,
  hospital: string,
  keys: readonly RegisteredKey[],
): readonly OpenedKeyStatement[] | undefined {
  const count = (role: KeyRole): number => keys.filter((key) => key.role === role).length;
  const single = (['statement', 'cosign', 'site-log'] as const).every((role) => count(role) === 1);
  if (!single || count('approval') < 1 || keys.length > 64) return undefined;
  const identity = identityKeyOf(suite, keys);
  if (identity === undefined) return undefined;
  const opened: OpenedKeyStatement[] = [];
  for (const { role, vkey, statement } of keys) {
    const one = openKeyStatement(suite, statement, identity);
    const says = one?.statement;
    if (one === undefined || says?.hospital !== hospital) return undefined;
    if (says.role !== role || says.vkey !== vkey) return undefined;
    opened.push(one);
  }
  return opened;
}

function identityKeyOf(suite: Suite, keys: readonly RegisteredKey[]): Uint8Array | undefined {
  const own = keys.find((key) => key.role === 'statement');
  const statement = own === undefined ? undefined : readKeyStatement(own.statement);
  if (statement === undefined) return undefined;
  try {
    return parseVkey(suite, statement.vkey).publicKey;
  } catch (thrown) {
    if (thrown instanceof PlexusError) return undefined;
    throw thrown;
  }
}

function isName(id: string): boolean {
  try {
    return hospitalId(id) === id;
  } catch (thrown) {
    if (thrown instanceof PlexusError) return false;
    throw thrown;
  }
}

function refuse(code: Code): EnrolmentDecision {
  return { kind: 'refused', code };
}
