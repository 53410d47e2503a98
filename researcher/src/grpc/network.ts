/**
 * The port of research-api.ts over gRPC: an invite becomes credentials, credentials become a connection.
 *
 * A proxy is looked up in the environment it is given, at each connection, and never written beside the credentials: its URL may hold a password.
 * Leaves to others: reading the environment (main.ts), keeping credentials (config.ts).
 */
import { parseInvite, proxyUrlFor } from '@plexus/proto';
import type { Network } from '../research-api.js';
import { openResearchClient } from './client.js';
import { enrolPerson } from './enrolment.js';

const ENROL_MS = 30_000;

export function grpcNetwork(environment: Readonly<Record<string, string | undefined>>): Network {
  const proxyTo = (host: string): { readonly proxy?: string } => {
    const proxy = proxyUrlFor(host, environment);
    return proxy === undefined ? {} : { proxy };
  };
  return {
    async enrol(text) {
      const { id, host } = parseInvite(text);
      const enrolment = await enrolPerson(text, { ...proxyTo(host), timeoutMs: ENROL_MS });
      const { endpoint, identity, logOrigin, logVkey } = enrolment;
      const { federation, port, caPem } = endpoint;
      const { chainPem, keyPem } = identity;
      const log = { origin: logOrigin, vkey: logVkey };
      return { federation, id, host, port, caPem, chainPem, keyPem, log };
    },
    // async, so that a proxy which cannot be used rejects as everything else does
    async connect({ federation, host, port, caPem, chainPem, keyPem }) {
      await Promise.resolve();
      const endpoint = { federation, host, port, caPem, ...proxyTo(host) };
      return openResearchClient(endpoint, { chainPem, keyPem });
    },
  };
}
