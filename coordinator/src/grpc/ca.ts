/**
 * The federation's certificate authority: made once by `init`, then it signs short-lived leaves for members and for the server.
 *
 * What a certificate says is decided here; of the request only the key is used. Serial numbers and times are arguments.
 * Source: RFC 5280; architecture.md (Identity). Leaves to others: where the CA key lies (config), which invite is good (app/).
 */
import 'reflect-metadata';
import { createHash, createPrivateKey, webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Pkcs10CertificateRequest,
  type PublicKey,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { asPlexusError, hex, PlexusError, type Bytes } from '@plexus/core';
import {
  certificatesPem,
  coordinatorUri,
  memberUri,
  privateKeyPem,
  requestCertificate,
  type Member,
  type ServerCertificates,
} from '@plexus/proto';

export interface CaFiles {
  readonly certificatePem: string;
  /** PKCS#8, PEM. Secret. */
  readonly keyPem: string;
}

export interface Validity {
  /** 16 random bytes. */
  readonly serial: Bytes;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

export interface Ca {
  /** SHA-256 of the certificate (DER), hex: what an invite pins. */
  readonly sha256: string;
  readonly certificatePem: string;
  /** Chain (DER, leaf first) for a member. Errors: peer/CSR_INVALID. */
  issueMember(csr: Bytes, member: Member, validity: Validity): Promise<readonly Bytes[]>;
  /** A fresh key and certificate for the coordinator's own ports. */
  issueServer(
    federation: string,
    hosts: readonly string[],
    validity: Validity,
  ): Promise<ServerCertificates>;
}

const P256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

export async function createCa(federation: string, validity: Validity): Promise<CaFiles> {
  const keys = await webcrypto.subtle.generateKey(P256, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: serialOf(validity),
      name: [{ CN: [`Plexus CA of ${federation}`] }],
      notBefore: new Date(validity.notBeforeMs),
      notAfter: new Date(validity.notAfterMs),
      keys,
      signingAlgorithm: P256,
      extensions: [
        new BasicConstraintsExtension(true, 0, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      ],
    },
    webcrypto,
  );
  return {
    certificatePem: certificatesPem([new Uint8Array(certificate.rawData)]),
    keyPem: await privateKeyPem(keys.privateKey),
  };
}

export async function openCa(files: CaFiles): Promise<Ca> {
  const certificate = new X509Certificate(files.certificatePem);
  const der = new Uint8Array(certificate.rawData);
  const pkcs8 = createPrivateKey(files.keyPem).export({ format: 'der', type: 'pkcs8' });
  const signingKey = await webcrypto.subtle.importKey('pkcs8', pkcs8, P256, false, ['sign']);

  async function issue(
    publicKey: PublicKey,
    commonName: string,
    validity: Validity,
    usage: readonly Extension[],
  ): Promise<readonly Bytes[]> {
    const leaf = await X509CertificateGenerator.create(
      {
        serialNumber: serialOf(validity),
        subject: [{ CN: [commonName] }],
        issuer: certificate.subjectName,
        notBefore: new Date(validity.notBeforeMs),
        notAfter: new Date(validity.notAfterMs),
        publicKey,
        signingKey,
        signingAlgorithm: P256,
        extensions: [
          new BasicConstraintsExtension(false, undefined, true),
          new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
          ...usage,
        ],
      },
      webcrypto,
    );
    return [new Uint8Array(leaf.rawData), der];
  }

  return {
    sha256: createHash('sha256').update(der).digest('hex'),
    certificatePem: files.certificatePem,
    async issueMember(csr, member, validity) {
      const publicKey = await keyOfRequest(csr);
      return await issue(publicKey, `${member.kind}/${member.id}`, validity, [
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth]),
        new SubjectAlternativeNameExtension([{ type: 'url', value: memberUri(member) }]),
      ]);
    },
    async issueServer(federation, hosts, validity) {
      const { csr, keyPem } = await requestCertificate('coordinator');
      const chain = await issue(await keyOfRequest(csr), 'coordinator', validity, [
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
        new SubjectAlternativeNameExtension([
          { type: 'url', value: coordinatorUri(federation) },
          ...hosts.map((value) => ({ type: nameType(value), value })),
        ]),
      ]);
      return { caPem: files.certificatePem, chainPem: certificatesPem(chain), keyPem };
    },
  };
}

/** The key of a request that proves possession of it. P-256 and Ed25519 only. Errors: peer/CSR_INVALID. */
async function keyOfRequest(csr: Bytes): Promise<PublicKey> {
  try {
    const request = new Pkcs10CertificateRequest(new Uint8Array(csr));
    const { name, namedCurve } = request.publicKey.algorithm as EcKeyAlgorithm;
    if (name !== 'Ed25519' && !(name === 'ECDSA' && namedCurve === 'P-256'))
      throw new PlexusError('CSR_INVALID', `request: expected P-256 or Ed25519, got ${name}`);
    if (!(await request.verify(webcrypto)))
      throw new PlexusError('CSR_INVALID', 'request: its signature does not verify');
    return request.publicKey;
  } catch (thrown) {
    throw asPlexusError(thrown, 'CSR_INVALID'); // peer-controlled: whatever the parser says
  }
}

interface EcKeyAlgorithm {
  readonly name: string;
  readonly namedCurve?: string;
}

function nameType(host: string): 'ip' | 'dns' {
  return /^[0-9.]+$|:/.test(host) ? 'ip' : 'dns';
}

function serialOf(validity: Validity): string {
  if (validity.serial.length !== 16)
    throw new PlexusError('CALL_FAILED', 'serial: expected 16 random bytes');
  return `00${hex(validity.serial)}`; // a leading zero byte keeps it positive
}
