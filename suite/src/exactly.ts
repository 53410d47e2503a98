/** The length check in front of every primitive: a wrong length is our bug, never a peer's, and must not reach a library. */
import { PlexusError, type Bytes } from '@plexus/core';

/** Errors: bug/SUITE_INPUT. */
export function exactly(what: string, bytes: Bytes, length: number): void {
  if (bytes.length !== length)
    throw new PlexusError(
      'SUITE_INPUT',
      `${what}: expected ${String(length)} bytes, got ${String(bytes.length)}`,
    );
}
