/** Error codes of the hospital's agent: whose fault, gRPC status, what the other side is shown. */

export const AGENT_CODES = {
  AGENT_CONFIG_INVALID: ['operator', 'INVALID_ARGUMENT', "the agent's configuration is not valid"],
  AGENT_NOT_ENROLLED: ['operator', 'FAILED_PRECONDITION', 'the agent is not enrolled'],
  AGENT_SILENT: ['environment', 'UNAVAILABLE', 'the agent does not answer'],
  AGENT_STOPPED: [
    'environment',
    'FAILED_PRECONDITION',
    'the hospital takes no part until a person there has looked at the log',
  ],
} as const;
