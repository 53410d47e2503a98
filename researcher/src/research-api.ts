/**
 * What a study's author asks of a coordinator, without a word of gRPC: grpc/client.ts answers it over the wire.
 *
 * A refusal is a PlexusError with the code that the coordinator named. What comes back is peer-controlled: client.ts believes the log, not the
 * coordinator.
 */
import type { Bytes } from '@plexus/core';

export interface FederationDescription {
  readonly federation: string;
  readonly log: { readonly origin: string; readonly vkey: string };
  /** Raw Ed25519 public keys, base64, as a roster has them. */
  readonly hospitals: readonly {
    readonly id: string;
    readonly identityKey: string;
    readonly cosignerKey: string;
  }[];
}

export interface StudyStatus {
  readonly study: string;
  /** Hex. */
  readonly manifestSha256: string;
  /** submitted, running, completed, failed or cancelled. */
  readonly phase: string;
  readonly code: string | undefined;
  readonly approved: readonly string[];
  readonly refused: readonly string[];
  readonly roundsDone: number;
  readonly roundsPlanned: number;
  /** Hex, of the newest model. */
  readonly modelSha256: string | undefined;
}

export interface Metric {
  readonly name: string;
  /** Decimal string. */
  readonly value: string;
}

/** Aggregates and names of hospitals, never a number of one of them (I9). */
export interface StudyEvent {
  readonly number: number;
  readonly timeMs: number;
  readonly kind: string;
  readonly round: number;
  readonly attempt: number;
  readonly phase: string;
  readonly hospitals: readonly string[];
  readonly metrics: readonly Metric[];
  readonly code: string | undefined;
}

export interface ModelDownload {
  /** Hex. */
  readonly sha256: string;
  readonly bytes: Bytes;
  readonly rounds: number;
  readonly manifest: Bytes;
  readonly metrics: readonly Metric[];
  /** C2SP tlog-proof of the leaf `model.released`, and the leaf. */
  readonly logProof: Bytes;
  readonly logLeaf: Bytes;
}

export interface ResearchApi {
  federation(): Promise<FederationDescription>;
  submit(manifest: Bytes): Promise<{ readonly study: string; readonly manifestSha256: string }>;
  start(study: string): Promise<void>;
  cancel(study: string): Promise<void>;
  status(study: string): Promise<StudyStatus>;
  list(): Promise<readonly StudyStatus[]>;
  /** Events after number `after`, until the study has ended or the signal fires. */
  watch(study: string, after: number, signal: AbortSignal): AsyncIterable<StudyEvent>;
  /** Errors: BLOB_MISMATCH, and codes of the coordinator. */
  fetchModel(study: string): Promise<ModelDownload>;
  close(): void;
}

/** What enrolment gives a researcher, kept in the home folder. Secret: keyPem. */
export interface Credentials {
  readonly federation: string;
  readonly id: string;
  readonly host: string;
  readonly port: number;
  readonly caPem: string;
  /** Leaf first. */
  readonly chainPem: string;
  readonly keyPem: string;
  readonly log: { readonly origin: string; readonly vkey: string };
}

export interface Network {
  /** Uses up the invite. Secret: its text. */
  enrol(invite: string): Promise<Credentials>;
  connect(credentials: Credentials): Promise<ResearchApi>;
}
