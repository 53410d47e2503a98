/** The command line of `plexus-agent`, one file a command. Exit status: 0 done, 1 refused or failed, 2 typed wrongly. */
import type { Suite } from '@plexus/core';
import { Command, CommanderError } from 'commander';
import { addApprove } from './approve.js';
import { addEnrol } from './enrol.js';
import { addOutbound } from './outbound.js';
import { addRun } from './run.js';
import { addStudies } from './studies.js';
import type { Terminal } from './terminal.js';
import { addWithdraw } from './withdraw.js';

export async function runProgram(
  argv: readonly string[],
  terminal: Terminal,
  suite: Suite,
): Promise<void> {
  const program = new Command('plexus-agent')
    .description('a hospital in a federation: its rows stay, its people decide')
    .exitOverride()
    .showHelpAfterError('next: plexus-agent --help');
  addEnrol(program, terminal, suite);
  addRun(program, terminal, suite);
  addStudies(program, terminal, suite);
  addApprove(program, terminal, suite);
  addWithdraw(program, terminal, suite);
  addOutbound(program, terminal);
  try {
    await program.parseAsync([...argv]);
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown; // a bug: nothing below here explains it
    process.exitCode = thrown.exitCode === 0 ? 0 : 2; // commander has said why
  }
}
