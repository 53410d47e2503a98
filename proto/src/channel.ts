/**
 * The client's half of TLS: a channel to one coordinator, with the federation's CA pinned and no way down to plain text.
 *
 * The server is known by the URI in its certificate, not by its host name: agents reach it through proxies and by address. Where a proxy is
 * set, the channel tunnels through it by CONNECT and TLS ends at the coordinator all the same; the environment is not read here.
 * Leaves to others: reconnecting (connection.ts of each program).
 */
import { isIP } from 'node:net';
import { createSecureContext } from 'node:tls';
import { ChannelCredentials, type ChannelOptions } from '@grpc/grpc-js';
import { PlexusError } from '@plexus/core';
import { MAX_MESSAGE_BYTES, WINDOW_BYTES } from './limits.js';
import { parseProxy } from './proxy.js';
import { certificateUri, coordinatorUri } from './spiffe.js';

export interface TlsIdentity {
  /** Leaf first. */
  readonly chainPem: string;
  /** Secret. */
  readonly keyPem: string;
}

export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly federation: string;
  /** The CA of this federation, and nothing else, is trusted. */
  readonly caPem: string;
  /** `http://[user:password@]host:port` of the proxy that leads out. Secret where it holds a password. */
  readonly proxy?: string;
}

export interface ChannelSettings {
  readonly address: string;
  readonly credentials: ChannelCredentials;
  readonly options: ChannelOptions;
}

/** What a generated client is made with. Without an identity only the enrolment port answers. */
export function channelTo(endpoint: Endpoint, identity?: TlsIdentity): ChannelSettings {
  const context = createSecureContext({
    minVersion: 'TLSv1.3',
    maxVersion: 'TLSv1.3',
    ca: endpoint.caPem,
    ...(identity === undefined ? {} : { cert: identity.chainPem, key: identity.keyPem }),
  });
  const expected = coordinatorUri(endpoint.federation);
  const credentials = ChannelCredentials.createFromSecureContext(context, {
    checkServerIdentity: (_host, certificate) =>
      certificateUri(certificate.raw) === expected
        ? undefined
        : new PlexusError('COORDINATOR_CERT_REFUSED', `COORDINATOR_CERT_REFUSED: not ${expected}`),
  });
  const bare = isIP(endpoint.host) !== 0;
  const target = hostPort(endpoint);
  const proxy = endpoint.proxy === undefined ? undefined : parseProxy(endpoint.proxy);
  return {
    address: proxy === undefined ? target : hostPort(proxy),
    credentials,
    options: {
      'grpc-node.flow_control_window': WINDOW_BYTES,
      'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
      'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
      'grpc.keepalive_time_ms': 20_000,
      'grpc.keepalive_timeout_ms': 10_000,
      'grpc.enable_retries': 0, // a retry is a decision of ours, with an offset or an id in it
      'grpc.use_local_subchannel_pool': 1, // a renewed certificate must not find the old connection
      'grpc.initial_reconnect_backoff_ms': 200,
      'grpc.max_reconnect_backoff_ms': 5_000,
      'grpc.enable_http_proxy': 0, // what grpc-js reads in the environment must not lead elsewhere than what was set
      'grpc.default_authority': target,
      ...(proxy === undefined ? {} : { 'grpc.http_connect_target': `dns:${target}` }),
      ...(proxy?.credentials === undefined ? {} : { 'grpc.http_connect_creds': proxy.credentials }),
      ...(bare ? { 'grpc.ssl_target_name_override': 'coordinator' } : {}), // an address is no server name
    },
  };
}

function hostPort({ host, port }: { readonly host: string; readonly port: number }): string {
  return `${isIP(host) === 6 ? `[${host}]` : host}:${String(port)}`;
}
