/**
 * Fetches the federation's CA certificate from the enrolment port and accepts it by its SHA-256 alone.
 *
 * One TLS handshake, nothing sent, nothing believed but the certificate whose digest the invite names; the call that carries the token
 * is made afterwards on a channel that trusts this CA only. Goes through an HTTP proxy by CONNECT where one is given.
 */
import { createHash } from 'node:crypto';
import { request } from 'node:http';
import { isIP, type Socket } from 'node:net';
import { connect, type DetailedPeerCertificate, type TLSSocket } from 'node:tls';
import { PlexusError } from '@plexus/core';
import { certificatesPem } from './csr.js';
import { parseProxy } from './proxy.js';

export interface PinnedCa {
  readonly host: string;
  readonly port: number;
  /** Of the CA certificate in DER, lower-case hex. */
  readonly caSha256: string;
  /** As in an Endpoint. */
  readonly proxy?: string;
  readonly timeoutMs: number;
}

/**
 * The CA certificate, PEM.
 *
 * Errors   COORDINATOR_CERT_REFUSED: the server's chain holds no certificate of that digest. COORDINATOR_UNREACHABLE: no handshake.
 */
export async function fetchPinnedCa(wanted: PinnedCa): Promise<string> {
  const tunnel =
    wanted.proxy === undefined ? undefined : await connectThrough(wanted, wanted.proxy);
  const socket = connect({
    ...(tunnel === undefined ? { host: wanted.host, port: wanted.port } : { socket: tunnel }),
    ...(isIP(wanted.host) === 0 ? { servername: wanted.host } : {}),
    minVersion: 'TLSv1.3',
    rejectUnauthorized: false, // nothing is trusted here but a digest; see above
    ALPNProtocols: ['h2'],
  });
  try {
    await handshake(socket, wanted.timeoutMs);
    const found = findByDigest(socket.getPeerCertificate(true), wanted.caSha256);
    if (found === undefined)
      throw new PlexusError(
        'COORDINATOR_CERT_REFUSED',
        'enrolment server: its chain does not hold the CA that the invite names',
      );
    return certificatesPem([found]);
  } finally {
    await leave(socket, wanted.timeoutMs);
  }
}

/** Our half of the handshake is flushed before the line closes: cut short, it would stand among the server's refusals. */
async function leave(socket: TLSSocket, timeoutMs: number): Promise<void> {
  if (!socket.destroyed)
    await new Promise<void>((resolve) => {
      socket.setTimeout(timeoutMs, resolve);
      socket.once('close', () => {
        resolve();
      });
      socket.once('error', () => {
        resolve(); // whatever we came for, we have
      });
      socket.resume(); // the server's close is read only by whoever reads
      socket.end();
    });
  socket.destroy();
}

async function handshake(socket: TLSSocket, timeoutMs: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const fail = (cause: unknown): void => {
      reject(unreachable('no TLS 1.3 handshake', cause));
    };
    socket.setTimeout(timeoutMs, () => {
      fail(undefined);
    });
    socket.once('error', fail);
    socket.once('close', () => {
      fail(undefined);
    });
    socket.once('secureConnect', resolve);
  });
}

function findByDigest(
  first: Partial<DetailedPeerCertificate>,
  sha256: string,
): Uint8Array | undefined {
  // peer-controlled: Node leaves fields out where the chain ends or nothing was shown
  let certificate: Partial<DetailedPeerCertificate> | undefined = first;
  for (let depth = 0; depth < 4 && certificate?.raw !== undefined; depth++) {
    const { raw }: Partial<DetailedPeerCertificate> = certificate;
    if (createHash('sha256').update(raw).digest('hex') === sha256) return new Uint8Array(raw);
    certificate = certificate.issuerCertificate;
  }
  return undefined;
}

async function connectThrough(wanted: PinnedCa, proxy: string): Promise<Socket> {
  const { host, port, credentials } = parseProxy(proxy);
  const path = `${isIP(wanted.host) === 6 ? `[${wanted.host}]` : wanted.host}:${String(wanted.port)}`;
  const basic = credentials === undefined ? undefined : Buffer.from(credentials).toString('base64');
  const authorization = basic === undefined ? {} : { 'proxy-authorization': `Basic ${basic}` };
  return await new Promise<Socket>((resolve, reject) => {
    const call = request({
      host,
      port,
      method: 'CONNECT',
      path,
      headers: { host: path, ...authorization },
    });
    call.setTimeout(wanted.timeoutMs, () => call.destroy(new Error('the proxy did not answer')));
    call.once('error', (cause) => {
      reject(unreachable('the proxy refused', cause));
    });
    call.once('connect', (response, socket) => {
      if (response.statusCode === 200) resolve(socket);
      else reject(unreachable(`the proxy answered ${String(response.statusCode)}`, undefined));
    });
    call.end();
  });
}

function unreachable(what: string, cause: unknown): PlexusError {
  return new PlexusError('COORDINATOR_UNREACHABLE', `enrolment server: ${what}`, { cause });
}
