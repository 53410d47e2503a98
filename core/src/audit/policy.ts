/**
 * Trust policies: which logs and witnesses a reader trusts, and which sets of them are enough.
 *
 * Source: C2SP tlog-policy; audit-log.md 3.8. Names are defined before use; keys are not given twice.
 * Leaves to others: the narrower form that a study's policy must have, and its arithmetic (audit-log.md 9.3).
 */
import { PlexusError } from '../base/error.js';
import type { Suite } from '../base/suite.js';
import { formatVkey, parseVkey, type VerifierKey } from './vkey.js';

export interface PolicyGroup {
  /** How many members must agree: `all` and `any` are resolved here. */
  readonly threshold: number;
  readonly members: readonly string[];
}

export interface TrustPolicy {
  readonly logs: readonly { readonly key: VerifierKey; readonly url?: string }[];
  readonly witnesses: ReadonlyMap<string, { readonly key: VerifierKey; readonly url?: string }>;
  readonly groups: ReadonlyMap<string, PolicyGroup>;
  /** Name of a witness or group; undefined: `none`. */
  readonly quorum: string | undefined;
}

const MAX_POLICY = 64 * 1024;

/** Errors: operator/TRUST_POLICY_INVALID naming the line. */
export function parseTrustPolicy(suite: Suite, text: string): TrustPolicy {
  if (text.length > MAX_POLICY) throw refused(0, 'expected at most 64 KiB');
  const logs: TrustPolicy['logs'][number][] = [];
  const witnesses = new Map<string, TrustPolicy['logs'][number]>();
  const groups = new Map<string, PolicyGroup>();
  const keys = new Set<string>();
  let quorum: { readonly name: string | undefined } | undefined;

  function readKey(line: number, vkey = '', url: string | undefined): TrustPolicy['logs'][number] {
    let key: VerifierKey;
    try {
      key = parseVkey(suite, vkey);
    } catch (cause) {
      throw refused(line, 'expected a verifier key', cause);
    }
    const spelling = formatVkey(key);
    if (keys.has(spelling)) throw refused(line, 'key given twice');
    keys.add(spelling);
    return url === undefined ? { key } : { key, url };
  }

  function defineName(line: number, name = ''): string {
    if (!/^[A-Za-z0-9._-]+$/.test(name) || name === 'none' || name === 'any' || name === 'all')
      throw refused(line, 'expected a name');
    if (witnesses.has(name) || groups.has(name)) throw refused(line, 'name defined twice');
    return name;
  }

  for (const [i, raw] of text.split('\n').entries()) {
    const line = i + 1;
    const words = raw.split(/[ \t]+/).filter((word) => word !== '');
    const [keyword, ...rest] = words;
    if (keyword === undefined || keyword.startsWith('#')) continue;
    if (keyword === 'log' && rest.length >= 1 && rest.length <= 2) {
      logs.push(readKey(line, rest[0], rest[1]));
    } else if (keyword === 'witness' && rest.length >= 2 && rest.length <= 3) {
      witnesses.set(defineName(line, rest[0]), readKey(line, rest[1], rest[2]));
    } else if (keyword === 'group' && rest.length >= 3) {
      const [first, threshold = '', ...members] = rest;
      const name = defineName(line, first);
      if (members.some((member) => !witnesses.has(member) && !groups.has(member)))
        throw refused(line, 'member not defined before');
      if (new Set(members).size !== members.length) throw refused(line, 'member named twice');
      groups.set(name, { threshold: thresholdOf(line, threshold, members.length), members });
    } else if (keyword === 'quorum' && rest.length === 1) {
      const [name] = rest;
      if (quorum !== undefined) throw refused(line, 'quorum given twice');
      if (name !== undefined && name !== 'none' && !witnesses.has(name) && !groups.has(name))
        throw refused(line, 'quorum not defined before');
      quorum = { name: name === 'none' ? undefined : name };
    } else {
      throw refused(line, 'expected log, witness, group or quorum');
    }
  }
  if (quorum === undefined) throw refused(text.split('\n').length, 'expected a quorum');
  return { logs, witnesses, groups, quorum: quorum.name };
}

/** True if the witnesses in `agreeing` are a quorum. `none` is satisfied by nobody. */
export function isQuorum(policy: TrustPolicy, agreeing: ReadonlySet<string>): boolean {
  const holds = (name: string): boolean => {
    const group = policy.groups.get(name);
    if (group === undefined) return agreeing.has(name);
    return group.members.filter(holds).length >= group.threshold;
  };
  return policy.quorum === undefined || holds(policy.quorum);
}

function thresholdOf(line: number, text: string, members: number): number {
  if (text === 'all') return members;
  if (text === 'any') return 1;
  const threshold = /^[1-9]\d{0,3}$/.test(text) ? Number(text) : 0;
  if (threshold < 1 || threshold > members)
    throw refused(line, 'expected all, any or a number of members');
  return threshold;
}

function refused(line: number, message: string, cause?: unknown): PlexusError {
  return new PlexusError('TRUST_POLICY_INVALID', `policy line ${String(line)}: ${message}`, {
    cause,
  });
}
