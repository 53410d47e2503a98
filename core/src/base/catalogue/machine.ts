/** Error codes of encodings, machines and stores: whose fault, gRPC status, what the other side is shown. */

export const MACHINE_CODES = {
  // encodings
  ENCODING_INVALID: ['peer', 'INVALID_ARGUMENT', 'the bytes are not in the canonical encoding'],
  CANONICAL_JSON: ['bug', 'INTERNAL', 'a value cannot be written as canonical JSON'],
  // machines and stores
  STATE_UNEXPECTED: ['bug', 'INTERNAL', 'a state machine met a state that its own rules exclude'],
  REPLAY_MISMATCH: ['environment', 'DATA_LOSS', 'the journal does not replay to the stored state'],
  // blobs
  BLOB_ABSENT: ['peer', 'NOT_FOUND', 'there are no bytes under this digest'],
  BLOB_OFFSET: ['peer', 'FAILED_PRECONDITION', 'the frame does not follow what has arrived'],
  BLOB_TOO_LARGE: ['peer', 'RESOURCE_EXHAUSTED', 'the bytes are more than were announced'],
  BLOB_MISMATCH: ['peer', 'INVALID_ARGUMENT', 'the bytes are not those of the digest'],
} as const;
