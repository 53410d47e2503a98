/**
 * V7: which key was whose, for what, from when to when.
 *
 * Source: audit-log.md 9.4 and section 6 (`key`). A key enters once, in one role, with proof of possession; the log's own key is the
 * one that log.genesis names. Leaves to others: what the keys signed (statements.ts).
 */
import { base64, fromBase64, hex, type Bytes } from '../../base/bytes.js';
import { PlexusError } from '../../base/error.js';
import type { Suite } from '../../base/suite.js';
import { openKeyStatement, readKeyStatement } from '../key-statement.js';
import type { Leaf } from '../leaf.js';
import { formatVkey, parseVkey, type VerifierKey } from '../vkey.js';
import { atLeaf, type AuditFinding, FindingList, shown } from './finding.js';
import type { Leaves } from './leaves.js';

interface Registration {
  readonly role: string;
  readonly owner: string;
  readonly from: number;
  readonly until?: number;
}

export interface Keyring {
  readonly count: number;
  isKnown(key: string): boolean;
  /** Why a public key (base64) may not serve at a leaf, or undefined if it may: the text of A503. */
  refusal(key: string, role: string, owner: string, at: number): string | undefined;
}

export function checkKeys(
  suite: Suite,
  leaves: Leaves,
  log: VerifierKey,
): { readonly keys: Keyring; readonly findings: readonly AuditFinding[] } {
  const findings = new FindingList();
  const known = new Map<string, Registration>();
  const live = new Map<string, Set<string>>();

  function enter(at: number, key: VerifierKey, role: string, owner: string): void {
    const name = base64(key.publicKey);
    const held = known.get(name);
    if (held !== undefined)
      findings.push(
        atLeaf(
          'A305',
          at,
          `key ${hex(key.keyId)} is already registered as ${held.role} of ${held.owner}`,
        ),
      );
    else {
      known.set(name, { role, owner, from: at });
      if (role === 'statement') live.set(owner, (live.get(owner) ?? new Set()).add(name));
    }
  }

  /** The first registered, unless it was revoked: a second one does not take its place unseen. */
  function identityOf(owner: string): string | undefined {
    for (const name of live.get(owner) ?? []) return name;
    return undefined;
  }

  for (const leaf of leaves) {
    if (leaf === undefined) continue;
    const at = leaf.seq;
    if (leaf.type === 'log.genesis') {
      for (const key of genesisKeys(suite, leaf, findings)) enter(at, key, 'log', leaf.log);
      if (!vkeysOf(leaf).includes(formatVkey(log)))
        findings.push(
          atLeaf('A503', at, `key ${hex(log.keyId)} was not registered for role log when used`),
        );
    } else if (leaf.type === 'site.key_registered') {
      const checked = checkRegistration(suite, leaf, identityOf);
      if (checked.kind === 'refused') findings.push(checked.finding);
      else enter(at, checked.key, checked.role, checked.owner);
    } else if (leaf.type === 'site.key_revoked') {
      const name = revokedKey(suite, leaf);
      const held = name === undefined ? undefined : known.get(name);
      if (name !== undefined && held !== undefined) {
        known.set(name, { ...held, until: at });
        live.get(held.owner)?.delete(name);
      } else
        findings.push(
          atLeaf('A503', at, 'key was not registered for the role it is revoked in when used'),
        );
    }
  }

  const refusal: Keyring['refusal'] = (key, role, owner, at) => {
    const held = known.get(key);
    const id = hex(suite.sha256(fromBase64(key)).slice(0, 4));
    if (held === undefined || held.role !== role || held.owner !== owner || held.from > at)
      return `key ${id} was not registered for role ${role} when used`;
    if (held.until !== undefined && held.until <= at)
      return `key ${id} was revoked at leaf ${String(held.until)} when used`;
    return undefined;
  };
  const isKnown = (key: string): boolean => known.has(key);
  return { keys: { count: known.size, isKnown, refusal }, findings: findings.all() };
}

type Registered =
  | {
      readonly kind: 'registered';
      readonly key: VerifierKey;
      readonly role: string;
      readonly owner: string;
    }
  | { readonly kind: 'refused'; readonly finding: AuditFinding };

function checkRegistration(
  suite: Suite,
  leaf: Leaf,
  identityOf: (owner: string) => string | undefined,
): Registered {
  const refused = (code: string, text: string): Registered => ({
    kind: 'refused',
    finding: atLeaf(code, leaf.seq, text),
  });
  const { hospital, role, vkey } = leaf.data;
  const owner = shown(hospital);
  const envelope = leaf.signed.find((signed) => readKeyStatement(signed) !== undefined);
  const statement = envelope && readKeyStatement(envelope);
  if (envelope === undefined || statement === undefined)
    return refused('A508', 'required statement key is absent');
  for (const [field, says, has] of [
    ['hospital', statement.hospital, hospital],
    ['role', statement.role, role],
    ['vkey', statement.vkey, vkey],
  ] as const)
    if (says !== has)
      return refused('A504', `statement says ${field}=${says}, leaf says ${shown(has)}`);
  const parsed = keyOf(suite, statement.vkey);
  if (parsed === undefined) return refused('A502', `key of ${owner} is not strict Ed25519`);
  const identity = statement.role === 'statement' ? base64(parsed.publicKey) : identityOf(owner);
  if (identity === undefined)
    return refused('A503', `key of ${owner} was not registered for role statement when used`);
  const opened = openKeyStatement(suite, envelope, fromBase64(identity));
  if (opened === undefined)
    return refused('A501', `signature of ${owner} over key does not verify`);
  return { kind: 'registered', key: opened.key, role: statement.role, owner };
}

function genesisKeys(suite: Suite, leaf: Leaf, findings: FindingList): readonly VerifierKey[] {
  return vkeysOf(leaf).flatMap((text) => {
    const key = keyOf(suite, text);
    if (key !== undefined) return [key];
    findings.push(atLeaf('A502', leaf.seq, `key of ${leaf.log} is not strict Ed25519`));
    return [];
  });
}

function vkeysOf(leaf: Leaf): readonly string[] {
  const { vkeys } = leaf.data;
  return Array.isArray(vkeys) ? vkeys.map(String) : [];
}

function revokedKey(suite: Suite, leaf: Leaf): string | undefined {
  const key = keyOf(suite, shown(leaf.data['vkey']));
  return key === undefined ? undefined : base64(key.publicKey);
}

function keyOf(suite: Suite, vkey: string): VerifierKey | undefined {
  try {
    return parseVkey(suite, vkey);
  } catch (thrown) {
    if (thrown instanceof PlexusError) return undefined;
    throw thrown;
  }
}

/** Public key bytes of base64 that a manifest gives; undefined if it is none. */
export function publicKeyOf(text: string): Bytes | undefined {
  try {
    const bytes = fromBase64(text);
    return bytes.length === 32 ? bytes : undefined;
  } catch {
    return undefined; // not base64: the finding is the caller's
  }
}
