/**
 * AgentService over the ports: blobs in frames of 1 MiB with offsets, resumable both ways, and the control stream.
 *
 * Leaves to others: staging, hashing and who may read what (app/).
 */
import { hex, PlexusError } from '@plexus/core';
import {
  type AgentServiceServer,
  type DownloadBlobRequest,
  type DownloadBlobResponse,
  FRAME_BYTES,
  readDigest,
  readNumber,
  type UploadBlobRequest,
  type UploadBlobResponse,
  writeNumber,
} from '@plexus/proto';
import type { AgentsPort, BlobsPort, Caller } from '../app/ports.js';
import { type ControlOptions, serveControl } from './control.js';
import { type CallContext, streamIn, streamOut, unary } from './handlers.js';

export function agentService(
  context: CallContext,
  agents: AgentsPort,
  blobs: BlobsPort,
  options: ControlOptions,
): AgentServiceServer {
  return {
    control: serveControl(context, agents, options),
    statBlob: unary(context, async ({ sha256 }, caller) => {
      const { offset, complete } = await blobs.stat(caller.id, readDigest(sha256, 'sha256'));
      return { offset: writeNumber(offset), complete };
    }),
    uploadBlob: streamIn(context, (requests, caller) => upload(requests, caller, blobs)),
    downloadBlob: streamOut(context, (request, caller) => download(request, caller, blobs)),
  };
}

/**
 * Appends what comes and verifies at the end. After a cut the caller asks for the offset and goes on there.
 *
 * Errors   MESSAGE_MALFORMED, BLOB_OFFSET, BLOB_TOO_LARGE, and what the port refuses.
 */
async function upload(
  requests: AsyncIterable<UploadBlobRequest>,
  caller: Caller,
  blobs: BlobsPort,
): Promise<UploadBlobResponse> {
  let started: { readonly digest: string; readonly size: number } | undefined;
  let at = 0;
  for await (const { frame } of requests) {
    if (frame?.$case === 'start' && started === undefined) {
      started = {
        digest: readDigest(frame.value.sha256, 'sha256'),
        size: readNumber(frame.value.size, 'size'),
      };
      await blobs.begin(caller.id, started.digest, started.size);
      at = (await blobs.stat(caller.id, started.digest)).offset;
    } else if (frame?.$case === 'data' && started !== undefined) {
      const { bytes, offset } = frame.value;
      if (bytes.length > FRAME_BYTES)
        throw new PlexusError('BLOB_TOO_LARGE', 'upload: a frame has at most 1 MiB');
      if (readNumber(offset, 'offset') !== at)
        throw new PlexusError('BLOB_OFFSET', `upload: expected offset ${String(at)}`);
      if (at + bytes.length > started.size)
        throw new PlexusError('BLOB_TOO_LARGE', `upload: ${String(started.size)} bytes announced`);
      await blobs.append(caller.id, started.digest, at, bytes);
      at += bytes.length;
    } else throw new PlexusError('MESSAGE_MALFORMED', 'upload: one start, then data');
  }
  if (started === undefined) throw new PlexusError('MESSAGE_MALFORMED', 'upload: no start');
  if (at < started.size) throw new PlexusError('BLOB_OFFSET', `upload: ended at ${String(at)}`);
  await blobs.finish(caller.id, started.digest);
  return { size: writeNumber(at) };
}

async function* download(
  request: DownloadBlobRequest,
  caller: Caller,
  blobs: BlobsPort,
): AsyncIterable<DownloadBlobResponse> {
  let at = readNumber(request.offset, 'offset');
  const { sizeBytes, bytes } = await blobs.read(caller.id, hex(request.sha256), at);
  const size = writeNumber(sizeBytes);
  yield { size, data: undefined };
  for await (const chunk of bytes)
    for (let from = 0; from < chunk.length; from += FRAME_BYTES) {
      const piece = chunk.subarray(from, from + FRAME_BYTES);
      yield { size, data: { offset: writeNumber(at), bytes: piece } };
      at += piece.length;
    }
}
