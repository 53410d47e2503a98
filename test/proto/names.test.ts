/** Who a certificate speaks for, and what an invite says. */
import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import {
  coordinatorUri,
  certificateUri,
  formatInvite,
  isFederationName,
  memberUri,
  MEMBER_KINDS,
  parseInvite,
  parseMemberUri,
  type Invite,
} from '@plexus/proto';
import { refusal } from '../refusal.ts';

const name = fc.stringMatching(/^[a-z][a-z0-9]{0,20}(-[a-z0-9]{1,10}){0,2}$/);
const federation = fc.stringMatching(/^[a-z0-9]{1,10}(\.[a-z0-9]{1,10}){0,3}$/);

describe('a member URI', () => {
  it('names federation, kind and id, and reads back', () => {
    fc.assert(
      fc.property(federation, fc.constantFrom(...MEMBER_KINDS), name, (domain, kind, id) => {
        const member = { federation: domain, kind, id };
        expect(parseMemberUri(memberUri(member))).toEqual(member);
      }),
    );
  });

  it('is refused in any other form', () => {
    const others = [
      '',
      coordinatorUri('onco.example.org'),
      'spiffe://onco.example.org/hospital/',
      'spiffe://onco.example.org/hospital/north/ward',
      'spiffe://onco.example.org/hospital/North',
      'spiffe://onco.example.org/hospital/north%00',
      'spiffe://onco.example.org/hospital/-north',
      `spiffe://onco.example.org/hospital/${'n'.repeat(65)}`,
      'spiffe://onco.example.org/janitor/north',
      'spiffe:///hospital/north',
      'spiffe://onco..example.org:443/hospital/north',
      'https://onco.example.org/hospital/north',
      'spiffe://onco.example.org/hospital/north?role=operator',
      'spiffe://onco.example.org/hospital/north#operator',
    ];
    for (const uri of others) expect(parseMemberUri(uri), uri).toBeUndefined();
  });

  it('is not read from bytes that are no certificate', () => {
    expect(certificateUri(new Uint8Array([0x30, 0x03, 1, 2, 3]))).toBeUndefined();
  });

  it('belongs to a federation with the name of a domain', () => {
    for (const good of ['a', 'onco.example.org', 'x-1.example'])
      expect(isFederationName(good)).toBe(true);
    for (const bad of ['', '.a', 'a.', 'Onco.example.org', 'a/b', 'a'.repeat(254)])
      expect(isFederationName(bad), bad).toBe(false);
  });
});

const INVITE: Invite = {
  federation: 'onco.example.org',
  host: 'coord.example.org',
  port: 443,
  enrolPort: 8443,
  caSha256: 'ab'.repeat(32),
  kind: 'hospital',
  id: 'north',
  token: 'A'.repeat(43),
  expiresMs: 1_800_000_000_000,
};

describe('an invite', () => {
  it('is one line, and reads back with white space around it', () => {
    const text = formatInvite(INVITE);
    expect(text).toMatch(/^plexus-invite:v1:[A-Za-z0-9_-]+$/);
    expect(parseInvite(`\n  ${text}\t\n`)).toEqual(INVITE);
  });

  it('that was cut, changed or written by somebody else is INVITE_MALFORMED', () => {
    const text = formatInvite(INVITE);
    const of = (value: unknown): string =>
      `plexus-invite:v1:${Buffer.from(JSON.stringify(value)).toString('base64url')}`;
    const bad = [
      '',
      text.slice(1),
      text.slice(0, -3),
      text.replace('v1', 'v2'),
      of(null),
      of([]),
      of({ ...INVITE, federation: 'Onco' }),
      of({ ...INVITE, host: 'coord.example.org/x' }),
      of({ ...INVITE, port: 0 }),
      of({ ...INVITE, enrolPort: 65_536 }),
      of({ ...INVITE, caSha256: 'ab' }),
      of({ ...INVITE, kind: 'janitor' }),
      of({ ...INVITE, id: '../north' }),
      of({ ...INVITE, id: 'north--ward' }),
      of({ ...INVITE, token: 'short' }),
      of({ ...INVITE, expiresMs: 1.5 }),
      of({ ...INVITE, expiresMs: '1' }),
    ];
    for (const one of bad)
      expect(
        refusal(() => parseInvite(one)),
        one,
      ).toBe('INVITE_MALFORMED');
  });

  it('never shows its token in a refusal', () => {
    const text = formatInvite({ ...INVITE, id: 'NORTH' });
    expect(() => parseInvite(text)).toThrow(/^invite: id is malformed$/);
  });
});
