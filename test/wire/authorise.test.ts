/** Who may call what, asked on every call, and what a caller is told. */
import { AuthorisedCall } from './raw-call.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  AgentServiceService,
  AuditServiceService,
  CertificateServiceService,
  MAX_MESSAGE_BYTES,
  ResearchServiceService,
  type MemberKind,
} from '@plexus/proto';
import { mayCall } from '../../coordinator/src/grpc/identity.ts';
import { exportBundle, openResearchClient } from '../../researcher/src/grpc/client.ts';
import { HOUR, identityFor, startFederation, type Federation } from './federation.ts';

let federation: Federation;
beforeAll(async () => {
  federation = await startFederation();
});
afterAll(async () => {
  await federation.close();
});

async function list(kind: MemberKind, id: string, otherFederation?: string): Promise<unknown> {
  const member =
    otherFederation === undefined ? { kind, id } : { kind, id, federation: otherFederation };
  const client = openResearchClient(federation.endpoint, await identityFor(federation.ca, member));
  try {
    return await client.list();
  } finally {
    client.close();
  }
}

test('a certificate of another role is refused, and the refusal names the member', async () => {
  await expect(list('hospital', 'north')).rejects.toMatchObject({ code: 'ROLE_NOT_ALLOWED' });
  expect(await federation.app.refusal('ROLE_NOT_ALLOWED')).toEqual({
    kind: 'access',
    peer: 'hospital/north',
    code: 'ROLE_NOT_ALLOWED',
  });
  expect(await list('researcher', 'lin')).toHaveLength(1);
});

test('every method is in the table, and each role may call what the architecture gives it', () => {
  const services: readonly Readonly<Record<string, { readonly path: string }>>[] = [
    AgentServiceService,
    ResearchServiceService,
    AuditServiceService,
    CertificateServiceService,
  ];
  const kinds = ['hospital', 'researcher', 'auditor', 'operator'] as const;
  for (const service of services)
    for (const { path } of Object.values(service))
      expect(
        kinds.some((kind) => mayCall(kind, path)),
        path,
      ).toBe(true);
  expect(kinds.filter((kind) => mayCall(kind, AgentServiceService.control.path))).toEqual([
    'hospital',
  ]);
  expect(kinds.filter((kind) => mayCall(kind, ResearchServiceService.submitStudy.path))).toEqual([
    'researcher',
  ]);
  expect(kinds.filter((kind) => mayCall(kind, AuditServiceService.exportBundle.path))).toEqual([
    'auditor',
    'operator',
  ]);
  expect(kinds.some((kind) => mayCall(kind, '/plexus.v1.AgentService/Unheard'))).toBe(false);
});

test('a certificate of another federation under the same CA is refused', async () => {
  await expect(list('researcher', 'lin', 'other.example.org')).rejects.toMatchObject({
    code: 'CERTIFICATE_INVALID',
  });
});

test('a member that was revoked is refused on the next call, on a connection that is open already', async () => {
  const client = openResearchClient(
    federation.endpoint,
    await identityFor(federation.ca, { kind: 'researcher', id: 'left' }),
  );
  expect(await client.list()).toHaveLength(1);
  federation.app.revoked.add('left');
  await expect(client.list()).rejects.toMatchObject({ code: 'CERTIFICATE_REVOKED' });
  client.close();
});

test('a certificate that runs out while the connection is open is refused on the next call', async () => {
  const client = openResearchClient(
    federation.endpoint,
    await identityFor(federation.ca, { kind: 'researcher', id: 'late' }),
  );
  expect(await client.list()).toHaveLength(1);
  federation.clock = () => Date.now() + 2 * HOUR;
  await expect(client.list()).rejects.toMatchObject({ code: 'CERTIFICATE_EXPIRED' });
  federation.clock = () => Date.now();
  client.close();
});

