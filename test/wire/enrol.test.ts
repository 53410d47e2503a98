/** From an invite to a certificate, and from one certificate to the next; and every way in which it is refused. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import {
  formatVkey,
  signKeyStatement,
  verifierKey,
  type Code,
  type Envelope,
  type KeyRole,
} from '@plexus/core';
import { parseInvite, requestCertificate, type Invite, type MemberKey } from '@plexus/proto';
import { nodeSuite } from '@plexus/suite';
import { newInvite } from '../../coordinator/src/grpc/invite.ts';
import { enrolHospital, readHospitalInvite } from '../../node-agent/src/grpc/enrolment.ts';
import { openConnection } from '../../node-agent/src/grpc/connection.ts';
import { keepRenewed, renewalDueMs } from '../../node-agent/src/grpc/renewal.ts';
import { openResearchClient } from '../../researcher/src/grpc/client.ts';
import { enrolPerson } from '../../researcher/src/grpc/enrolment.ts';
import { grpcNetwork } from '../../researcher/src/grpc/network.ts';
import {
  FEDERATION,
  HOUR,
  identityFor,
  newCa,
  startFederation,
  validity,
  type Federation,
} from './federation.ts';

let federation: Federation;
beforeAll(async () => {
  federation = await startFederation();
});
afterAll(async () => {
  await federation.close();
});
beforeEach(() => {
  federation.app.refusals.length = 0;
});

const options = { timeoutMs: 5_000 };
const random = (): Uint8Array => new Uint8Array(randomBytes(32));

/** An invite as the operator's command makes it; the coordinator keeps its half. */
function invite(kind: Invite['kind'], id: string, change: Partial<Invite> = {}): string {
  const about = {
    ...{ federation: FEDERATION, host: '127.0.0.1', kind, id },
    ...{ port: federation.server.port, enrolPort: federation.server.enrolPort },
    ...{ caSha256: federation.ca.sha256, expiresMs: Date.now() + HOUR, ...change },
  };
  const { text, issued } = newInvite(nodeSuite, about, random());
  federation.app.invites.set(issued.tokenSha256, issued);
  return text;
}

const ROLES: readonly KeyRole[] = ['statement', 'cosign', 'approval', 'site-log'];
type Seeds = ReadonlyMap<KeyRole, Uint8Array>;

function seedsOf(roles = ROLES): Seeds {
  return new Map(roles.map((role) => [role, random()]));
}

/** The keys a hospital makes, each with its statement. */
function keysOf(hospital: string, seeds: Seeds = seedsOf()): MemberKey[] {
  const identity = seeds.get('statement') ?? random();
  return [...seeds].map(([role, own]) => {
    const publicKey = nodeSuite.ed25519PublicKey(own);
    const name = `${hospital}.example.org/${role}`;
    const vkey = formatVkey(verifierKey(nodeSuite, name, role === 'cosign' ? 4 : 1, publicKey));
    const statement = { hospital, role, vkey, validFrom: '2026-03-02T10:20:11.000Z' };
    return { role, vkey, statement: signKeyStatement(nodeSuite, statement, { identity, own }) };
  });
}

async function enrolAs(text: string, keys: readonly MemberKey[]): Promise<unknown> {
  return await enrolHospital(readHospitalInvite(text), keys, options);
}

async function expectRefused(attempt: Promise<unknown>, code: Code): Promise<void> {
  await expect(attempt).rejects.toMatchObject({ code });
  expect(await federation.app.refusal(code)).toEqual({ kind: 'access', peer: '127.0.0.1', code });
}

