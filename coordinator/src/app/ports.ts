/**
 * What the coordinator's edge asks of the coordinator: the use cases, without a word of gRPC, SQL or files.
 *
 * A refusal is a PlexusError with a code of the catalogue, or `refused` where a peer's message is answered. The edge has already checked the
 * caller's certificate and role and the form of the request; every meaning is checked behind this line.
 */
import type { Bytes, Code, Envelope, FromAgent, KeyRole, ToAgent } from '@plexus/core';

export type CallerKind = 'hospital' | 'researcher' | 'auditor' | 'operator';

/** Who calls, as its certificate says. */
export interface Caller {
  readonly kind: CallerKind;
  readonly id: string;
  /** SHA-256 of the certificate (DER), hex: revocation and leaves name it. */
  readonly certificate: string;
  readonly notAfterMs: number;
}

export interface RegisteredKey {
  readonly role: KeyRole;
  readonly vkey: string;
  /** `key` statement, signed by the identity key and by the key itself (audit-log.md section 6). */
  readonly statement: Envelope;
}

export interface EnrolmentRequest {
  /** Base64url, as in the invite. Secret; compare its SHA-256. */
  readonly token: string;
  readonly kind: CallerKind;
  readonly id: string;
  /** PKCS#10, DER. */
  readonly csr: Bytes;
  readonly keys: readonly RegisteredKey[];
}

export interface Enrolled {
  /** DER, leaf first, CA last. */
  readonly chain: readonly Bytes[];
  readonly federation: string;
  readonly logOrigin: string;
  readonly logVkey: string;
}

export type Answer = { readonly kind: 'ack' } | { readonly kind: 'refused'; readonly code: Code };

/** The way to one connected agent. Sending is best effort: what is not acknowledged is sent again on the next link. */
export interface AgentLink {
  send(id: number, message: ToAgent): void;
  close(code: Code): void;
}

export interface AgentHello {
  readonly software: string;
  /** The log head this agent says it holds; root in hex, empty at size 0. */
  readonly head: { readonly size: number; readonly root: string };
}

export interface AgentsPort {
  /** A link is open: send what waits for this hospital. An older link of it has been closed. */
  connected(hospital: string, hello: AgentHello, link: AgentLink): Promise<void>;
  disconnected(hospital: string, link: AgentLink): void;
  /** Delivered at least once and in order; resolve only when the effect is durable (I1). */
  received(hospital: string, id: number, message: FromAgent): Promise<Answer>;
  /** The agent answered message `id` of our outbox. */
  answered(hospital: string, id: number, answer: Answer): Promise<void>;
}

export interface BlobsPort {
  stat(hospital: string, digest: string): Promise<{ offset: number; complete: boolean }>;
  /** May this hospital store a blob of that size? Errors: BLOB_TOO_LARGE and codes of the round. */
  begin(hospital: string, digest: string, sizeBytes: number): Promise<void>;
  /** Appends at `offset`, which is where the last bytes ended. Errors: BLOB_OFFSET. */
  append(hospital: string, digest: string, offset: number, bytes: Bytes): Promise<void>;
  /** All bytes are there: hash, sync, keep; or throw away. Errors: BLOB_MISMATCH. */
  finish(hospital: string, digest: string): Promise<void>;
  /** A blob that this hospital may read, from `offset` on. */
  read(hospital: string, digest: string, offset: number): Promise<ByteSource>;
}

export interface ByteSource {
  readonly sizeBytes: number;
  readonly bytes: AsyncIterable<Bytes>;
}

export interface FederationView {
  readonly federation: string;
  readonly logOrigin: string;
  readonly logVkey: string;
  /** Keys are raw Ed25519 public keys, base64. */
  readonly hospitals: readonly {
    readonly id: string;
    readonly identityKey: string;
    readonly cosignerKey: string;
  }[];
}

export type StudyPhase = 'submitted' | 'running' | 'completed' | 'failed' | 'cancelled';

export interface StudyView {
  readonly study: string;
  readonly manifestSha256: string;
  readonly phase: StudyPhase;
  readonly code?: Code;
  readonly approved: readonly string[];
  readonly refused: readonly string[];
  readonly roundsDone: number;
  readonly roundsPlanned: number;
  readonly modelSha256?: string;
}

/** Aggregates only (I9); a metric's value is a decimal string. */
export interface MetricView {
  readonly name: string;
  readonly value: string;
}

export interface StudyEventView {
  readonly number: number;
  readonly timeMs: number;
  readonly kind: string;
  readonly round: number;
  readonly attempt: number;
  readonly phase: string;
  readonly hospitals: readonly string[];
  readonly metrics: readonly MetricView[];
  readonly code?: Code;
}

export interface ModelView {
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly rounds: number;
  readonly manifest: Bytes;
  readonly metrics: readonly MetricView[];
  readonly logProof: Bytes;
  readonly logLeaf: Bytes;
  readonly bytes: AsyncIterable<Bytes>;
}

export interface StudiesPort {
  federation(): Promise<FederationView>;
  submit(
    caller: Caller,
    manifest: Bytes,
  ): Promise<{ readonly study: string; readonly manifestSha256: string }>;
  start(caller: Caller, study: string): Promise<void>;
  cancel(caller: Caller, study: string): Promise<void>;
  get(caller: Caller, study: string): Promise<StudyView>;
  list(caller: Caller): Promise<readonly StudyView[]>;
  /** Events after number `after`, then new ones as they come; ends when the study has ended or the signal fires. */
  watch(
    caller: Caller,
    study: string,
    after: number,
    signal: AbortSignal,
  ): AsyncIterable<StudyEventView>;
  model(caller: Caller, study: string): Promise<ModelView>;
}

export interface BundleEntry {
  readonly path: string;
  readonly sizeBytes: number;
  readonly bytes: AsyncIterable<Bytes>;
}

export interface Refusal {
  readonly kind: 'protocol' | 'access' | 'tls';
  /** `hospital/<id>` and the like where a certificate said so, else an address. */
  readonly peer: string;
  readonly code: Code;
}

export interface CoordinatorApp {
  /** Is this certificate still good (revocation, members who left)? Asked on every call; undefined means yes. */
  refuses(caller: Caller): Code | undefined;
  /** Counted, logged, and from time to time a `refusals.recorded` leaf (audit-log.md L5). */
  recordRefusal(refusal: Refusal): void;
  enrol(request: EnrolmentRequest): Promise<Enrolled>;
  renew(caller: Caller, csr: Bytes): Promise<readonly Bytes[]>;
  /** Records the export (`export.performed`), then yields the files in the order of bundle.json. */
  exportBundle(
    caller: Caller,
    profile: 'log' | 'full',
    study: string | undefined,
  ): AsyncIterable<BundleEntry>;
  readonly agents: AgentsPort;
  readonly blobs: BlobsPort;
  readonly studies: StudiesPort;
}
