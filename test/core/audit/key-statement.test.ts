import { describe, expect, it } from 'vitest';
import { nodeSuite as suite } from '@plexus/suite';
import { base64, utf8 } from '../../../core/src/base/bytes.ts';
import { KEY_ROLES, type KeyRole } from '../../../core/src/audit/events/site.ts';
import {
  openKeyStatement,
  readKeyStatement,
  signKeyStatement,
  type KeyStatement,
} from '../../../core/src/audit/key-statement.ts';
import { formatVkey, verifierKey, type KeyType } from '../../../core/src/audit/vkey.ts';

const identity = new Uint8Array(32).fill(1);
const own = new Uint8Array(32).fill(2);
const identityKey = suite.ed25519PublicKey(identity);

function statementOf(
  role: KeyRole,
  seed = role === 'statement' ? identity : own,
  type?: KeyType,
): KeyStatement {
  const key = verifierKey(
    suite,
    'h07',
    type ?? (role === 'cosign' ? 4 : 1),
    suite.ed25519PublicKey(seed),
  );
  return { hospital: 'h07', role, vkey: formatVkey(key), validFrom: '2026-03-02T10:15:04.120Z' };
}

describe('a key is registered by two signatures (audit-log.md 6 and 9.4)', () => {
  it.each(KEY_ROLES)('%s', (role) => {
    const statement = statementOf(role);
    const envelope = signKeyStatement(suite, statement, { identity, own });
    expect(openKeyStatement(suite, envelope, identityKey)).toMatchObject({ statement });
    expect(readKeyStatement(envelope)).toMatchObject(statement);
  });

  it('without possession of the key, under another identity or with the wrong type it registers nothing', () => {
    const stranger = new Uint8Array(32).fill(3);
    const open = (
      role: KeyRole,
      seeds: { identity: Uint8Array; own: Uint8Array },
      statement = statementOf(role),
    ) => openKeyStatement(suite, signKeyStatement(suite, statement, seeds), identityKey);
    expect(open('cosign', { identity, own: stranger })).toBeUndefined();
    expect(open('cosign', { identity: stranger, own })).toBeUndefined();
    expect(
      open('statement', { identity: own, own }, statementOf('statement', own)),
    ).toBeUndefined();
    expect(open('cosign', { identity, own }, statementOf('cosign', own, 1))).toBeUndefined();
    expect(open('approval', { identity, own }, statementOf('approval', own, 4))).toBeUndefined();
    expect(
      open(
        'approval',
        { identity, own },
        { ...statementOf('approval'), vkey: 'h07+00000000+AAAA' },
      ),
    ).toBeUndefined();
  });

  it('another payload is no key statement', () => {
    const envelope = signKeyStatement(suite, statementOf('cosign'), { identity, own });
    expect(
      readKeyStatement({ ...envelope, payloadType: 'application/vnd.plexus.approval.v1+json' }),
    ).toBeUndefined();
    expect(readKeyStatement({ ...envelope, payload: '?' })).toBeUndefined();
    expect(readKeyStatement({ ...envelope, payload: base64(utf8('{"v":1}')) })).toBeUndefined();
  });

  it('a bad vkey that fits the pattern registers nothing', () => {
    const wrong = statementOf('cosign').vkey.replace(/\+[0-9a-f]{8}\+/, '+0000000a+');
    const envelope = signKeyStatement(
      suite,
      { ...statementOf('cosign'), vkey: wrong },
      { identity, own },
    );
    expect(openKeyStatement(suite, envelope, identityKey)).toBeUndefined();
  });
});
