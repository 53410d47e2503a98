/** Error codes of the coordinator's program: whose fault, gRPC status, what the other side is shown. */

export const COORDINATOR_CODES = {
  FEDERATION_ABSENT: ['environment', 'FAILED_PRECONDITION', 'the federation has no log yet'],
  MEMBER_UNKNOWN: ['operator', 'NOT_FOUND', 'the federation has no such member'],
  MODEL_NOT_RELEASED: ['operator', 'FAILED_PRECONDITION', 'the study has not released a model'],
  EXTRACT_NOT_OFFERED: [
    'operator',
    'FAILED_PRECONDITION',
    'the evidence of one study alone is not offered; ask for the whole log',
  ],
  UPLOAD_UNEXPECTED: [
    'peer',
    'FAILED_PRECONDITION',
    'no vector of this size is awaited from this hospital',
  ],
  COORDINATOR_CONFIG_INVALID: [
    'operator',
    'INVALID_ARGUMENT',
    "the coordinator's configuration is not valid",
  ],
  COORDINATOR_RUNNING: [
    'operator',
    'FAILED_PRECONDITION',
    'a coordinator runs on this folder already',
  ],
} as const;
