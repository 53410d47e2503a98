/**
 * What travels beside a message that a log leaf must back: a signed checkpoint, the path from the receiver's head to it, and the leaf.
 *
 * Source: audit-log.md L4 and 9.2. Attached by the sender after publication, checked by the receiver before its machine sees the message.
 */
/** A type alias, so that messages that carry it are assignable to JsonObject. */
export type Evidence = {
  /** The checkpoint note, as text. */
  readonly checkpoint: string;
  /** Size the consistency proof starts from: the head the receiver last reported. */
  readonly from: number;
  /** Consistency proof, base64 hashes; empty from size 0. */
  readonly consistency: readonly string[];
  readonly leaf: { readonly seq: number; readonly bytes: string };
  /** Inclusion proof of the leaf in the checkpoint, base64 hashes. */
  readonly inclusion: readonly string[];
  /** Further leaves that the message rests on, each with its proof. */
  readonly also?: readonly IncludedLeaf[];
};

/** `bytes` and the hashes of the inclusion proof are base64. */
export type IncludedLeaf = {
  readonly seq: number;
  readonly bytes: string;
  readonly inclusion: readonly string[];
};
