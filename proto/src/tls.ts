/**
 * The server's half of TLS: version 1.3 only, client certificates, large flow-control windows, certificates that change at run time.
 *
 * grpc-js gives a server no way to set HTTP/2 windows (trap 1 of dependencies.md) nor to hear of failed handshakes, so this file reaches
 * behind it: `ServerCredentials` is subclassed for the options, and the HTTP/2 servers are read from the grpc server after binding.
 * grpc-js is pinned exactly. Leaves to others: who may call what (the interceptor of the coordinator).
 */
import type { Http2SecureServer } from 'node:http2';
import type { SecureContextOptions, TLSSocket } from 'node:tls';
import { type Server, ServerCredentials } from '@grpc/grpc-js';
import type { Code } from '@plexus/core';
import { WINDOW_BYTES } from './limits.js';

export interface ServerCertificates {
  /** The CA whose members may connect. */
  readonly caPem: string;
  /** Leaf first, CA last: enrolment pins the CA by its digest, so it must be sent. */
  readonly chainPem: string;
  /** Secret. */
  readonly keyPem: string;
}

export interface TlsRefusal {
  /** Address of the other side, or `unknown` where it was gone too soon. */
  readonly peer: string;
  readonly code: Code;
}

const VERSION = { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3' } as const;
const HANDSHAKE_MS = 10_000;
const MAX_STREAMS = 64;

export class TlsServerCredentials extends ServerCredentials {
  /** `mutual` asks for a client certificate and drops the connection without a good one; only enrolment does not. */
  constructor(certificates: ServerCertificates, mutual: boolean) {
    super(
      {
        ...VERSION,
        requestCert: mutual,
        rejectUnauthorized: mutual,
        handshakeTimeout: HANDSHAKE_MS,
        settings: { initialWindowSize: WINDOW_BYTES, maxConcurrentStreams: MAX_STREAMS },
      },
      contextOf(certificates),
    );
  }

  /** From the next handshake on; open connections keep what they were made with, so expiry is checked per call too. */
  swap(certificates: ServerCertificates): void {
    this.updateSecureContextOptions(contextOf(certificates));
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

/**
 * Binds a server and hears of every handshake that TLS itself refuses, so that refusals can be logged and counted.
 *
 * Errors   environment: the address cannot be bound (the error of net, unchanged).
 */
export async function bindTls(
  server: Server,
  address: string,
  credentials: TlsServerCredentials,
  onTlsRefused: (refusal: TlsRefusal) => void,
): Promise<number> {
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(address, credentials, (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  for (const http2Server of http2ServersOf(server)) {
    http2Server.on('session', (session) => {
      session.setLocalWindowSize(WINDOW_BYTES);
    });
    http2Server.on('tlsClientError', (error: TlsError, socket: TLSSocket) => {
      const peer = addressOf(socket);
      onTlsRefused({ peer, code: refusalCode(error, socket) });
    });
  }
  return port;
}

function contextOf(certificates: ServerCertificates): SecureContextOptions {
  return {
    ...VERSION,
    ca: certificates.caPem,
    cert: certificates.chainPem,
    key: certificates.keyPem,
  };
}

/** The seam: grpc-js keeps its HTTP/2 servers private. Fails loudly if a new version moves them. */
function http2ServersOf(server: Server): readonly Http2SecureServer[] {
  const held: unknown = Reflect.get(server, 'http2Servers');
  if (!(held instanceof Map) || held.size === 0)
    throw new Error('grpc-js: expected the map http2Servers; its version is pinned for this');
  return [...held.keys()] as Http2SecureServer[];
}

type TlsError = Error & { readonly code?: string };

function refusalCode(error: TlsError, socket: TLSSocket): Code {
  // the chain is checked after the handshake: the socket is dropped, and says why only here
  const untrusted: unknown = socket.authorizationError;
  if (untrusted === 'CERT_HAS_EXPIRED' || untrusted === 'CERT_NOT_YET_VALID')
    return 'CERTIFICATE_EXPIRED';
  if (untrusted !== undefined && untrusted !== null) return 'CERTIFICATE_UNTRUSTED';
  switch (error.code ?? '') {
    case 'ERR_SSL_HTTP_REQUEST':
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
      return 'TLS_PLAINTEXT_REFUSED';
    case 'ERR_SSL_UNSUPPORTED_PROTOCOL':
    case 'ERR_SSL_VERSION_TOO_LOW':
      return 'TLS_VERSION_REFUSED';
    case 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE':
      return 'CERTIFICATE_MISSING';
    default:
      return 'TLS_HANDSHAKE_FAILED';
  }
}

function addressOf(socket: { readonly remoteAddress?: string | undefined }): string {
  return socket.remoteAddress ?? 'unknown';
}
