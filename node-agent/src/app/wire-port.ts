/**
 * What the agent's edge asks of the agent, and what it offers it, without a word of gRPC.
 */
import type { Bytes, Code, FromAgent, ToAgent } from '@plexus/core';

export type Answer = { readonly kind: 'ack' } | { readonly kind: 'refused'; readonly code: Code };

/** The agent, as the connection sees it. */
export interface Inbox {
  /** The log head it holds; root in hex, empty at size 0. */
  head(): { readonly size: number; readonly root: string };
  /** Everything of the outbox that nobody answered yet, oldest first; asked for after each hello. */
  pending(): Promise<readonly { readonly id: number; readonly message: FromAgent }[]>;
  /** Delivered at least once and in order; resolve only when the effect is durable (I1). */
  received(id: number, message: ToAgent): Promise<Answer>;
  /** The coordinator answered message `id` of our outbox. */
  answered(id: number, answer: Answer): Promise<void>;
}

/** The way out, as the agent sees it. */
export interface CoordinatorLink {
  /** Best effort: a row that is not answered is sent again after the next hello. */
  send(id: number, message: FromAgent): void;
  /** Goes on where a cut upload stopped; resolves when the coordinator has verified the digest. `read` gives bytes of the blob. */
  upload(
    digest: string,
    sizeBytes: number,
    read: (offset: number, length: number) => Promise<Bytes>,
    signal: AbortSignal,
  ): Promise<void>;
  /** The blob, verified against its digest. Errors: BLOB_MISMATCH, BLOB_TOO_LARGE. */
  download(digest: string, maxBytes: number, signal: AbortSignal): Promise<Bytes>;
}
