/**
 * The way out through a hospital's HTTP proxy: which one the environment names for a host, and how it is asked to CONNECT.
 *
 * TLS ends at the coordinator all the same; the proxy sees addresses and sizes. The rules of the environment are those of curl and grpc-js.
 * Leaves to others: reading the environment (cli/), which hands in what it read.
 */
import { PlexusError } from '@plexus/core';

export interface Proxy {
  readonly host: string;
  readonly port: number;
  /** `user:password`, if it asks for one. Secret. */
  readonly credentials?: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** The URL of the proxy for that host, or undefined where the way is direct. */
export function proxyUrlFor(host: string, environment: Environment): string | undefined {
  const named = (name: string): string | undefined => {
    const value = environment[name] ?? environment[name.toUpperCase()];
    return value === undefined || value === '' ? undefined : value;
  };
  const direct = (named('no_proxy') ?? '').split(',').map((entry) => entry.trim());
  const spared = direct.some((entry) => {
    const bare = entry.replace(/^\*?\./, '');
    return entry === '*' || (bare !== '' && (host === bare || host.endsWith(`.${bare}`)));
  });
  return spared ? undefined : (named('https_proxy') ?? named('http_proxy'));
}

/** Errors: operator/PROXY_INVALID; the URL may hold a password and is never in the message. */
export function parseProxy(text: string): Proxy {
  let url: URL;
  try {
    url = new URL(text.includes('://') ? text : `http://${text}`);
  } catch {
    throw new PlexusError('PROXY_INVALID', 'proxy: expected http://host:port'); // no cause: it quotes the URL
  }
  if (url.protocol !== 'http:' || url.hostname === '')
    throw new PlexusError('PROXY_INVALID', `proxy: expected http://host:port, got ${url.protocol}`);
  const { hostname, username, password } = url;
  const proxy = { host: hostname, port: url.port === '' ? 80 : Number(url.port) };
  if (username === '') return proxy;
  return {
    ...proxy,
    credentials: `${decodeURIComponent(username)}:${decodeURIComponent(password)}`,
  };
}
