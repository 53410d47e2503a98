/** The command line of `plexus-coordinator`, one file a command. Exit status: 0 done, 1 refused or failed, 2 typed wrongly. */
import type { Suite } from '@plexus/core';
import { Command, CommanderError } from 'commander';
import { addBundle } from './bundle.js';
import { addInit } from './init.js';
import { addInvite } from './invite.js';
import { addRemove } from './remove.js';
import { addServe } from './serve.js';
import { software } from './software.js';
import { addStatus } from './status.js';
import type { Terminal } from './terminal.js';

export async function runProgram(
  argv: readonly string[],
  terminal: Terminal,
  suite: Suite,
): Promise<void> {
  const program = new Command('plexus-coordinator')
    .description('brings hospitals together that compute one model; sees no more than their sum')
    .version(software().version)
    .exitOverride()
    .showHelpAfterError('next: plexus-coordinator --help');
  addInit(program, terminal, suite);
  addServe(program, terminal, suite);
  addInvite(program, terminal, suite);
  addRemove(program, terminal, suite);
  addStatus(program, terminal, suite);
  addBundle(program, terminal, suite);
  try {
    await program.parseAsync([...argv]);
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown; // a bug: nothing below here explains it
    process.exitCode = thrown.exitCode === 0 ? 0 : 2; // commander has said why
  }
}
