/** What lies between a hospital and the coordinator: an HTTP proxy, and a line with a long round trip. */
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FRAME_BYTES, parseProxy, WINDOW_BYTES } from '@plexus/proto';
import { nodeSuite } from '@plexus/suite';
import { newInvite } from '../../coordinator/src/grpc/invite.ts';
import { openConnection, type Connection } from '../../node-agent/src/grpc/connection.ts';
import { proxyUrlFor } from '../../node-agent/src/grpc/enrolment.ts';
import { openResearchClient } from '../../researcher/src/grpc/client.ts';
import { enrolPerson } from '../../researcher/src/grpc/enrolment.ts';
import { refusal } from '../refusal.ts';
import { relayTo, startProxy } from './cuttable.ts';
import {
  FEDERATION,
  HOUR,
  identityFor,
  sha256,
  startFederation,
  type Federation,
} from './federation.ts';

let federation: Federation;
beforeEach(async () => {
  federation = await startFederation();
});
afterEach(async () => {
  await federation.close();
});

test('enrolment and every later call go through the proxy that was set, with its credentials', async () => {
  const proxy = await startProxy();
  const { port, enrolPort } = federation.server;
  const about = { federation: FEDERATION, kind: 'researcher', id: 'lin', port, enrolPort } as const;
  const { text, issued } = newInvite(
    nodeSuite,
    { ...about, host: '127.0.0.1', caSha256: federation.ca.sha256, expiresMs: Date.now() + HOUR },
    new Uint8Array(randomBytes(32)),
  );
  federation.app.invites.set(issued.tokenSha256, issued);
  const { endpoint, identity } = await enrolPerson(text, { proxy: proxy.url, timeoutMs: 5_000 });
  const client = openResearchClient(endpoint, identity);
  expect(await client.list()).toHaveLength(1);
  client.close();
  const credentials = `Basic ${Buffer.from('north:s3cret').toString('base64')}`;
  const asked = (target: number): unknown => ({
    target: `127.0.0.1:${String(target)}`,
    credentials,
  });
  expect(proxy.asked).toEqual([asked(enrolPort), asked(enrolPort), asked(port)]);
  proxy.close();
});

test('a proxy that cannot be used is an operator’s mistake, and its password is not shown', () => {
  expect(parseProxy('proxy.example.org')).toEqual({ host: 'proxy.example.org', port: 80 });
  for (const bad of [
    'https://u:s3cret@proxy:1',
    'socks5://proxy',
    'http://[',
    'http://u:s3cret@:x',
  ])
    expect(refusal(() => parseProxy(bad))).toBe('PROXY_INVALID');
  expect(() => parseProxy('https://u:s3cret@proxy:1')).not.toThrow(/s3cret/);
});

test('the environment names the proxy as it does for other programs', () => {
  const environment = { https_proxy: 'http://p:3128', no_proxy: 'example.org, .local' };
  expect(proxyUrlFor('coord.example.com', environment)).toBe('http://p:3128');
  expect(proxyUrlFor('coord.example.org', environment)).toBeUndefined();
  expect(proxyUrlFor('example.org', environment)).toBeUndefined();
  expect(proxyUrlFor('badexample.org', environment)).toBe('http://p:3128');
  expect(proxyUrlFor('x.local', environment)).toBeUndefined();
  expect(proxyUrlFor('x', { HTTPS_PROXY: 'http://q:1' })).toBe('http://q:1');
  expect(proxyUrlFor('x', { https_proxy: '', http_proxy: 'http://r:1' })).toBe('http://r:1');
  expect(proxyUrlFor('x', { http_proxy: 'http://r:1', NO_PROXY: '*' })).toBeUndefined();
  expect(proxyUrlFor('x', {})).toBeUndefined();
});

const never = new AbortController().signal;

async function connect(port: number): Promise<Connection> {
  return openConnection(
    {
      head: () => ({ size: 0, root: '' }),
      pending: () => Promise.resolve([]),
      received: () => Promise.resolve({ kind: 'ack' }),
      answered: () => Promise.resolve(),
    },
    {
      endpoint: { ...federation.endpoint, port },
      identity: await identityFor(federation.ca),
      software: 'test',
      random: () => 0,
    },
  );
}

// With the default windows of 64 KiB a sender stops after one of them until the far end answers; ours must fill a long line.
// Holding back every answer shows how much is under way at once, without a clock.
const UNDER_WAY = WINDOW_BYTES / 2;

test('an upload has megabytes under way before the far end answers', async () => {
  const relay = await relayTo(federation.server.port);
  const connection = await connect(relay.port);
  const bytes = new Uint8Array(randomBytes(6 * FRAME_BYTES));
  const read = async (offset: number, length: number): Promise<Uint8Array> => {
    if (offset === FRAME_BYTES) relay.hold('server'); // the call is open: from here on no answer comes through
    return await Promise.resolve(bytes.subarray(offset, offset + length));
  };
  const done = connection.upload(sha256(bytes), bytes.length, read, never);
  await relay.cameFrom('client', UNDER_WAY + FRAME_BYTES);
  relay.release();
  await done;
  expect(federation.app.blobs_.get(sha256(bytes))).toMatchObject({ complete: true });
  await connection.close();
  await relay.close();
});

test('a download has megabytes under way before the hospital answers', async () => {
  const relay = await relayTo(federation.server.port);
  const connection = await connect(relay.port);
  const bytes = new Uint8Array(randomBytes(6 * FRAME_BYTES));
  const digest = sha256(bytes);
  federation.app.blobs_.set(digest, { bytes, size: bytes.length, complete: true });
  const { read } = federation.app.blobs;
  federation.app.blobs.read = (hospital, wanted, offset) => {
    relay.hold('client');
    return read(hospital, wanted, offset);
  };
  const done = connection.download(digest, bytes.length, never);
  await relay.cameFrom('server', UNDER_WAY);
  relay.release();
  expect(Buffer.compare(await done, bytes)).toBe(0);
  await connection.close();
  await relay.close();
});
