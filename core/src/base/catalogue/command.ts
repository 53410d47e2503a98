/** Error codes of command line and configuration: whose fault, gRPC status, what the other side is shown. */

export const COMMAND_CODES = {
  NOT_ENROLLED: ['operator', 'FAILED_PRECONDITION', 'there are no credentials yet'],
  CONFIG_INVALID: ['operator', 'FAILED_PRECONDITION', 'a configuration file is not valid'],
  ANSWER_MISMATCH: [
    'peer',
    'DATA_LOSS',
    'an answer contradicts what was asked or what the log proves',
  ],
  STUDY_NOT_COMPLETED: ['operator', 'FAILED_PRECONDITION', 'the study did not complete'],
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
  DEMO_USAGE: ['operator', 'INVALID_ARGUMENT', 'the demo was called with what it does not know'],
  DEMO_DATA: [
    'operator',
    'FAILED_PRECONDITION',
    'a file of the demo is not the one of the archive',
  ],
  DEMO_STEP: ['environment', 'INTERNAL', 'a step of the demo failed'],
  SIMULATION_ENDLESS: ['environment', 'INTERNAL', 'the simulation does not come to an end'],
} as const;
