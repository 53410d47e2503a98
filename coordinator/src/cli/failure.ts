/**
 * How a command fails: what happened, why, what to type next; exit status 1, or 2 for a command typed wrongly.
 *
 * The one edge of the program: what a command throws ends here.
 */
import { isatty } from 'node:tty';
import { asPlexusError } from '@plexus/core';
import colours from 'picocolors';
import type { Terminal } from './terminal.js';

export interface Advice {
  /** What did not happen: `nobody was invited`. */
  readonly what: string;
  /** What to type next. */
  readonly next: string;
}

/** Runs a command's body; a failure is printed in three parts and sets the exit status. */
export async function attempt(
  terminal: Terminal,
  advice: Advice,
  body: () => Promise<void> | void,
): Promise<void> {
  try {
    await body();
  } catch (thrown) {
    const error = asPlexusError(thrown, 'COMMAND_FAILED');
    const { cause } = error;
    const pc = colours.createColors(isatty(2) && colours.isColorSupported);
    const unexpected = error.code === 'COMMAND_FAILED' && cause instanceof Error;
    terminal.err(`${pc.red('error')} ${error.code}: ${advice.what}`);
    terminal.err(`${pc.dim('why')}   ${unexpected ? cause.message : error.message}`);
    terminal.err(`${pc.dim('next')}  ${advice.next}`);
    process.exitCode = 1;
  }
}
