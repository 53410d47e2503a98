/** Error codes of data (data.md section 8): whose fault, gRPC status, what the other side is shown. */

export const DATA_CODES = {
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
} as const;