test('a message over the limit has its code on both sides, whichever side sends it', async () => {
  federation.app.refusals.length = 0;
  const identity = await identityFor(federation.ca, { kind: 'researcher', id: 'lin' });
  const client = openResearchClient(federation.endpoint, identity);
  await expect(client.submit(new Uint8Array(MAX_MESSAGE_BYTES + 1))).rejects.toMatchObject({
    code: 'MESSAGE_TOO_LARGE',
  });
  client.close();
  expect(federation.app.refusals).toEqual([]); // our own client does not even send it

  const careless = new AuthorisedCall(federation.endpoint, identity);
  const path = ResearchServiceService.submitStudy.path;
  await expect(careless.send(path, Buffer.alloc(MAX_MESSAGE_BYTES + 1))).rejects.toMatchObject({
    code: 'MESSAGE_TOO_LARGE',
  });
  expect(await federation.app.refusal('MESSAGE_TOO_LARGE')).toMatchObject({
    peer: 'researcher/lin',
  });
  await expect(careless.send(path, Buffer.from([0x0a, 0x7f]))).rejects.toMatchObject({
    code: 'MESSAGE_MALFORMED',
  });
  expect(await federation.app.refusal('MESSAGE_MALFORMED')).toMatchObject({ kind: 'protocol' });
  careless.close();
  expect(federation.app.manifest).toBeUndefined();
});

test('a bug behind the ports reaches the operator in full and the caller not at all', async () => {
  federation.app.failWith = new Error('row 7 of patients.csv');
  const client = openResearchClient(
    federation.endpoint,
    await identityFor(federation.ca, { kind: 'researcher', id: 'lin' }),
  );
  const error = await client.status('heart').catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'CALL_FAILED' });
  expect(String((error as Error).cause)).not.toContain('patients');
  expect(federation.failures[0]).toMatchObject({ cause: { message: 'row 7 of patients.csv' } });
  federation.app.failWith = undefined;
  client.close();
});

test('an author submits, watches, and fetches a model whose bytes hash to its digest', async () => {
  const identity = await identityFor(federation.ca, { kind: 'researcher', id: 'lin' });
  const client = openResearchClient(federation.endpoint, identity);
  expect(await client.federation()).toMatchObject({
    log: { origin: 'log.example.org', vkey: 'vkey' },
    hospitals: [{ id: 'north', identityKey: 'AAAA', cosignerKey: 'AQID' }],
  });
  const manifest = new Uint8Array([7, 8, 9]);
  const { manifestSha256 } = await client.submit(manifest);
  expect(manifestSha256).toHaveLength(64);
  expect([...federation.app.manifest!]).toEqual([7, 8, 9]);
  await client.start('heart');
  expect(await client.status('heart')).toMatchObject({ phase: 'running', roundsPlanned: 15 });
  const event = {
    timeMs: 5,
    kind: 'round',
    round: 1,
    attempt: 1,
    phase: 'masked',
    hospitals: ['north'],
  };
  for (const number of [1, 2, 3])
    federation.app.events.push({ ...event, number, metrics: [{ name: 'auc', value: '0.9' }] });
  const seen: number[] = [];
  for await (const { number } of client.watch('heart', 1, new AbortController().signal))
    seen.push(number);
  expect(seen).toEqual([2, 3]);
  expect(await client.fetchModel('heart')).toMatchObject({
    rounds: 15,
    bytes: { length: 3 << 20 },
  });
  await client.cancel('heart');
  client.close();
});

test('an auditor is given the bundle file by file; a researcher is not', async () => {
  const take = async (kind: MemberKind): Promise<string[]> => {
    const identity = await identityFor(federation.ca, { kind, id: 'wu' });
    const parts: string[] = [];
    for await (const { path, bytes } of exportBundle(federation.endpoint, identity, 'full'))
      parts.push(`${path}=${new TextDecoder().decode(bytes)}`);
    return parts;
  };
  expect(await take('auditor')).toEqual([
    'README.txt=README.txt full',
    'bundle.json=bundle.json full',
  ]);
  await expect(take('researcher')).rejects.toMatchObject({ code: 'ROLE_NOT_ALLOWED' });
});
