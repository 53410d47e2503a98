/** Error codes of identity, transport and the wire (proto/plexus/v1): whose fault, gRPC status, what the other side is shown. */

export const WIRE_CODES = {
  // TLS
  TLS_PLAINTEXT_REFUSED: ['peer', 'UNAUTHENTICATED', 'the connection did not speak TLS'],
  TLS_VERSION_REFUSED: ['peer', 'UNAUTHENTICATED', 'TLS 1.3 is required'],
  TLS_HANDSHAKE_FAILED: ['peer', 'UNAUTHENTICATED', 'the TLS handshake was not finished'],
  // certificates
  CERTIFICATE_MISSING: ['peer', 'UNAUTHENTICATED', 'no certificate was shown'],
  CERTIFICATE_UNTRUSTED: [
    'peer',
    'UNAUTHENTICATED',
    'the certificate was not issued by this federation',
  ],
  CERTIFICATE_INVALID: [
    'peer',
    'UNAUTHENTICATED',
    'the certificate names no member of this federation',
  ],
  CERTIFICATE_EXPIRED: ['peer', 'UNAUTHENTICATED', 'the certificate is not valid at this time'],
  CERTIFICATE_REVOKED: ['peer', 'UNAUTHENTICATED', 'the certificate is no longer accepted'],
  CSR_INVALID: ['peer', 'INVALID_ARGUMENT', 'the certificate request is not acceptable'],
  // enrolment
  INVITE_MALFORMED: [
    'operator',
    'INVALID_ARGUMENT',
    'the invite is not one that plexus-coordinator printed',
  ],
  INVITE_UNKNOWN: ['peer', 'PERMISSION_DENIED', 'the invite is not known for this name'],
  INVITE_USED: ['peer', 'PERMISSION_DENIED', 'the invite was used before'],
  INVITE_EXPIRED: ['peer', 'PERMISSION_DENIED', 'the invite has expired'],
  KEY_STATEMENT_INVALID: [
    'peer',
    'INVALID_ARGUMENT',
    'the keys are not all there, or one is not proven',
  ],
  KEY_ALREADY_KNOWN: ['peer', 'ALREADY_EXISTS', 'a key is registered already'],
  // calls
  COORDINATOR_CERT_REFUSED: [
    'environment',
    'UNAUTHENTICATED',
    'the server is not the coordinator that was enrolled with',
  ],
  PROXY_INVALID: ['operator', 'INVALID_ARGUMENT', 'the address of the HTTP proxy cannot be used'],
  COORDINATOR_UNREACHABLE: ['environment', 'UNAVAILABLE', 'the coordinator cannot be reached'],
  METHOD_UNKNOWN: ['peer', 'NOT_FOUND', 'this port does not serve that method'],
  ROLE_NOT_ALLOWED: ['peer', 'PERMISSION_DENIED', 'this role may not call this method'],
  MESSAGE_MALFORMED: [
    'peer',
    'INVALID_ARGUMENT',
    'the message does not have the form of plexus.v1',
  ],
  MESSAGE_TOO_LARGE: ['peer', 'INVALID_ARGUMENT', 'the message is larger than 4 MiB'],
  CONTROL_REPLACED: ['peer', 'ABORTED', 'a newer control stream of this hospital took over'],
  CONTROL_SILENT: ['environment', 'UNAVAILABLE', 'the control stream fell silent'],
  CALL_FAILED: ['bug', 'INTERNAL', 'the call failed inside the program'],
} as const;
