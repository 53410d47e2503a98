/** Where a command prints: results on stdout, everything said about them on stderr. */
import { createInterface } from 'node:readline/promises';
import { isatty } from 'node:tty';
import { asPlexusError, entryOf, type PlexusError } from '@plexus/core';
import colours from 'picocolors';

export interface Terminal {
  out(line: string): void;
  err(line: string): void;
}

export interface Advice {
  /** What did not happen: `the hospital is not enrolled`. */
  readonly what: string;
  /** What to type next. */
  readonly next: string;
}

export function processTerminal(): Terminal {
  process.stdout.on('error', ignoreClosedPipe);
  return {
    out: (line) => void process.stdout.write(`${line}\n`),
    err: (line) => void process.stderr.write(`${line}\n`),
  };
}

/** Runs a command's body; a failure is printed in three parts (what, why, what to type next) and sets exit status 1. */
export async function attempt(
  terminal: Terminal,
  advice: Advice,
  body: () => Promise<void> | void,
): Promise<void> {
  try {
    await body();
  } catch (thrown) {
    report(terminal, advice, asPlexusError(thrown, 'COMMAND_FAILED'));
  }
}

/** Asks on a terminal; without one nobody can have said yes. */
export async function confirm(question: string): Promise<boolean> {
  if (!isatty(0)) return false;
  const asked = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await asked.question(`${question} [y/N] `)).trim());
  } finally {
    asked.close();
  }
}

function report(terminal: Terminal, advice: Advice, error: PlexusError): void {
  const { cause } = error;
  const pc = colours.createColors(isatty(2) && colours.isColorSupported);
  // an accident under a code says nothing by itself; its cause is for this terminal alone
  const isBare = error.message === entryOf(error.code).text && cause instanceof Error;
  terminal.err(`${pc.red('error')} ${error.code}: ${advice.what}`);
  terminal.err(`${pc.dim('why')}   ${isBare ? cause.message : error.message}`);
  terminal.err(`${pc.dim('next')}  ${advice.next}`);
  process.exitCode = 1;
}

/** Whoever reads has seen enough (`| head`): the command ends as it would have, with its own status. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}
