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
  LIST_MALFORMED: ['peer', 'INVALID_ARGUMENT', 'a list is not strictly ascending by roster index'],
  MEMBER_NOT_ALLOWED: ['peer', 'PERMISSION_DENIED', 'a hospital that may not be here is named'],
  SIGNATURE_INVALID: ['peer', 'UNAUTHENTICATED', 'a signature does not verify'],
  HEADER_MISMATCH: [
    'peer',
    'FAILED_PRECONDITION',
    'a statement belongs to another session or setting',
  ],
  MODEL_MISMATCH: ['peer', 'FAILED_PRECONDITION', 'a statement is about another model'],
  KEY_NON_CANONICAL: ['peer', 'INVALID_ARGUMENT', 'a session key is not canonical'],
  KEY_DUPLICATE: ['peer', 'INVALID_ARGUMENT', 'a session key occurs twice'],
  KEY_LOW_ORDER: ['peer', 'INVALID_ARGUMENT', 'a session key has small order'],
  SHARE_NOT_AS_SIGNED: ['peer', 'INVALID_ARGUMENT', 'a dealing is not the one its dealer signed'],
  SHARE_UNOPENABLE: ['peer', 'FAILED_PRECONDITION', 'a sealed share does not open'],
  SHARE_MISADDRESSED: [
    'peer',
    'FAILED_PRECONDITION',
    'a sealed share is for somebody or something else',
  ],
  SHARE_COMMITMENT_MISMATCH: [
    'peer',
    'FAILED_PRECONDITION',
    'a share does not match its commitment',
  ],
  SURVIVORS_EXCLUDE_SELF: [
    'peer',
    'FAILED_PRECONDITION',
    'the survivor set leaves out the hospital that is asked',
  ],
  SENDER_MISMATCH: [
    'peer',
    'PERMISSION_DENIED',
    'a statement names another sender than its connection',
  ],
  TRANSCRIPT_MISMATCH: [
    'peer',
    'FAILED_PRECONDITION',
    'a statement continues another exchange of messages',
  ],
  COHORT_TOO_SMALL: ['environment', 'ABORTED', 'too few hospitals advertise keys'],
  SURVIVORS_TOO_FEW: ['environment', 'ABORTED', 'too few hospitals are left in the session'],
  VECTOR_DIGEST_MISMATCH: [
    'peer',
    'INVALID_ARGUMENT',
    'no vector of the signed digest was uploaded',
  ],
  SESSION_UNKNOWN: ['peer', 'NOT_FOUND', 'the session is not the one under way'],
  PHASE_UNEXPECTED: ['peer', 'FAILED_PRECONDITION', 'the message does not belong to this exchange'],
  PHASE_CLOSED: ['peer', 'FAILED_PRECONDITION', 'the exchange is over for this hospital'],
  ALREADY_ANSWERED: ['peer', 'ALREADY_EXISTS', 'this exchange was answered before'],
  // secure sum
  RULES_INVALID: [
    'operator',
    'INVALID_ARGUMENT',
    'the rules of the secure sum are outside their bounds',
  ],
  LAYOUT_INVALID: ['operator', 'INVALID_ARGUMENT', 'the layout of the masked vector breaks a rule'],
  VALUES_MISMATCH: ['bug', 'INTERNAL', 'the values handed to the encoder do not fit the layout'],
  VALUE_OUT_OF_RANGE: [
    'operator',
    'FAILED_PRECONDITION',
    'a value is too large for its section of the vector',
  ],
  SHARES_INVALID: ['bug', 'INTERNAL', 'secret shares have bad abscissae, lengths or numbers'],
  VECTOR_LENGTH_MISMATCH: [
    'peer',
    'INVALID_ARGUMENT',
    'the masked vector does not have the length of its layout',
  ],
  SHARE_RELEASE_INVALID: [
    'peer',
    'INVALID_ARGUMENT',
    'the released shares are not the ones that were dealt',
  ],
  DEALER_INCONSISTENT: [
    'peer',
    'FAILED_PRECONDITION',
    'a dealer committed to shares that rebuild another secret',
  ],
  CHECK_WORDS_MISMATCH: ['peer', 'DATA_LOSS', 'the check words of the sum are wrong'],
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
  TRANSITION_LEAF: ['bug', 'INTERNAL', 'a transition does not give exactly one leaf'],
  LEAF_DRAFT_INVALID: ['bug', 'INTERNAL', 'a leaf about to be written does not fit its schema'],
  KEY_INVALID: ['peer', 'INVALID_ARGUMENT', 'the verifier key cannot be used'],
  NOTE_INVALID: ['peer', 'INVALID_ARGUMENT', 'the bytes are not a signed note'],
  CHECKPOINT_INVALID: ['peer', 'INVALID_ARGUMENT', 'the note is not a checkpoint of this log'],
  TILE_INVALID: ['peer', 'INVALID_ARGUMENT', 'the bytes are not a tile or an entry bundle'],
  PROOF_INVALID: ['peer', 'INVALID_ARGUMENT', 'the bytes are not a proof file'],
  TRUST_POLICY_INVALID: ['operator', 'INVALID_ARGUMENT', 'the trust policy is not valid'],
  LOG_HEAD_REFUSED: ['peer', 'FAILED_PRECONDITION', 'the head of the log does not extend mine'],
  LOG_LEAF_MISSING: ['peer', 'FAILED_PRECONDITION', 'the leaf is not in the log under this head'],
  LEAF_INVALID: ['peer', 'INVALID_ARGUMENT', 'the bytes are not a leaf of the log'],
  // data (data.md section 8)
  DATA_SCHEMA_INVALID: [
    'operator',
    'INVALID_ARGUMENT',
    'the data section of the study is not valid',
  ],
  DATA_SOURCE_UNREADABLE: ['operator', 'FAILED_PRECONDITION', 'a data source cannot be read'],
  DATA_EMPTY: ['operator', 'FAILED_PRECONDITION', 'a data source has no rows'],
  DATA_ENCODING: [
    'operator',
    'FAILED_PRECONDITION',
    'a data source is not in the declared encoding',
  ],
  DATA_CSV_SHAPE: [
    'operator',
    'FAILED_PRECONDITION',
    'a CSV file does not have the declared shape',
  ],
  DATA_HEADER: [
    'operator',
    'FAILED_PRECONDITION',
    'the header of a CSV file is not the expected one',
  ],
  DATA_CONFIG_INVALID: ['operator', 'INVALID_ARGUMENT', 'a source or mapping file is not valid'],
  DATA_SQL_FORBIDDEN: [
    'operator',
    'INVALID_ARGUMENT',
    'the mapping does more than select from its own tables',
  ],
  DATA_SQL_INVALID: [
    'operator',
    'INVALID_ARGUMENT',
    'the SQL of the mapping does not parse or bind',
  ],
  DATA_VALUE_UNREADABLE: ['operator', 'FAILED_PRECONDITION', 'the view failed on a value'],
  DATA_COLUMN_MISSING: [
    'operator',
    'FAILED_PRECONDITION',
    'the mapping lacks a column of the study',
  ],
  DATA_COLUMN_UNEXPECTED: [
    'operator',
    'FAILED_PRECONDITION',
    'the mapping has a column that the study does not name',
  ],
  DATA_COLUMN_TYPE: [
    'operator',
    'FAILED_PRECONDITION',
    'a column has another type than the study asks for',
  ],
  DATA_UNIT_MISMATCH: [
    'operator',
    'FAILED_PRECONDITION',
    'a column has another unit than the study asks for',
  ],
  DATA_NOT_FINITE: ['operator', 'FAILED_PRECONDITION', 'a column holds values that are not finite'],
  DATA_VALUE_MISSING: [
    'operator',
    'FAILED_PRECONDITION',
    'a column lacks values that the study requires',
  ],
  DATA_CATEGORY_UNKNOWN: [
    'operator',
    'FAILED_PRECONDITION',
    'a column holds values outside the allowed list',
  ],
  DATA_OUT_OF_RANGE: [
    'operator',
    'FAILED_PRECONDITION',
    'a column holds values outside the allowed range',
  ],
  DATA_UNIT_SUSPECT: [
    'operator',
    'FAILED_PRECONDITION',
    'the median of a column lies outside its range',
  ],
  DATA_TOO_MANY_MISSING: [
    'operator',
    'FAILED_PRECONDITION',
    'a column lacks more values than the study tolerates',
  ],
  DATA_PATIENT_KEY_MISSING: ['operator', 'FAILED_PRECONDITION', 'a row has no patient key'],
  DATA_PATIENT_REPEATED: [
    'operator',
    'FAILED_PRECONDITION',
    'a patient has more rows than the study allows',
  ],
  DATA_SPLIT_INVALID: ['operator', 'FAILED_PRECONDITION', 'the split column cannot be used'],
  DATA_LEVEL_EXCEEDED: [
    'operator',
    'PERMISSION_DENIED',
    'a column is classified above the permitted level',
  ],
  DATA_MAPPING_NOT_APPROVED: [
    'operator',
    'FAILED_PRECONDITION',
    'the mapping has changed since it was approved',
  ],
  DATA_TOO_FEW_PATIENTS: [
    'operator',
    'FAILED_PRECONDITION',
    'the hospital has too few patients for the study',
  ],
  DATA_MEMORY: [
    'environment',
    'RESOURCE_EXHAUSTED',
    'loading the data needs more memory than is allowed',
  ],
  DATA_TIMEOUT: [
    'environment',
    'RESOURCE_EXHAUSTED',
    'loading the data took longer than is allowed',
  ],
  DATA_ENGINE: ['bug', 'INTERNAL', 'the local data engine failed in an unforeseen way'],
  HOSPITAL_KEY_MISSING: ['operator', 'FAILED_PRECONDITION', 'the hospital data key is missing'],
  // studies and tasks
  MODEL_INVALID: ['operator', 'INVALID_ARGUMENT', 'the model section of the study is not valid'],
  TASK_INVALID: ['operator', 'INVALID_ARGUMENT', 'the tasks section of the study is not valid'],
  TASK_UNKNOWN: [
    'operator',
    'INVALID_ARGUMENT',
    'the study names a kind of task that is not known',
  ],
  WEIGHT_SUM_ZERO: ['operator', 'FAILED_PRECONDITION', 'no hospital has a patient to train on'],
  MANIFEST_INVALID: ['operator', 'INVALID_ARGUMENT', 'the manifest of the study is not valid'],
  STUDY_INVALID: ['operator', 'INVALID_ARGUMENT', 'the study is not valid'],
  HOSPITAL_UNKNOWN: ['operator', 'NOT_FOUND', 'the study names a hospital that is not enrolled'],
  FEATURE_UNKNOWN: ['operator', 'INVALID_ARGUMENT', 'the study names a feature that is not known'],
  STATEMENT_INVALID: ['operator', 'INVALID_ARGUMENT', 'the signed statement is not well formed'],
  STATEMENT_SIGNATURE: ['peer', 'PERMISSION_DENIED', 'a signature of the statement is not valid'],
  STATEMENT_MISMATCH: [
    'peer',
    'INVALID_ARGUMENT',
    'the statement speaks of another study, hospital or manifest',
  ],
  APPROVAL_SCOPE: [
    'operator',
    'FAILED_PRECONDITION',
    'the approval does not cover what the study asks',
  ],
  APPROVAL_EXPIRED: ['operator', 'FAILED_PRECONDITION', 'the approval has expired'],
  POLICY_INVALID: ['operator', 'INVALID_ARGUMENT', "the hospital's policy is not valid"],
  POLICY_STUDY: [
    'operator',
    'FAILED_PRECONDITION',
    "the hospital's policy does not name the study",
  ],
  POLICY_LEVEL: [
    'operator',
    'FAILED_PRECONDITION',
    "a column is above the level of the hospital's policy",
  ],
  POLICY_PRIVACY: [
    'operator',
    'FAILED_PRECONDITION',
    "the hospital's policy does not allow the privacy mode",
  ],
  POLICY_TASK: [
    'operator',
    'FAILED_PRECONDITION',
    "the hospital's policy does not allow a kind of task",
  ],
  // engine
  ENGINE_UNAVAILABLE: [
    'environment',
    'FAILED_PRECONDITION',
    'the training engine asked for is not installed',
  ],
  ENGINE_CONFORMANCE: [
    'environment',
    'FAILED_PRECONDITION',
    'the training engine computes wrong numbers',
  ],
  ENGINE_STOPPED: ['environment', 'UNAVAILABLE', 'a training thread ended before it answered'],
  LAYER_UNKNOWN: ['operator', 'INVALID_ARGUMENT', 'the model names a layer that is not known'],
  MODEL_TOO_LARGE: ['operator', 'RESOURCE_EXHAUSTED', 'the model has more parameters than allowed'],
  NON_FINITE_UPDATE: ['operator', 'FAILED_PRECONDITION', 'training left the finite numbers'],
  // identity and transport
  // command line and configuration
  COMMAND_FAILED: ['environment', 'INTERNAL', 'the command failed'],
  FILE_UNREADABLE: ['operator', 'FAILED_PRECONDITION', 'a file cannot be read'],
  FILE_UNWRITABLE: ['operator', 'FAILED_PRECONDITION', 'a file cannot be written'],
  FILE_EXISTS: ['operator', 'ALREADY_EXISTS', 'a file is there already'],
  STUDY_YAML: ['operator', 'INVALID_ARGUMENT', 'the study file is not YAML'],
  CSV_SHAPE: ['operator', 'INVALID_ARGUMENT', 'the CSV file does not have the shape of a table'],
  CSV_COLUMN_MISSING: ['operator', 'INVALID_ARGUMENT', 'the CSV file lacks a column of the model'],
  CSV_VALUE: [
    'operator',
    'INVALID_ARGUMENT',
    'the CSV file has a value that its column does not take',
  ],
  MODEL_FOLDER_INVALID: [
    'operator',
    'INVALID_ARGUMENT',
    'the model folder is not one that was fetched',
  ],
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