test('a hospital comes with an invite and four proven keys, and leaves with a certificate that opens the other port', async () => {
  const text = invite('hospital', 'west');
  const got = await enrolHospital(readHospitalInvite(text), keysOf('west'), options);
  expect(got).toMatchObject({ logOrigin: 'log.example.org', logVkey: 'vkey' });
  expect(got.endpoint).toMatchObject({ port: federation.server.port, federation: FEDERATION });
  const connected = openConnection(
    {
      head: () => ({ size: 0, root: '' }),
      pending: () => Promise.resolve([]),
      received: () => Promise.resolve({ kind: 'ack' }),
      answered: () => Promise.resolve(),
    },
    { ...got, software: 'test', random: () => 0.5 },
  );
  await federation.app.until(() => federation.app.hellos.length === 1);
  await connected.close();
  expect(federation.app.refusals, 'an honest newcomer is nobody to warn of').toEqual([]);
});

test('a researcher needs no keys', async () => {
  const { endpoint, identity } = await enrolPerson(invite('researcher', 'lin'), options);
  const client = openResearchClient(endpoint, identity);
  expect(await client.list()).toHaveLength(1);
  client.close();
});

test("the author's program goes from an invite to credentials and from them to a connection", async () => {
  const network = grpcNetwork({});
  const credentials = await network.enrol(`${invite('researcher', 'mira')}\n`);
  expect(credentials).toMatchObject({
    ...{ id: 'mira', federation: FEDERATION, port: federation.server.port },
    log: { origin: 'log.example.org', vkey: 'vkey' },
  });
  const api = await network.connect(credentials);
  expect(await api.federation()).toMatchObject({ federation: FEDERATION });
  api.close();
});

test('a proxy of the environment is looked up again at each connection, and not kept', async () => {
  const credentials = await grpcNetwork({}).enrol(invite('researcher', 'noor'));
  expect(JSON.stringify(credentials)).not.toContain('proxy');
  const through = (https_proxy: string): Promise<unknown> =>
    grpcNetwork({ https_proxy }).connect(credentials);
  await expect(through('socks://user:secret@proxy')).rejects.toMatchObject({
    code: 'PROXY_INVALID',
  });
});

test('an invite of the other program is refused before anything is sent', async () => {
  await expect(enrolPerson(invite('hospital', 'east'), options)).rejects.toMatchObject({
    code: 'INVITE_MALFORMED',
  });
  expect(() => readHospitalInvite(invite('researcher', 'lin'))).toThrow(/researcher/);
});

test('an invite works once', async () => {
  const text = invite('hospital', 'south');
  await enrolAs(text, keysOf('south'));
  await expectRefused(enrolAs(text, keysOf('south')), 'INVITE_USED');
});

test('an invite that has run out is refused', async () => {
  const text = invite('hospital', 'late', { expiresMs: Date.now() - 1 });
  await expectRefused(enrolAs(text, keysOf('late')), 'INVITE_EXPIRED');
});

test('a token that was never issued, or was issued for another name or kind, is refused', async () => {
  const known = parseInvite(invite('hospital', 'north'));
  const attempts: Invite[] = [
    { ...known, token: 'A'.repeat(43) },
    { ...known, id: 'northern' },
  ];
  for (const forged of attempts) {
    federation.app.refusals.length = 0;
    await expectRefused(enrolHospital(forged, keysOf(forged.id), options), 'INVITE_UNKNOWN');
  }
  const text = newInvite(nodeSuite, { ...known, kind: 'researcher' }, random()).text;
  federation.app.refusals.length = 0;
  await expectRefused(enrolPerson(text, options), 'INVITE_UNKNOWN');
});

test('keys that are missing, doubled or not proven are refused, and the invite stays good', async () => {
  const text = invite('hospital', 'quay');
  const seeds = seedsOf();
  const good = keysOf('quay', seeds);
  const swapped = (role: KeyRole, statement: Envelope): MemberKey[] =>
    good.map((key) => (key.role === role ? { ...key, statement } : key));
  const stranger = keysOf('quay');
  const elsewhere = keysOf('pier', seeds);
  const bad: readonly (readonly MemberKey[])[] = [
    [],
    good.slice(1),
    good.filter(({ role }) => role !== 'approval'),
    [...good, ...good.filter(({ role }) => role === 'cosign')],
    swapped('site-log', stranger[3]!.statement), // signed by another identity
    swapped('cosign', elsewhere[1]!.statement), // of another hospital
    swapped('approval', good[3]!.statement), // of another role
    swapped('statement', { ...good[0]!.statement, signatures: [] }),
    swapped('statement', { ...good[0]!.statement, payload: 'AAAA' }),
  ];
  for (const keys of bad) {
    federation.app.refusals.length = 0;
    await expectRefused(enrolAs(text, keys), 'KEY_STATEMENT_INVALID');
  }
  await expect(enrolAs(text, good)).resolves.toBeDefined();
});

