/** What every engine refuses alike: arrays of the wrong size, models that it cannot take. */
import { PlexusError, type Problem } from '@plexus/core';

/** Errors: bug/STATE_UNEXPECTED if two counts differ. */
export function expectCount(what: string, expected: number, got: number): void {
  if (expected !== got)
    throw new PlexusError(
      'STATE_UNEXPECTED',
      `${what}: expected ${String(expected)}, got ${String(got)}`,
    );
}

/** Errors: the first problem's own code. */
export function refuse([problem]: readonly Problem[]): void {
  if (problem !== undefined)
    throw new PlexusError(problem.code, `${problem.path}: ${problem.text}`);
}
