/**
 * The key pair of a TLS certificate and the PKCS#10 request for it. Both are made where the key will live; the key never travels.
 *
 * Source: RFC 2986; architecture.md (Identity). Leaves to others: what the certificate will say (the coordinator's CA decides).
 */
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509';

export interface CertificateRequest {
  /** PKCS#8, PEM. Secret. */
  readonly keyPem: string;
  /** PKCS#10, DER. */
  readonly csr: Uint8Array;
}

const P256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** A fresh P-256 key and its request. The common name is a courtesy to people who read certificates; nothing is decided by it. */
export async function requestCertificate(commonName: string): Promise<CertificateRequest> {
  const keys = await webcrypto.subtle.generateKey(P256, true, ['sign', 'verify']);
  const request = await Pkcs10CertificateRequestGenerator.create(
    { name: [{ CN: [commonName] }], keys, signingAlgorithm: P256 },
    webcrypto,
  );
  return { keyPem: await privateKeyPem(keys.privateKey), csr: new Uint8Array(request.rawData) };
}

export async function privateKeyPem(key: webcrypto.CryptoKey): Promise<string> {
  return pem('PRIVATE KEY', new Uint8Array(await webcrypto.subtle.exportKey('pkcs8', key)));
}

/** A chain (DER, leaf first) as the PEM text that TLS reads. */
export function certificatesPem(chain: readonly Uint8Array[]): string {
  return chain.map((der) => pem('CERTIFICATE', der)).join('');
}

function pem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
