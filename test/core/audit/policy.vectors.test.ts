import { describe, expect, it } from 'vitest';
import { nodeSuite as suite } from '@plexus/suite';
import { isQuorum, parseTrustPolicy } from '../../../core/src/audit/policy.ts';
import { formatVkey, verifierKey } from '../../../core/src/audit/vkey.ts';
import { codeOf, vectors } from './vectors.ts';

const file = vectors<{ cases: { policy: string; ok: boolean }[] }>('policy.json');

/** What the collection accepts and the specification does not: a comment after other words, one key under two names. */
function laxOnly(policy: string): boolean {
  const keys = [...policy.matchAll(/^\s*witness\s+\S+\s+(\S+)/gm)].map(([, key]) => key);
  return /\S[ \t]+#/.test(policy) || new Set(keys).size !== keys.length;
}

describe.skipIf(!file)('trust policies (audit-log.md 3.8)', () => {
  it.each(file?.cases ?? [])('case %#', ({ policy, ok }) => {
    const want = ok && !laxOnly(policy) ? 'none' : 'TRUST_POLICY_INVALID';
    expect(codeOf(() => parseTrustPolicy(suite, policy))).toBe(want);
  });
});

describe('what a policy decides', () => {
  const vkey = (i: number) =>
    formatVkey(
      verifierKey(suite, `w${String(i)}`, 4, suite.ed25519PublicKey(new Uint8Array(32).fill(i))),
    );
  const witnesses = [1, 2, 3, 4].map((i) => `witness w${String(i)} ${vkey(i)}`).join('\n');

  it('a quorum is counted through groups', () => {
    const policy = parseTrustPolicy(
      suite,
      `# ours\n${witnesses}\ngroup g any w1 w2\ngroup h 2 g w3 w4\nquorum h\n`,
    );
    expect(policy.groups.get('h')).toEqual({ threshold: 2, members: ['g', 'w3', 'w4'] });
    expect(isQuorum(policy, new Set(['w1', 'w2']))).toBe(false);
    expect(isQuorum(policy, new Set(['w2', 'w4']))).toBe(true);
    expect(isQuorum(parseTrustPolicy(suite, 'quorum none'), new Set())).toBe(true);
  });

  it('a log has a key and may have an address', () => {
    const { logs } = parseTrustPolicy(
      suite,
      `log ${vkey(9)} https://log.example.org/\nquorum none`,
    );
    expect(logs).toMatchObject([{ url: 'https://log.example.org/', key: { name: 'w9' } }]);
  });

  it.each([
    ['two quorums', `${witnesses}\nquorum w1\nquorum w2`],
    ['a member named twice', `${witnesses}\ngroup g 2 w1 w1\nquorum g`],
    ['more than the members', `${witnesses}\ngroup g 3 w1 w2\nquorum g`],
    ['an unknown keyword', `${witnesses}\ntrust w1\nquorum w1`],
    ['a key that is none', 'witness w1 nonsense\nquorum w1'],
    ['a log key used by a witness', `log ${vkey(1)}\n${witnesses}\nquorum w1`],
    ['a member defined later', `group g any w1\n${witnesses}\nquorum g`],
    ['too much text', '#'.repeat(70_000)],
  ])('%s is refused', (_, text) => {
    expect(codeOf(() => parseTrustPolicy(suite, text))).toBe('TRUST_POLICY_INVALID');
  });
});
