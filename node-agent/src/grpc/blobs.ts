/**
 * Moving one blob, however often the line is cut: an offset is asked for, never assumed, and nothing is used before it hashes to its digest.
 *
 * Leaves to others: when to start and stop (the signal), what may leave at all (app/).
 */
import { createHash } from 'node:crypto';
import { concat, entryOf, fromHex, PlexusError, type Bytes, type Code } from '@plexus/core';
import {
  type AgentServiceClient,
  callUnary,
  FRAME_BYTES,
  readNumber,
  readStream,
  sendStream,
  type UploadBlobRequest,
  type UploadBlobResponse,
  writeNumber,
} from '@plexus/proto';
import { type BackoffOptions, delayMs, pause } from './backoff.js';

type ReadAt = (offset: number, length: number) => Promise<Bytes>;
const CALL_MS = 30_000;

/** Errors: codes that no retry can help; after the signal, the last failure. */
export async function uploadBlob(
  client: () => AgentServiceClient,
  blob: { readonly digest: string; readonly sizeBytes: number; readonly read: ReadAt },
  backoff: BackoffOptions,
  signal: AbortSignal,
): Promise<void> {
  const sha256 = fromHex(blob.digest);
  await retrying(backoff, signal, async () => {
    const connected = client();
    const stat = await callUnary(connected.statBlob.bind(connected), { sha256 }, CALL_MS);
    if (stat.complete) return;
    const from = readNumber(stat.offset, 'offset');
    await sendStream<UploadBlobRequest, UploadBlobResponse>(
      (callback) => connected.uploadBlob(callback),
      frames(sha256, blob, from, signal),
      signal,
    );
  });
}

async function* frames(
  sha256: Bytes,
  blob: { readonly sizeBytes: number; readonly read: ReadAt },
  from: number,
  signal: AbortSignal,
): AsyncIterable<UploadBlobRequest> {
  const start = { sha256, size: writeNumber(blob.sizeBytes) };
  yield { frame: { $case: 'start', value: start } };
  for (let at = from; at < blob.sizeBytes; at += FRAME_BYTES) {
    signal.throwIfAborted();
    const bytes = await blob.read(at, Math.min(FRAME_BYTES, blob.sizeBytes - at));
    yield { frame: { $case: 'data', value: { offset: writeNumber(at), bytes } } };
  }
}

/** Errors: BLOB_TOO_LARGE, BLOB_MISMATCH; otherwise as uploadBlob. */
export async function downloadBlob(
  client: () => AgentServiceClient,
  blob: { readonly digest: string; readonly maxBytes: number },
  backoff: BackoffOptions,
  signal: AbortSignal,
): Promise<Bytes> {
  const sha256 = fromHex(blob.digest);
  const pieces: Bytes[] = [];
  let at = 0;
  await retrying(backoff, signal, async () => {
    const call = client().downloadBlob({ sha256, offset: writeNumber(at) });
    let size = 0;
    for await (const message of readStream(call, signal)) {
      size = readNumber(message.size, 'size');
      // the coordinator may lie about sizes: memory is bounded by what the caller expects
      if (size > blob.maxBytes)
        throw new PlexusError('BLOB_TOO_LARGE', `download: at most ${String(blob.maxBytes)} bytes`);
      if (message.data === undefined) continue;
      const { offset, bytes } = message.data;
      if (readNumber(offset, 'offset') !== at || at + bytes.length > size)
        throw new PlexusError('BLOB_OFFSET', `download: expected offset ${String(at)}`);
      pieces.push(bytes);
      at += bytes.length;
    }
    signal.throwIfAborted();
    if (at < size) throw new PlexusError('COORDINATOR_UNREACHABLE', 'download: the stream was cut');
  });
  const bytes = concat(...pieces);
  if (createHash('sha256').update(bytes).digest('hex') !== blob.digest)
    throw new PlexusError('BLOB_MISMATCH', 'download: not the bytes that were asked for');
  return bytes;
}

async function retrying(
  backoff: BackoffOptions,
  signal: AbortSignal,
  attempt: () => Promise<void>,
): Promise<void> {
  for (let failures = 0; ; failures++) {
    signal.throwIfAborted();
    try {
      await attempt();
      return;
    } catch (thrown) {
      if (!(thrown instanceof PlexusError) || !isWorthAnother(thrown.code) || signal.aborted)
        throw thrown;
    }
    await pause(delayMs(failures, backoff), signal);
  }
}

/** A line that was lost may come back, and an offset that was wrong is asked for again; anything else would fail in the same way. */
function isWorthAnother(code: Code): boolean {
  const { status } = entryOf(code);
  return status === 'UNAVAILABLE' || status === 'ABORTED' || code === 'BLOB_OFFSET';
}
