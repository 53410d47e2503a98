/** TLS at both ends: 1.3 or nothing, certificates or nothing, and a code for everybody who was turned away. */
import { once } from 'node:events';
import { connect as connectPlain } from 'node:net';
import { connect, createServer as createTlsServer } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PlexusError } from '@plexus/core';
import { AgentServiceClient, callUnary, channelTo, type TlsIdentity } from '@plexus/proto';
import { openResearchClient } from '../../researcher/src/grpc/client.ts';
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

async function stat(
  identity: TlsIdentity | undefined,
  port = federation.server.port,
): Promise<unknown> {
  const { address, credentials, options } = channelTo({ ...federation.endpoint, port }, identity);
  const client = new AgentServiceClient(address, credentials, options);
  try {
    const request = { sha256: new Uint8Array(32) };
    return await callUnary(client.statBlob.bind(client), request, 5_000);
  } finally {
    client.close();
  }
}

test('a member with a certificate of the federation speaks mutual TLS 1.3', async () => {
  expect(await stat(await identityFor(federation.ca))).toEqual({ offset: 0n, complete: false });
  const { chainPem, keyPem } = await identityFor(federation.ca);
  const socket = connect({
    port: federation.server.port,
    ca: federation.ca.certificatePem,
    cert: chainPem,
    key: keyPem,
    ALPNProtocols: ['h2'],
  });
  await once(socket, 'secureConnect');
  expect(socket.getProtocol()).toBe('TLSv1.3');
  expect(socket.getPeerCertificate().subjectaltname).toContain(
    `spiffe://${FEDERATION}/coordinator`,
  );
  socket.destroy();
});

test('a plain-text client is refused and counted, on both ports', async () => {
  for (const port of [federation.server.port, federation.server.enrolPort]) {
    federation.app.refusals.length = 0;
    const socket = connectPlain(port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.resume();
    socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    expect(await federation.app.refusal('TLS_PLAINTEXT_REFUSED')).toMatchObject({ kind: 'tls' });
    socket.destroy();
  }
});

test('a TLS 1.2 client is refused and counted', async () => {
  const { chainPem, keyPem } = await identityFor(federation.ca);
  const socket = connect({
    port: federation.server.port,
    host: '127.0.0.1',
    ca: federation.ca.certificatePem,
    cert: chainPem,
    key: keyPem,
    maxVersion: 'TLSv1.2',
    ALPNProtocols: ['h2'],
  });
  await once(socket, 'error');
  expect(await federation.app.refusal('TLS_VERSION_REFUSED')).toMatchObject({
    kind: 'tls',
    peer: '127.0.0.1',
  });
});

test('a client without a certificate, or with one of another CA, is refused and counted', async () => {
  federation.app.refusals.length = 0;
  // TLS 1.3 refuses a client after its own handshake is done: the alert may be lost in the reset that follows it
  const told = await stat(undefined).catch((thrown: unknown) => (thrown as PlexusError).code);
  expect(['CERTIFICATE_MISSING', 'COORDINATOR_UNREACHABLE']).toContain(told);
  await federation.app.refusal('CERTIFICATE_MISSING');
  federation.app.refusals.length = 0;
  const foreign = await identityFor(await newCa());
  await expect(stat(foreign)).rejects.toMatchObject({ code: 'COORDINATOR_UNREACHABLE' });
  await federation.app.refusal('CERTIFICATE_UNTRUSTED');
});

test('an expired certificate is refused by TLS and counted as such', async () => {
  const expired = await identityFor(federation.ca, {}, validity(-2 * HOUR, -HOUR));
  await expect(stat(expired)).rejects.toMatchObject({ code: 'COORDINATOR_UNREACHABLE' });
  await federation.app.refusal('CERTIFICATE_EXPIRED');
});

test('a client that goes away in the middle of the handshake is counted', async () => {
  const socket = connectPlain(federation.server.port, '127.0.0.1');
  await once(socket, 'connect');
  socket.end(Buffer.from([0x16, 0x03, 0x01]));
  await federation.app.refusal('TLS_HANDSHAKE_FAILED');
});

test('a client refuses a coordinator of another CA, of another federation, or one that shows a hospital', async () => {
  const identity = await identityFor(federation.ca);
  const refused = { code: 'COORDINATOR_CERT_REFUSED' };
  const dial = async (change: { caPem?: string; federation?: string }): Promise<unknown> => {
    const client = openResearchClient({ ...federation.endpoint, ...change }, identity);
    try {
      return await client.list();
    } finally {
      client.close();
    }
  };
  await expect(dial({ caPem: (await newCa()).certificatePem })).rejects.toMatchObject(refused);
  await expect(dial({ federation: 'other.example.org' })).rejects.toMatchObject(refused);

  // a hospital of the same federation, whose certificate its own CA signed, plays the coordinator
  const impostor = createTlsServer({
    cert: identity.chainPem,
    key: identity.keyPem,
    ALPNProtocols: ['h2'],
  });
  impostor.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => impostor.listen(0, '127.0.0.1', resolve));
  const address = impostor.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  await expect(stat(identity, port)).rejects.toMatchObject(refused);
  impostor.close();
});

test('the enrolment port serves enrolment and nothing else', async () => {
  await expect(
    stat(await identityFor(federation.ca), federation.server.enrolPort),
  ).rejects.toMatchObject({ code: 'METHOD_UNKNOWN' });
});

test('a renewed server certificate is shown from the next handshake on', async () => {
  const fingerprint = async (): Promise<string> => {
    const { chainPem, keyPem } = await identityFor(federation.ca);
    const socket = connect({
      port: federation.server.port,
      ca: federation.ca.certificatePem,
      cert: chainPem,
      key: keyPem,
      ALPNProtocols: ['h2'],
    });
    await once(socket, 'secureConnect');
    const shown = socket.getPeerCertificate().fingerprint256;
    expect(socket.getProtocol()).toBe('TLSv1.3');
    socket.destroy();
    return shown;
  };
  const before = await fingerprint();
  federation.server.swapCertificates(
    await federation.ca.issueServer(FEDERATION, ['localhost'], validity()),
  );
  expect(await fingerprint()).not.toBe(before);
  expect(await stat(await identityFor(federation.ca))).toMatchObject({ complete: false });
});
