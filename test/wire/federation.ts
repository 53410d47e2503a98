/**
 * A coordinator's edge on loopback for the tests of the wire: real certificates, real TLS, free ports, and a coordinator in memory behind it.
 */
import { createHash, randomBytes } from 'node:crypto';
import { base64, hex, PlexusError, type Code, type FromAgent } from '@plexus/core';
import {
  requestCertificate,
  certificatesPem,
  type Endpoint,
  type Member,
  type TlsIdentity,
} from '@plexus/proto';
import { nodeSuite } from '@plexus/suite';
import {
  decideEnrolment,
  tokenDigest,
  type IssuedInvite,
} from '../../coordinator/src/app/enrolment.ts';
import type {
  AgentHello,
  AgentLink,
  Answer,
  BundleEntry,
  Caller,
  CoordinatorApp,
  EnrolmentRequest,
  Refusal,
  StudyEventView,
  StudyView,
} from '../../coordinator/src/app/ports.ts';
import { createCa, openCa, type Ca, type Validity } from '../../coordinator/src/grpc/ca.ts';
import { startServer, type RunningServer } from '../../coordinator/src/grpc/server.ts';

export const FEDERATION = 'onco.example.org';
export const HOUR = 3_600_000;

export function validity(fromMs = -HOUR, toMs = HOUR): Validity {
  const now = Date.now();
  return {
    serial: new Uint8Array(randomBytes(16)),
    notBeforeMs: now + fromMs,
    notAfterMs: now + toMs,
  };
}

export async function newCa(): Promise<Ca> {
  return await openCa(await createCa(FEDERATION, validity(-HOUR, 24 * HOUR)));
}

export async function identityFor(
  ca: Ca,
  member: Partial<Member> = {},
  when: Validity = validity(),
): Promise<TlsIdentity> {
  const whole: Member = { federation: FEDERATION, kind: 'hospital', id: 'north', ...member };
  const { csr, keyPem } = await requestCertificate('test');
  return { chainPem: certificatesPem(await ca.issueMember(csr, whole, when)), keyPem };
}

type Waiting = { readonly matches: () => boolean; readonly resolve: () => void };

/** A coordinator in memory: it remembers what reached it, and lets a test wait for it without sleeping. */
export class MemoryCoordinator implements CoordinatorApp {
  readonly refusals: Refusal[] = [];
  readonly received: { hospital: string; id: number; message: FromAgent }[] = [];
  readonly answers: { hospital: string; id: number; answer: Answer }[] = [];
  readonly hellos: AgentHello[] = [];
  readonly links: AgentLink[] = [];
  readonly gone: AgentLink[] = [];
  readonly appends: number[] = [];
  readonly revoked = new Set<string>();
  readonly certificates = new Set<string>();
  readonly invites = new Map<string, IssuedInvite>();
  readonly knownKeys = new Set<string>();
  readonly blobs_ = new Map<string, { bytes: Uint8Array; size: number; complete: boolean }>();
  readonly events: StudyEventView[] = [];
  manifest: Uint8Array | undefined;
  answer: (message: FromAgent) => Promise<Answer> = () => Promise.resolve({ kind: 'ack' });
  afterAppend: (total: number) => void = () => undefined;
  failWith: Error | undefined;
  readonly #ca: Ca;
  #waiting: Waiting[] = [];

  constructor(ca: Ca) {
    this.#ca = ca;
  }

  async until(matches: () => boolean): Promise<void> {
    if (matches()) return;
    await new Promise<void>((resolve) => {
      this.#waiting.push({ matches, resolve });
    });
  }

  async refusal(code: Code): Promise<Refusal> {
    await this.until(() => this.refusals.some((one) => one.code === code));
    return this.refusals.find((one) => one.code === code)!;
  }

  refuses(caller: Caller): Code | undefined {
    this.certificates.add(caller.certificate);
    return this.revoked.has(caller.id) ? 'CERTIFICATE_REVOKED' : undefined;
  }

  recordRefusal(refusal: Refusal): void {
    this.refusals.push(refusal);
    this.#changed();
  }

  async enrol(request: EnrolmentRequest) {
    const tokenSha256 = tokenDigest(nodeSuite, request.token);
    const invite = this.invites.get(tokenSha256);
    const isKnownKey = (key: string): boolean => this.knownKeys.has(key);
    const facts = { invite, nowMs: Date.now(), isKnownKey };
    const decision = decideEnrolment(nodeSuite, { ...request, tokenSha256 }, facts);
    if (decision.kind === 'refused') throw new PlexusError(decision.code, 'enrolment: refused');
    const { kind, id, csr } = request;
    const chain = await this.#ca.issueMember(csr, { federation: FEDERATION, kind, id }, validity());
    this.invites.set(tokenSha256, { ...invite!, usedAtMs: Date.now() });
    for (const { key } of decision.keys) this.knownKeys.add(base64(key.publicKey));
    return { chain, federation: FEDERATION, logOrigin: 'log.example.org', logVkey: 'vkey' };
  }

  async renew({ kind, id }: Caller, csr: Uint8Array) {
    return await this.#ca.issueMember(csr, { federation: FEDERATION, kind, id }, validity());
  }

  async *exportBundle(_caller: Caller, profile: string): AsyncIterable<BundleEntry> {
    for (const path of ['README.txt', 'bundle.json']) {
      const bytes = new TextEncoder().encode(`${path} ${profile}`);
      yield { path, sizeBytes: bytes.length, bytes: one(bytes) };
    }
    await Promise.resolve();
  }