test('a key serves one role of one hospital (A305)', async () => {
  const seeds = seedsOf();
  await enrolAs(invite('hospital', 'first'), keysOf('first', seeds));
  const second = invite('hospital', 'second');
  const borrowed = new Map(seedsOf()).set('approval', seeds.get('site-log')!);
  await expectRefused(enrolAs(second, keysOf('second', borrowed)), 'KEY_ALREADY_KNOWN');
  const own = new Map(seedsOf());
  own.set('approval', own.get('site-log')!);
  federation.app.refusals.length = 0;
  await expectRefused(enrolAs(second, keysOf('second', own)), 'KEY_ALREADY_KNOWN');
});

test('a server whose CA is not the one in the invite never sees the token', async () => {
  const other = await newCa();
  const text = invite('hospital', 'far', { caSha256: other.sha256 });
  await expect(enrolAs(text, keysOf('far'))).rejects.toMatchObject({
    code: 'COORDINATOR_CERT_REFUSED',
  });
  expect(federation.app.refusals).toEqual([]);
  const shut = invite('hospital', 'far', { enrolPort: 1 });
  await expect(enrolAs(shut, keysOf('far'))).rejects.toMatchObject({
    code: 'COORDINATOR_UNREACHABLE',
  });
});

test('of a request only the key is used, and only if the request proves it', async () => {
  const member = { federation: FEDERATION, kind: 'researcher', id: 'lin' } as const;
  const { csr } = await requestCertificate('operator/root');
  const [leaf] = await federation.ca.issueMember(csr, member, validity());
  expect(Buffer.from(leaf!).toString('latin1')).not.toContain('operator');
  expect(Buffer.from(leaf!).toString('latin1')).toContain(`spiffe://${FEDERATION}/researcher/lin`);
  const forged = Uint8Array.from(csr);
  forged[forged.length - 1]! ^= 1;
  for (const bad of [forged, new Uint8Array(), csr.subarray(0, 40)])
    await expect(federation.ca.issueMember(bad, member, validity())).rejects.toMatchObject({
      code: 'CSR_INVALID',
    });
});

test('a certificate is renewed when two thirds of its life are over, kept before it is used, and not again', async () => {
  const old = await identityFor(federation.ca, { id: 'north' }, validity(-2 * HOUR, HOUR / 2));
  const due = renewalDueMs(old.chainPem);
  expect(Math.abs(due - (Date.now() - 2 * HOUR + (2.5 * HOUR * 2) / 3))).toBeLessThan(2_000);
  const steps: string[] = [];
  const failures: Code[] = [];
  await new Promise<void>((resolve) => {
    const renewal = keepRenewed({
      endpoint: federation.endpoint,
      identity: old,
      nowMs: () => Date.now(),
      random: () => 0,
      keep: (identity) => {
        steps.push('keep');
        if (steps.length === 1) return Promise.reject(new Error('disk full'));
        expect(identity.keyPem).not.toBe(old.keyPem);
        expect(renewalDueMs(identity.chainPem)).toBeGreaterThan(due);
        return Promise.resolve();
      },
      use: () => {
        steps.push('use');
        void renewal.stop().then(resolve);
      },
      onFailure: ({ code }) => failures.push(code),
    });
  });
  expect(steps).toEqual(['keep', 'keep', 'use']);
  expect(failures).toEqual(['CALL_FAILED']);
});
