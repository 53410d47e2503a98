/** Error codes of studies, tasks and the engine: whose fault, gRPC status, what the other side is shown. */

export const STUDY_CODES = {
  // studies and tasks
  MODEL_INVALID: ['operator', 'INVALID_ARGUMENT', 'the model section of the study is not valid'],
  TASK_INVALID: ['operator', 'INVALID_ARGUMENT', 'the tasks section of the study is not valid'],
  TASK_UNKNOWN: [
    'operator',
    'INVALID_ARGUMENT',
    'the study names a kind of task that is not known',
  ],
  WEIGHT_SUM_ZERO: ['operator', 'FAILED_PRECONDITION', 'no hospital has a patient to train on'],
  STUDY_UNKNOWN: ['peer', 'NOT_FOUND', 'there is no such study here'],
  STUDY_EXISTS: ['operator', 'ALREADY_EXISTS', 'a study of this name was submitted before'],
  STUDY_NOT_APPROVED: [
    'operator',
    'FAILED_PRECONDITION',
    'too few hospitals have approved the study',
  ],
  STUDY_WITHDRAWN: ['operator', 'FAILED_PRECONDITION', 'the hospital has withdrawn from the study'],
  STUDY_RUNNING: ['operator', 'FAILED_PRECONDITION', 'the study has begun already'],
  STUDY_ENDED: ['operator', 'FAILED_PRECONDITION', 'the study has ended'],
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
  LAYER_NOT_TRAINABLE: [
    'operator',
    'INVALID_ARGUMENT',
    'the model names a layer or an option that has no right gradient',
  ],
  LAYER_NOT_SUPPORTED_ON_ENGINE: [
    'operator',
    'FAILED_PRECONDITION',
    'the chosen engine cannot train a layer of the model',
  ],
  NONDETERMINISTIC_LAYER: [
    'operator',
    'INVALID_ARGUMENT',
    'the model names a layer that ignores its seed',
  ],
  DP_LAYER_UNSUPPORTED: [
    'operator',
    'INVALID_ARGUMENT',
    'a part of the model mixes patients, which privacy for each patient forbids',
  ],
  LAYER_UNKNOWN: ['operator', 'INVALID_ARGUMENT', 'the model names a layer that is not known'],
  MODEL_TOO_LARGE: ['operator', 'RESOURCE_EXHAUSTED', 'the model has more parameters than allowed'],
  NON_FINITE_UPDATE: ['operator', 'FAILED_PRECONDITION', 'training left the finite numbers'],
} as const;
