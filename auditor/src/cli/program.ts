/** The command line of `plexus-audit`. Exit status: 0 everything checked is right, 1 there are findings, 2 typed wrongly or nothing to read. */
import { PlexusError, type Suite } from '@plexus/core';
import { Command, CommanderError } from 'commander';
import type { Terminal } from './terminal.js';
import { addVerify } from './verify.js';

export function runProgram(argv: readonly string[], terminal: Terminal, suite: Suite): void {
  const program = new Command('plexus-audit')
    .description('checks the log of a federation offline; trusts neither coordinator nor hospital')
    .exitOverride()
    .showHelpAfterError('next: plexus-audit --help');
  addVerify(program, terminal, suite);
  try {
    program.parse([...argv]);
  } catch (thrown) {
    if (thrown instanceof CommanderError) {
      process.exitCode = thrown.exitCode === 0 ? 0 : 2; // commander has said why
      return;
    }
    if (!(thrown instanceof PlexusError)) throw thrown; // a bug: nothing below here explains it
    terminal.err(`error ${thrown.code}: nothing was checked`);
    terminal.err(`why   ${thrown.message}`);
    terminal.err('next  plexus-audit verify FOLDER, with the folder or tar file of a bundle');
    process.exitCode = 2;
  }
}
