/**
 * Stands before every method: certificate, role, revocation; and gives every failure its code on the way out.
 *
 * Refused calls never reach a handler (I10). What grpc-js refuses by itself (a message over the limit, one that does not parse) is given
 * our code here. Leaves to others: what a handler does with a caller it is given.
 */
import {
  type ServerInterceptor,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  status,
} from '@grpc/grpc-js';
import { asPlexusError, entryOf, type Code, type PlexusError } from '@plexus/core';
import { codeOfStatus, wireStatus } from '@plexus/proto';
import type { Caller, Refusal } from '../app/ports.js';
import { callerOf, mayCall } from './identity.js';

export interface GuardOptions {
  readonly federation: string;
  readonly nowMs: () => number;
  readonly refuses: (caller: Caller) => Code | undefined;
  readonly recordRefusal: (refusal: Refusal) => void;
}

/** What of a call is read: grpc-js gives handlers and interceptors the same shape. */
export interface Authenticated {
  getAuthContext(): { readonly sslPeerCertificate?: { readonly raw: Uint8Array } } | null;
  getPeer(): string;
}

/** The caller of a call, or the code it is refused with. */
export function authenticate(
  call: Authenticated,
  options: Pick<GuardOptions, 'federation' | 'nowMs' | 'refuses'>,
): { readonly caller: Caller } | { readonly refused: Code } {
  const certificate = call.getAuthContext()?.sslPeerCertificate;
  if (certificate === undefined) return { refused: 'CERTIFICATE_INVALID' };
  const known = callerOf(certificate.raw, options.federation, options.nowMs());
  if ('refused' in known) return known;
  const refused = options.refuses(known.caller);
  return refused === undefined ? known : { refused };
}

/** For the port with mutual TLS. */
export function guardMembers(options: GuardOptions): ServerInterceptor {
  return (method, call) => {
    nameFailures(call, (code) => {
      options.recordRefusal({ kind: 'protocol', peer: peerOf(call, options), code });
    });
    return new ServerInterceptingCall(call, {
      start: (next) => {
        next({
          onReceiveMetadata: (metadata, pass) => {
            const known = authenticate(call, options);
            const refused =
              'refused' in known
                ? known.refused
                : mayCall(known.caller.kind, method.path)
                  ? undefined
                  : 'ROLE_NOT_ALLOWED';
            if (refused === undefined) {
              pass(metadata);
              return;
            }
            options.recordRefusal({ kind: 'access', peer: peerOf(call, options), code: refused });
            call.sendStatus(wireStatus(refused)); // the handler never sees the call
          },
        });
      },
    });
  };
}

/** For the enrolment port: nobody has a certificate, and the token in the request is all there is. */
export function guardEnrolment(recordRefusal: (refusal: Refusal) => void): ServerInterceptor {
  return (_method, call) => {
    nameFailures(call, (code) => {
      recordRefusal({ kind: 'protocol', peer: addressOf(call), code });
    });
    return new ServerInterceptingCall(call);
  };
}

/**
 * The status a failed handler answers with. A peer is told the code of a refusal; of a bug of ours it learns only that there was one,
 * and `onFailure` hears of it.
 */
export function statusOf(
  thrown: unknown,
  onFailure: (error: PlexusError) => void,
): ReturnType<typeof wireStatus> {
  const error = asPlexusError(thrown, 'CALL_FAILED');
  if (entryOf(error.code).fault === 'bug') onFailure(error);
  return wireStatus(error.code);
}

/** grpc-js ends some calls below the interceptors, so the lowest `sendStatus` is the place where none is missed. */
function nameFailures(
  call: ServerInterceptingCallInterface,
  onProtocolFailure: (code: Code) => void,
): void {
  const send = call.sendStatus.bind(call);
  call.sendStatus = (sent: Parameters<typeof send>[0]) => {
    const code =
      sent.code === status.OK || sent.metadata?.get('plexus-code').length === 1
        ? undefined
        : codeOfStatus(sent.code, sent.details);
    if (code !== undefined) onProtocolFailure(code);
    send(code === undefined ? sent : wireStatus(code));
  };
}

/** The member a certificate names, expired or revoked though it may be; else the address. */
export function peerOf(
  call: Authenticated,
  { federation }: Pick<GuardOptions, 'federation'>,
): string {
  const certificate = call.getAuthContext()?.sslPeerCertificate;
  const known =
    certificate === undefined
      ? { refused: 'CERTIFICATE_MISSING' }
      : callerOf(certificate.raw, federation, 0);
  return 'caller' in known ? `${known.caller.kind}/${known.caller.id}` : addressOf(call);
}

function addressOf(call: Pick<Authenticated, 'getPeer'>): string {
  return call.getPeer().replace(/:\d+$/, '');
}
