/**
 * What the agent needs of the machine it runs on, without a word of technology: rows, training, blobs, and a place for lines.
 */
import type { Bytes, DataSchema, LocalRows } from '@plexus/core';
import type { MappingDigests } from './mapping-approval.js';

export interface LocalData {
  /** Errors: the codes of data.md section 8, DATA_MAPPING_NOT_APPROVED among them. Secret: rows (I9). */
  load(
    study: string,
    schema: DataSchema,
    approved: MappingDigests | undefined,
  ): Promise<{
    readonly rows: LocalRows;
    /** Hex: a keyed digest of the rows, and the digest of the mapping. */
    readonly cohort: string;
    readonly mapping: string;
  }>;
}

/** Masked vectors by digest, until the coordinator has them. Public: a masked vector says nothing without the other hospitals'. */
export interface VectorStore {
  /** Durable when it resolves. */
  put(digest: string, bytes: Bytes): Promise<void>;
  /** Errors: peer/BLOB_ABSENT. */
  read(digest: string, offset: number, length: number): Promise<Bytes>;
  remove(digest: string): Promise<void>;
}

/** One line an event, in plain English; never a value of a row, a secret or a vector. */
export type Note = (line: string) => void;
