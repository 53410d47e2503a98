/**
 * Codes of the catalogue on the wire and back: the one place where an error meets gRPC.
 *
 * The code travels in the trailer `plexus-code`; the text is the catalogue's public text and nothing else, so the other side never
 * sees local state. Source: style.md section 4.
 */
import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { CATALOGUE, entryOf, PlexusError, type Code } from '@plexus/core';

const TRAILER = 'plexus-code';

export interface WireStatus {
  readonly code: status;
  readonly details: string;
  readonly metadata: Metadata;
}

export function wireStatus(code: Code): WireStatus {
  const entry = entryOf(code);
  const metadata = new Metadata();
  metadata.set(TRAILER, code);
  return { code: status[entry.status], details: entry.text, metadata };
}

export function isCode(text: string): text is Code {
  return Object.hasOwn(CATALOGUE, text);
}

/** What a call failed with, as a PlexusError: the code the peer named, or what the transport says of itself. */
export function errorOfCall(thrown: unknown): PlexusError {
  if (thrown instanceof PlexusError) return thrown;
  if (!isServiceError(thrown))
    return new PlexusError('CALL_FAILED', 'call: expected a status', { cause: thrown });
  const named = thrown.metadata.get(TRAILER)[0]?.toString();
  // with a code of ours the status says nothing more
  if (named !== undefined && isCode(named)) return new PlexusError(named, entryOf(named).text);
  const code = transportCode(thrown);
  return new PlexusError(code, entryOf(code).text, { cause: thrown });
}

/** The code of a status that grpc-js made by itself, without our trailer; undefined where it says nothing we know. */
export function codeOfStatus(code: status, details: string): Code | undefined {
  if (code === status.RESOURCE_EXHAUSTED && details.includes('larger than'))
    return 'MESSAGE_TOO_LARGE';
  if (code === status.INTERNAL && /deserializ/i.test(details)) return 'MESSAGE_MALFORMED';
  return undefined;
}

function transportCode(error: ServiceError): Code {
  const known = codeOfStatus(error.code, error.details);
  if (known !== undefined) return known;
  // an alert is what the other side says of ours; anything else is what OpenSSL says of theirs
  if (/alert certificate required/i.test(error.details)) return 'CERTIFICATE_MISSING';
  if (/certificate|COORDINATOR_CERT_REFUSED/i.test(error.details))
    return /alert/i.test(error.details) ? 'CERTIFICATE_UNTRUSTED' : 'COORDINATOR_CERT_REFUSED';
  if (error.code === status.UNIMPLEMENTED) return 'METHOD_UNKNOWN';
  return 'COORDINATOR_UNREACHABLE';
}

function isServiceError(thrown: unknown): thrown is ServiceError {
  return (
    thrown instanceof Error &&
    'code' in thrown &&
    typeof thrown.code === 'number' &&
    'metadata' in thrown &&
    thrown.metadata instanceof Metadata
  );
}
