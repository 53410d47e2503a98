/**
 * The error catalogue: every code a program of Plexus can answer, whose fault it is, and what to do about it.
 *
 * An expected refusal is a value carrying a code; an exception is a PlexusError. Both name an entry of this table.
 * Leaves to others: transport (grpc/status.ts maps `status`), presentation (cli/).
 */

export type Fault = 'peer' | 'operator' | 'environment' | 'bug';

/** Names of the gRPC status codes (grpc/grpc doc/statuscodes.md). */
export type Status =
  | 'INVALID_ARGUMENT'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'PERMISSION_DENIED'
  | 'RESOURCE_EXHAUSTED'
  | 'FAILED_PRECONDITION'
  | 'ABORTED'
  | 'INTERNAL'
  | 'UNAVAILABLE'
  | 'DATA_LOSS'
  | 'UNAUTHENTICATED';

/** One line a code: whose fault, gRPC status, the text the other side is shown (it says nothing of local state). */
export const CATALOGUE = {
  // encodings
  ENCODING_INVALID: ['peer', 'INVALID_ARGUMENT', 'the bytes are not in the canonical encoding'],
  CANONICAL_JSON: ['bug', 'INTERNAL', 'a value cannot be written as canonical JSON'],
  // machines and stores
  STATE_UNEXPECTED: ['bug', 'INTERNAL', 'a state machine met a state that its own rules exclude'],
  REPLAY_MISMATCH: ['environment', 'DATA_LOSS', 'the journal does not replay to the stored state'],
  // rounds (secure-aggregation.md section 4)
  // secure sum
  SUITE_INPUT: [
    'bug',
    'INTERNAL',
    'a key, nonce or offset handed to a primitive has the wrong size',
  ],
  HOST_UNSUPPORTED: [
    'environment',
    'FAILED_PRECONDITION',
    'this machine cannot run the mask kernel',
  ],
  // audit log
  // data (data.md section 8)
  // studies and tasks
  // engine
  // identity and transport
  // command line and configuration
} as const;

export type Code = keyof typeof CATALOGUE;

const TABLE: Readonly<Record<Code, readonly [Fault, Status, string]>> = CATALOGUE;

export interface CatalogueEntry {
  readonly fault: Fault;
  readonly status: Status;
  /** True if the same request may succeed later without anybody changing anything. */
  readonly retry: boolean;
  readonly text: string;
}

export function entryOf(code: Code): CatalogueEntry {
  const [fault, status, text] = TABLE[code];
  const retry = status === 'UNAVAILABLE' || status === 'ABORTED' || status === 'RESOURCE_EXHAUSTED';
  return { fault, status, retry, text };
}

/** An exception with a code. `message` reads `place: expectation, what came`; never a row, a value, a secret or a vector. */
export class PlexusError extends Error {
  readonly code: Code;

  constructor(code: Code, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'PlexusError';
    this.code = code;
  }
}

/** The one funnel from unknown to the error type: what is not ours becomes the given code with the original as cause. */
export function asPlexusError(thrown: unknown, otherwise: Code): PlexusError {
  if (thrown instanceof PlexusError) return thrown;
  return new PlexusError(otherwise, entryOf(otherwise).text, { cause: thrown });
}
