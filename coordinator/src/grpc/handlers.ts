/**
 * The three shapes of a call, over promises and async iterables: one request, a stream in, a stream out.
 *
 * The guard has admitted the caller before any of these runs; it is read again from the certificate, never from a message.
 */
import { once } from 'node:events';
import type {
  handleClientStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  ServerWritableStream,
} from '@grpc/grpc-js';
import { asPlexusError, entryOf, PlexusError } from '@plexus/core';
import type { Caller } from '../app/ports.js';
import { type Authenticated, authenticate, type GuardOptions, peerOf, statusOf } from './guard.js';

export interface CallContext extends Pick<
  GuardOptions,
  'federation' | 'nowMs' | 'refuses' | 'recordRefusal'
> {
  /** A bug of ours: logged in full, and the program decides whether to stop. */
  readonly onFailure: (error: PlexusError) => void;
}

export function requireCaller(call: Authenticated, context: CallContext): Caller {
  const known = authenticate(call, context);
  if ('refused' in known)
    throw new PlexusError(known.refused, 'call: its certificate is no longer good');
  return known.caller;
}

/** The status of a failure, counted where it is not ours. */
export function failed(
  thrown: unknown,
  call: Authenticated,
  context: CallContext,
): ReturnType<typeof statusOf> {
  const { code } = asPlexusError(thrown, 'CALL_FAILED');
  const { fault } = entryOf(code);
  if (fault === 'peer' || fault === 'operator') {
    const kind = code.startsWith('CERTIFICATE_') ? 'access' : 'protocol';
    context.recordRefusal({ kind, peer: peerOf(call, context), code });
  }
  return statusOf(thrown, context.onFailure);
}

export function unary<Request, Response>(
  context: CallContext,
  answer: (request: Request, caller: Caller) => Promise<Response>,
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    Promise.resolve()
      .then(async () => await answer(call.request, requireCaller(call, context)))
      .then(
        (response) => {
          callback(null, response);
        },
        (thrown: unknown) => {
          callback(failed(thrown, call, context));
        },
      );
  };
}

export function streamIn<Request, Response>(
  context: CallContext,
  answer: (requests: AsyncIterable<Request>, caller: Caller) => Promise<Response>,
): handleClientStreamingCall<Request, Response> {
  return (call, callback) => {
    Promise.resolve()
      .then(async () => await answer(call, requireCaller(call, context)))
      .then(
        (response) => {
          callback(null, response);
        },
        (thrown: unknown) => {
          // a caller that went away is no failure; what it sent so far stays staged
          if (!call.cancelled) callback(failed(thrown, call, context));
        },
      );
  };
}

export function streamOut<Request, Response>(
  context: CallContext,
  answer: (request: Request, caller: Caller, signal: AbortSignal) => AsyncIterable<Response>,
): handleServerStreamingCall<Request, Response> {
  return (call) => {
    const left = new AbortController();
    call.once('cancelled', () => {
      left.abort();
    });
    Promise.resolve()
      .then(async () => {
        for await (const message of answer(call.request, requireCaller(call, context), left.signal))
          if (!(await writeTo(call, message))) return;
        call.end();
      })
      .catch((thrown: unknown) => {
        if (!call.cancelled) call.emit('error', failed(thrown, call, context));
      });
  };
}

/** Waits while the other side is slower than we are; false once it has gone. */
async function writeTo<Request, Response>(
  call: ServerWritableStream<Request, Response>,
  message: Response,
): Promise<boolean> {
  if (call.cancelled) return false;
  if (call.write(message)) return true;
  const settled = new AbortController();
  const { signal } = settled;
  await Promise.race([once(call, 'drain', { signal }), once(call, 'cancelled', { signal })]);
  settled.abort();
  return !isCancelled(call);
}

function isCancelled(call: { readonly cancelled: boolean }): boolean {
  return call.cancelled; // read again: it changed while we waited
}
