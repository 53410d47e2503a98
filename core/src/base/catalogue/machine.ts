/** Error codes of encodings, machines and stores: whose fault, gRPC status, what the other side is shown. */

export const MACHINE_CODES = {
  // encodings
  ENCODING_INVALID: ['peer', 'INVALID_ARGUMENT', 'the bytes are not in the canonical encoding'],
  CANONICAL_JSON: ['bug', 'INTERNAL', 'a value cannot be written as canonical JSON'],
  // machines and stores
  STATE_UNEXPECTED: ['bug', 'INTERNAL', 'a state machine met a state that its own rules exclude'],
  REPLAY_MISMATCH: ['environment', 'DATA_LOSS', 'the journal does not replay to the stored state'],
  STORE_ABSENT: ['operator', 'FAILED_PRECONDITION', 'there is no database at this place'],
  STORE_EXISTS: ['operator', 'ALREADY_EXISTS', 'there is a database at this place already'],
  STORE_LOCKED: ['operator', 'FAILED_PRECONDITION', 'another process holds the database'],
  STORE_VERSION: ['operator', 'FAILED_PRECONDITION', 'the database is of another version'],
  STORE_FAILED: ['environment', 'INTERNAL', 'the database failed; the program has to start again'],
  STORE_KEY_INVALID: ['operator', 'FAILED_PRECONDITION', 'the key that seals secrets is unusable'],
  SECRET_UNOPENABLE: ['environment', 'DATA_LOSS', 'a sealed secret does not open under the key'],
  MACHINE_UNKNOWN: ['peer', 'NOT_FOUND', 'the input is for something that is not here'],
  REFUSALS_OVERFLOW: ['peer', 'RESOURCE_EXHAUSTED', 'more kinds of refusals than are told apart'],
  // blobs
  BLOB_ABSENT: ['peer', 'NOT_FOUND', 'there are no bytes under this digest'],
  BLOB_OFFSET: ['peer', 'FAILED_PRECONDITION', 'the frame does not follow what has arrived'],
  BLOB_TOO_LARGE: ['peer', 'RESOURCE_EXHAUSTED', 'the bytes are more than were announced'],
  BLOB_MISMATCH: ['peer', 'INVALID_ARGUMENT', 'the bytes are not those of the digest'],
} as const;
