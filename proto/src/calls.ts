/**
 * Calls as promises and async iterables, with every failure a PlexusError. Both programs that dial use these.
 */
import { once } from 'node:events';
import type {
  CallOptions,
  ClientReadableStream,
  ClientUnaryCall,
  ClientWritableStream,
  ServiceError,
} from '@grpc/grpc-js';
import { Metadata } from '@grpc/grpc-js';
import { PlexusError } from '@plexus/core';
import { errorOfCall } from './status.js';

type UnaryMethod<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: ServiceError | null, response: Response) => void,
) => ClientUnaryCall;

/** One request, one answer. Errors: the code the peer named, or COORDINATOR_UNREACHABLE. */
export async function callUnary<Request, Response>(
  method: UnaryMethod<Request, Response>,
  request: Request,
  timeoutMs: number,
): Promise<Response> {
  return await new Promise<Response>((resolve, reject) => {
    method(request, new Metadata(), { deadline: Date.now() + timeoutMs }, (error, response) => {
      if (error === null) resolve(response);
      else reject(errorOfCall(error));
    });
  });
}

/** The messages of a server stream; leaving the loop, or the signal, cancels the call. */
export async function* readStream<Response>(
  call: ClientReadableStream<Response>,
  signal?: AbortSignal,
): AsyncIterable<Response> {
  const cancel = (): void => {
    call.cancel();
  };
  signal?.addEventListener('abort', cancel, { once: true });
  try {
    for await (const message of call as AsyncIterable<Response>) yield message;
  } catch (thrown) {
    if (signal?.aborted !== true) throw errorOfCall(thrown);
  } finally {
    signal?.removeEventListener('abort', cancel);
    call.on('error', () => undefined); // the status of our own cancellation
    call.cancel();
  }
}

/**
 * Sends a client stream at the pace of the other side and returns its one answer. `open` starts the call with the callback it is given.
 *
 * Errors   as callUnary; and whatever `requests` throws, after the call was cancelled.
 */
export async function sendStream<Request, Response>(
  open: (
    callback: (error: ServiceError | null, response: Response) => void,
  ) => ClientWritableStream<Request>,
  requests: AsyncIterable<Request>,
  signal: AbortSignal,
): Promise<Response> {
  let settled: { readonly response: Response } | { readonly error: PlexusError } | undefined;
  const call = open((error, response) => {
    settled = error === null ? { response } : { error: errorOfCall(error) };
    call.emit('drain'); // whoever waits for room, or for the answer, learns that it is over
  });
  call.on('error', () => undefined); // the callback has it
  const cancel = (): void => {
    call.cancel();
  };
  signal.addEventListener('abort', cancel, { once: true });
  const outcome = (): typeof settled => settled;
  try {
    for await (const request of requests) {
      if (outcome() !== undefined) break;
      if (!call.write(request)) await once(call, 'drain');
    }
    call.end();
    while (outcome() === undefined) await once(call, 'drain');
  } catch (thrown) {
    call.cancel();
    throw errorOfCall(thrown);
  } finally {
    signal.removeEventListener('abort', cancel);
  }
  const known = outcome();
  if (known === undefined || 'error' in known)
    throw known?.error ?? new PlexusError('CALL_FAILED', 'client stream: no outcome');
  return known.response;
}
