/**
 * What the use cases need from outside, without a word of files, SQL or certificates. cli/serve.ts hands in what runtime/ and grpc/ build.
 */
import type { Bytes, Evidence, LeafSource, Mask, Outgoing, PlexusError, Suite } from '@plexus/core';
import type { Store } from '@plexus/runtime/drive';
import type { Certificate } from './federation-state.js';
import type { BundleEntry, CallerKind } from './ports.js';

/** Bytes under their SHA-256 (hex), and uploads that are not complete yet. */
export interface Blobs {
  /** Durable when it resolves. */
  readonly put: (bytes: Bytes) => Promise<string>;
  /** Undefined if there is no such blob. */
  readonly sizeOf: (digest: string) => Promise<number | undefined>;
  /** Errors: peer/BLOB_ABSENT. */
  readonly read: (digest: string) => Promise<Bytes>;
  /** From `offset` on, in pieces. */
  readonly stream: (digest: string, offset: number) => AsyncIterable<Bytes>;
  /** From the start, in pieces that are good until the next is asked for. Errors: peer/BLOB_ABSENT. */
  readonly scan: (digest: string) => AsyncIterable<Bytes>;
  readonly remove: (digest: string) => Promise<void>;
  /** How much of an upload has arrived. */
  readonly staged: (digest: string) => Promise<number>;
  /** Errors: peer/BLOB_OFFSET unless `offset` is where the last bytes ended. */
  readonly append: (digest: string, offset: number, bytes: Bytes) => Promise<void>;
  /** Hashes, syncs and keeps what was staged, or throws it away. Errors: peer/BLOB_MISMATCH. */
  readonly finish: (digest: string) => Promise<void>;
  readonly discard: (digest: string) => Promise<void>;
}

/** The published form of the log. */
export interface Log {
  readonly origin: string;
  readonly vkey: string;
  /** Signs and publishes all that is committed. */
  readonly publish: () => Promise<{ readonly size: number }>;
  /** What proves the leaf `seq`, and others, to a reader that holds the head of size `from`. */
  readonly evidence: (seq: number, from: number, also: readonly number[]) => Promise<Evidence>;
  /** Which further leaves a message rests on. */
  readonly behind: (message: Outgoing, seq: number) => Promise<readonly number[]>;
  /** A proof file (audit-log.md 3.7) and the leaf. */
  proof(seq: number): Promise<{ readonly proof: Bytes; readonly leaf: Bytes }>;
  /** The newest published head, if there is one. */
  readonly head: () => { readonly size: number; readonly note: Bytes } | undefined;
  /** The files of the evidence bundle of that head, its index first. `manifest` finds a study's manifest by its digest. */
  readonly bundle: (
    profile: 'log' | 'full',
    manifest: (sha256: string) => Promise<Bytes | undefined>,
  ) => AsyncIterable<BundleEntry>;
}

export interface Authority {
  /** Errors: peer/CSR_INVALID. */
  issue(
    csr: Bytes,
    member: { readonly kind: CallerKind; readonly id: string },
    nowMs: number,
  ): Promise<{ readonly chain: readonly Bytes[]; readonly certificate: Certificate }>;
}

export interface Surroundings {
  readonly suite: Suite;
  readonly federation: string;
  readonly source: LeafSource;
  readonly store: Store;
  readonly blobs: Blobs;
  readonly log: Log;
  readonly authority: Authority;
  /** addMasks of the suite from word 0 on, without stalling the program: over threads where that helps. */
  readonly addMasks: (
    accumulator: Uint32Array<SharedArrayBuffer>,
    masks: readonly Mask[],
  ) => Promise<void>;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** Bytes of the operating system's generator. */
  readonly random: (length: number) => Bytes;
  /** One line of plain English for the operator; never a row, a secret or a vector. */
  readonly say: (line: string) => void;
  /** What made the program unable to go on. */
  readonly onFailure: (error: PlexusError) => void;
}
