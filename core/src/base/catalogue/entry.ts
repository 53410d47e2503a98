/** The form of a line of the error catalogue. */

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
export type Entry = readonly [Fault, Status, string];