  readonly agents = {
    connected: (_hospital: string, hello: AgentHello, link: AgentLink): Promise<void> => {
      this.hellos.push(hello);
      this.links.push(link);
      this.#changed();
      return Promise.resolve();
    },
    disconnected: (_hospital: string, link: AgentLink): void => {
      this.gone.push(link);
      this.#changed();
    },
    received: async (hospital: string, id: number, message: FromAgent): Promise<Answer> => {
      this.received.push({ hospital, id, message });
      this.#changed();
      return await this.answer(message);
    },
    answered: (hospital: string, id: number, answer: Answer): Promise<void> => {
      this.answers.push({ hospital, id, answer });
      this.#changed();
      return Promise.resolve();
    },
  };

  readonly blobs = {
    stat: (_hospital: string, digest: string) => {
      const staged = this.blobs_.get(digest);
      return Promise.resolve({
        offset: staged?.bytes.length ?? 0,
        complete: staged?.complete ?? false,
      });
    },
    begin: (_hospital: string, digest: string, size: number) => {
      if (!this.blobs_.has(digest))
        this.blobs_.set(digest, { bytes: new Uint8Array(), size, complete: false });
      return Promise.resolve();
    },
    append: (_hospital: string, digest: string, offset: number, bytes: Uint8Array) => {
      const staged = this.blobs_.get(digest)!;
      if (staged.bytes.length !== offset) throw new PlexusError('BLOB_OFFSET', 'append');
      staged.bytes = Buffer.concat([staged.bytes, bytes]);
      this.appends.push(offset);
      this.afterAppend(staged.bytes.length);
      return Promise.resolve();
    },
    finish: (_hospital: string, digest: string) => {
      const staged = this.blobs_.get(digest)!;
      if (createHash('sha256').update(staged.bytes).digest('hex') !== digest) {
        this.blobs_.delete(digest);
        throw new PlexusError('BLOB_MISMATCH', 'upload');
      }
      staged.complete = true;
      return Promise.resolve();
    },
    read: (_hospital: string, digest: string, offset: number) => {
      const bytes = this.blobs_.get(digest)?.bytes;
      if (bytes === undefined) return Promise.reject(new PlexusError('BLOB_ABSENT', 'read'));
      return Promise.resolve({ sizeBytes: bytes.length, bytes: one(bytes.subarray(offset)) });
    },
  };

  readonly studies = {
    federation: () =>
      Promise.resolve({
        federation: FEDERATION,
        logOrigin: 'log.example.org',
        logVkey: 'vkey',
        hospitals: [{ id: 'north', identityKey: 'AAAA', cosignerKey: 'AQID' }],
      }),
    submit: (_caller: Caller, manifest: Uint8Array) => {
      this.manifest = manifest;
      return Promise.resolve({ study: 'heart', manifestSha256: sha256(manifest) });
    },
    start: () => Promise.resolve(),
    cancel: () => Promise.resolve(),
    get: () =>
      this.failWith === undefined ? Promise.resolve(STUDY) : Promise.reject(this.failWith),
    list: () => Promise.resolve([STUDY]),
    watch: (_caller: Caller, _study: string, after: number) => this.#eventsAfter(after),
    model: () => {
      const bytes = new Uint8Array(randomBytes(3 << 20));
      return Promise.resolve({
        sha256: sha256(bytes),
        sizeBytes: bytes.length,
        rounds: 15,
        manifest: new Uint8Array([1, 2]),
        metrics: [{ name: 'auc', value: '0.875' }],
        logProof: new Uint8Array([3]),
        logLeaf: new Uint8Array([4]),
        bytes: one(bytes),
      });
    },
  };

  async *#eventsAfter(after: number): AsyncIterable<StudyEventView> {
    await Promise.resolve();
    yield* this.events.filter(({ number }) => number > after);
  }

  #changed(): void {
    const ready = this.#waiting.filter(({ matches }) => matches());
    this.#waiting = this.#waiting.filter((one) => !ready.includes(one));
    for (const { resolve } of ready) resolve();
  }
}

const STUDY: StudyView = {
  study: 'heart',
  manifestSha256: '11'.repeat(32),
  phase: 'running',
  approved: ['north'],
  refused: [],
  roundsDone: 3,
  roundsPlanned: 15,
};

export interface Federation {
  readonly ca: Ca;
  readonly app: MemoryCoordinator;
  readonly server: RunningServer;
  readonly endpoint: Endpoint;
  readonly failures: PlexusError[];
  clock: () => number;
  close(): Promise<void>;
}

export async function startFederation(heartbeatMs?: number): Promise<Federation> {
  const ca = await newCa();
  const app = new MemoryCoordinator(ca);
  const failures: PlexusError[] = [];
  const time = { now: () => Date.now() };
  const server = await startServer(app, {
    federation: FEDERATION,
    host: '127.0.0.1',
    port: 0,
    enrolPort: 0,
    certificates: await ca.issueServer(FEDERATION, ['127.0.0.1', 'localhost'], validity()),
    software: 'plexus-coordinator/0.1.0',
    ...(heartbeatMs === undefined ? {} : { heartbeatMs }),
    nowMs: () => time.now(),
    onFailure: (error) => failures.push(error),
  });
  const endpoint = {
    host: '127.0.0.1',
    port: server.port,
    federation: FEDERATION,
    caPem: ca.certificatePem,
  };
  return {
    ca,
    app,
    server,
    endpoint,
    failures,
    set clock(now: () => number) {
      time.now = now;
    },
    async close() {
      await server.close(0);
    },
  };
}

export function sha256(bytes: Uint8Array): string {
  return hex(nodeSuite.sha256(bytes));
}

async function* one(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  await Promise.resolve();
  yield bytes;
}
