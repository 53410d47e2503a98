/** Error codes of rounds and the secure sum (secure-aggregation.md): whose fault, gRPC status, what the other side is shown. */

export const SUM_CODES = {
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
  ROUND_STALE: ['peer', 'FAILED_PRECONDITION', 'the message is about another round or attempt'],
  COHORT_TOO_LARGE: ['peer', 'FAILED_PRECONDITION', 'more hospitals than the rules allow'],
  COHORT_EXCLUDES_SELF: [
    'peer',
    'FAILED_PRECONDITION',
    'the cohort leaves out the hospital that is asked',
  ],
  MANIFEST_MISMATCH: ['peer', 'FAILED_PRECONDITION', 'the manifest is not the one that is known'],
  LAYOUT_MISMATCH: [
    'peer',
    'FAILED_PRECONDITION',
    'the layout is not the one that follows from the manifest',
  ],
  UPDATE_NOT_READY: ['peer', 'FAILED_PRECONDITION', 'there is no trained update to send'],
  SESSION_REUSED: ['peer', 'FAILED_PRECONDITION', 'a session of this id was answered before'],
  SESSION_OPEN: ['peer', 'FAILED_PRECONDITION', 'another session of the study is still open'],
  SESSION_CLOSED: ['peer', 'FAILED_PRECONDITION', 'the session is over at this hospital'],
  SURVIVORS_ALREADY_SIGNED: [
    'peer',
    'FAILED_PRECONDITION',
    'another survivor set was signed in this session',
  ],
  SIGNER_NOT_SURVIVOR: ['peer', 'PERMISSION_DENIED', 'a hospital that is no survivor has signed'],
  QUORUM_NOT_REACHED: ['peer', 'FAILED_PRECONDITION', 'too few survivors have signed'],
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
} as const;
