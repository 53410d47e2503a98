import { nodeSuite as suite } from '@plexus/suite';
import { describe, expect, it } from 'vitest';
import { base64, utf8 } from '../../../core/src/base/bytes.ts';
import {
  signApproval,
  signWithdrawal,
  taskKinds,
  verifyApproval,
  verifyWithdrawal,
  type Approval,
} from '../../../core/src/study/approval.ts';
import { manifestDigest } from '../../../core/src/study/parse.ts';
import { exampleManifest, seedOf } from './example.ts';

const MANIFEST = exampleManifest();
const NOW = '2026-03-02T10:15:04.120Z';
const SEEDS = { person: seedOf(99), identity: seedOf(1) };
const APPROVAL: Omit<Approval, 'v' | 'approvalKey'> = {
  study: 'heart-small',
  hospital: 'north',
  document: manifestDigest(suite, MANIFEST),
  signer: 'person:abcdefgh234567ab',
  role: 'data-steward',
  signedAt: '2026-03-01T08:00:00.000Z',
  meaning: 'approval',
  scope: ['train', 'evaluate'],
  expires: '2027-03-01T00:00:00.000Z',
};

function verdictOf(changes: Partial<Approval>, seeds = SEEDS, now = NOW): string {
  const envelope = signApproval(suite, { ...APPROVAL, ...changes }, seeds);
  const verdict = verifyApproval(suite, envelope, MANIFEST, now);
  return verdict.kind === 'valid' ? 'valid' : verdict.code;
}

describe('an approval (audit-log.md section 6)', () => {
  it('verifies with who signed, the scope and the meaning', () => {
    const envelope = signApproval(suite, APPROVAL, SEEDS);
    const verdict = verifyApproval(suite, envelope, MANIFEST, NOW);
    expect(verdict).toMatchObject({ kind: 'valid', statement: APPROVAL });
  });

  it('counts for one manifest only: a changed seed is another document', () => {
    const envelope = signApproval(suite, APPROVAL, SEEDS);
    const other = exampleManifest({ seed: 2 });
    expect(verifyApproval(suite, envelope, other, NOW)).toMatchObject({
      code: 'STATEMENT_MISMATCH',
    });
    expect(verdictOf({ document: 'ab'.repeat(32) })).toBe('STATEMENT_MISMATCH');
    expect(verdictOf({ hospital: 'east' })).toBe('STATEMENT_MISMATCH');
    expect(verdictOf({ study: 'other' })).toBe('STATEMENT_MISMATCH');
  });

  it("is refused under another hospital's identity key", () => {
    expect(verdictOf({}, { ...SEEDS, identity: seedOf(3) })).toBe('STATEMENT_SIGNATURE');
  });

  it('is refused when the person signs with a key that has another role', () => {
    expect(verdictOf({}, { ...SEEDS, person: seedOf(2) })).toBe('STATEMENT_SIGNATURE');
    expect(() => signApproval(suite, APPROVAL, { ...SEEDS, person: SEEDS.identity })).toThrow(
      /approvalKey/,
    );
  });

  it('is refused when either signature is of other bytes', () => {
    const envelope = signApproval(suite, APPROVAL, SEEDS);
    const later = signApproval(suite, { ...APPROVAL, expires: '2028-01-01T00:00:00.000Z' }, SEEDS);
    for (const keep of [0, 1]) {
      const signatures = envelope.signatures.map((s, i) => (i === keep ? s : later.signatures[i]));
      const mixed = { ...envelope, signatures: signatures.filter((s) => s !== undefined) };
      expect(verifyApproval(suite, mixed, MANIFEST, NOW)).toMatchObject({
        code: 'STATEMENT_SIGNATURE',
      });
    }
  });

  it('ends at its expiry, to the millisecond', () => {
    expect(verdictOf({}, SEEDS, '2027-02-28T23:59:59.999Z')).toBe('valid');
    expect(verdictOf({}, SEEDS, APPROVAL.expires)).toBe('APPROVAL_EXPIRED');
  });

  it('must cover every kind of task the study asks for, and mean approval', () => {
    expect(taskKinds(MANIFEST)).toEqual(['train', 'evaluate']);
    expect(verdictOf({ scope: ['train'] })).toBe('APPROVAL_SCOPE');
    expect(verdictOf({ meaning: 'review' })).toBe('APPROVAL_SCOPE');
  });

  it('is never signed with a name, free text or another form of time', () => {
    for (const changes of [
      { signer: 'Zhang Wei' },
      { role: 'Head of data' },
      { signedAt: '2026-03-01' },
      { scope: [] },
      { document: 'zz' },
    ])
      expect(() => signApproval(suite, { ...APPROVAL, ...changes }, SEEDS)).toThrow(
        expect.objectContaining({ code: 'STATEMENT_INVALID' }),
      );
  });

  it('is total on hostile envelopes', () => {
    const envelope = signApproval(suite, APPROVAL, SEEDS);
    for (const payload of [
      '',
      '!',
      base64(utf8('{}')),
      base64(utf8('[1]')),
      base64(utf8('{"v":1 }')),
    ])
      expect(verifyApproval(suite, { ...envelope, payload }, MANIFEST, NOW)).toMatchObject({
        code: 'STATEMENT_INVALID',
      });
    expect(verifyApproval(suite, { ...envelope, signatures: [] }, MANIFEST, NOW)).toMatchObject({
      code: 'STATEMENT_INVALID',
    });
  });
});

describe('a withdrawal', () => {
  const { study, hospital, document, signer, role, signedAt } = APPROVAL;
  const common = { study, hospital, document, signer, role, signedAt };
  const envelope = signWithdrawal(suite, { ...common, reason: 'ethics' }, SEEDS);

  it('verifies against the manifest', () => {
    expect(verifyWithdrawal(suite, envelope, MANIFEST)).toMatchObject({
      kind: 'valid',
      statement: { reason: 'ethics' },
    });
  });

  it('is no approval, and an approval is no withdrawal', () => {
    const approval = signApproval(suite, APPROVAL, SEEDS);
    expect(verifyApproval(suite, envelope, MANIFEST, NOW)).toMatchObject({ kind: 'refused' });
    expect(verifyWithdrawal(suite, approval, MANIFEST)).toMatchObject({ kind: 'refused' });
  });
});
