/** T19 blobs in frames: resumed where they were cut, verified before use. */
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  AgentServiceClient,
  channelTo,
  FRAME_BYTES,
  sendStream,
  type UploadBlobRequest,
  type UploadBlobResponse,
} from '@plexus/proto';
import { fromHex } from '@plexus/core';
import { openConnection, type Connection } from '../../node-agent/src/grpc/connection.ts';
import { relayTo, type Relay } from './cuttable.ts';
import { identityFor, sha256, startFederation, type Federation } from './federation.ts';

let federation: Federation;
let relay: Relay;
let connection: Connection;
beforeEach(async () => {
  federation = await startFederation();
  relay = await relayTo(federation.server.port);
  connection = openConnection(
    {
      head: () => ({ size: 0, root: '' }),
      pending: () => Promise.resolve([]),
      received: () => Promise.resolve({ kind: 'ack' }),
      answered: () => Promise.resolve(),
    },
    {
      endpoint: { ...federation.endpoint, port: relay.port },
      identity: await identityFor(federation.ca),
      software: 'test',
      random: () => 0.5,
      backoff: { baseMs: 2, capMs: 20 },
    },
  );
});
afterEach(async () => {
  await connection.close();
  await relay.close();
  await federation.close();
});

const never = new AbortController().signal;
const MIB = 1 << 20;

test('T19 an upload that is cut in the middle goes on at the offset that arrived', async () => {
  const bytes = new Uint8Array(randomBytes(6 * MIB + 123));
  const digest = sha256(bytes);
  let cuts = 0;
  federation.app.afterAppend = (total) => {
    if (total === 3 * MIB && cuts++ === 0) relay.cut();
  };
  const read = (offset: number, length: number): Promise<Uint8Array> =>
    Promise.resolve(bytes.subarray(offset, offset + length));
  await connection.upload(digest, bytes.length, read, never);
  expect(cuts).toBe(1);
  expect(federation.app.blobs_.get(digest)).toMatchObject({ complete: true });
  expect(Buffer.compare(federation.app.blobs_.get(digest)!.bytes, bytes)).toBe(0);
  expect(federation.app.appends).toEqual([0, 1, 2, 3, 4, 5, 6].map((frame) => frame * MIB)); // nothing twice

  federation.app.appends.length = 0;
  await connection.upload(digest, bytes.length, read, never); // known already: nothing is sent
  expect(federation.app.appends).toEqual([]);
});

test('T19 bytes that do not hash to their digest are refused and not kept', async () => {
  const digest = 'ab'.repeat(32);
  const read = (_offset: number, length: number): Promise<Uint8Array> =>
    Promise.resolve(new Uint8Array(length));
  await expect(connection.upload(digest, 10, read, never)).rejects.toMatchObject({
    code: 'BLOB_MISMATCH',
  });
  expect(federation.app.blobs_.has(digest)).toBe(false);
});

test('T19 an upload is given up when its signal fires', async () => {
  const stop = new AbortController();
  const read = (): Promise<Uint8Array> => {
    stop.abort();
    return Promise.resolve(new Uint8Array(MIB));
  };
  await expect(connection.upload('ab'.repeat(32), 9 * MIB, read, stop.signal)).rejects.toThrow();
  expect(federation.app.blobs_.get('ab'.repeat(32))?.complete ?? false).toBe(false);
});

test('a download that is cut goes on, and its bytes hash to the digest', async () => {
  const bytes = new Uint8Array(randomBytes(5 * MIB + 7));
  const digest = sha256(bytes);
  federation.app.blobs_.set(digest, { bytes, size: bytes.length, complete: true });
  const { read } = federation.app.blobs;
  const offsets: number[] = [];
  federation.app.blobs.read = (hospital, wanted, offset) => {
    offsets.push(offset);
    return offsets.length > 1
      ? read(hospital, wanted, offset)
      : Promise.resolve({ sizeBytes: bytes.length, bytes: cutAfter(bytes.subarray(0, 2 * MIB)) });
  };
  const got = await connection.download(digest, 2 ** 30, never);
  expect(Buffer.compare(got, bytes)).toBe(0);
  expect(offsets).toHaveLength(2);
});

async function* cutAfter(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
  await Promise.resolve();
  relay.cut();
}

test('a download of other bytes, or of more than was expected, is refused', async () => {
  const bytes = new Uint8Array(100);
  const digest = 'cd'.repeat(32);
  federation.app.blobs_.set(digest, { bytes, size: bytes.length, complete: true });
  await expect(connection.download(digest, 1000, never)).rejects.toMatchObject({
    code: 'BLOB_MISMATCH',
  });
  await expect(connection.download(digest, 99, never)).rejects.toMatchObject({
    code: 'BLOB_TOO_LARGE',
  });
  await expect(connection.download('00'.repeat(32), 99, never)).rejects.toMatchObject({
    code: 'BLOB_ABSENT',
  });
});

test('T19 a peer that breaks the order of an upload is refused with a code', async () => {
  const { address, credentials, options } = channelTo(
    federation.endpoint,
    await identityFor(federation.ca),
  );
  const client = new AgentServiceClient(address, credentials, options);
  const start = (size: number): UploadBlobRequest => ({
    frame: { $case: 'start', value: { sha256: fromHex('ef'.repeat(32)), size: BigInt(size) } },
  });
  const data = (offset: number, length: number): UploadBlobRequest => ({
    frame: { $case: 'data', value: { offset: BigInt(offset), bytes: new Uint8Array(length) } },
  });
  const send = (...requests: UploadBlobRequest[]): Promise<UploadBlobResponse> =>
    sendStream<UploadBlobRequest, UploadBlobResponse>(
      (callback) => client.uploadBlob(callback),
      each(requests),
      never,
    );
  await expect(send()).rejects.toMatchObject({ code: 'MESSAGE_MALFORMED' });
  await expect(send(data(0, 1))).rejects.toMatchObject({ code: 'MESSAGE_MALFORMED' });
  await expect(send(start(10), start(10))).rejects.toMatchObject({ code: 'MESSAGE_MALFORMED' });
  await expect(send(start(10), data(5, 5))).rejects.toMatchObject({ code: 'BLOB_OFFSET' });
  await expect(send(start(10), data(0, 11))).rejects.toMatchObject({ code: 'BLOB_TOO_LARGE' });
  await expect(send(start(2 ** 24), data(0, FRAME_BYTES + 1))).rejects.toMatchObject({
    code: 'BLOB_TOO_LARGE',
  });
  await expect(send(start(10), data(0, 4))).rejects.toMatchObject({ code: 'BLOB_OFFSET' }); // truncated
  await expect(send(start(10), data(4, 4), data(4, 4))).rejects.toMatchObject({
    code: 'BLOB_OFFSET', // repeated: the rest of the truncated one goes on, and once only
  });
  await expect(send(start(10), data(9, 1), data(8, 1))).rejects.toMatchObject({
    code: 'BLOB_OFFSET', // reordered
  });
  expect(federation.app.blobs_.get('ef'.repeat(32))).toMatchObject({ complete: false });
  client.close();
});

async function* each<T>(values: readonly T[]): AsyncIterable<T> {
  await Promise.resolve();
  yield* values;
}
