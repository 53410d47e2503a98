/** Error codes of the audit log (audit-log.md): whose fault, gRPC status, what the other side is shown. */

export const AUDIT_CODES = {
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
  LOG_BEHIND: ['environment', 'DATA_LOSS', 'the database is older than the published log'],
  LOG_CONFLICT: ['environment', 'DATA_LOSS', 'the published log is not the one of the database'],
} as const;
