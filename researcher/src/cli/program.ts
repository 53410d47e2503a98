/** The command line of `plexus`, one file a command. Exit status: 0 done, 1 refused or failed, 2 typed wrongly. */
import type { Suite } from '@plexus/core';
import { Command, CommanderError } from 'commander';
import { addModelPredict } from './model-predict.js';
import { addStudyInit } from './study-init.js';
import { addStudyValidate } from './study-validate.js';
import type { Terminal } from './terminal.js';

export async function runProgram(
  argv: readonly string[],
  terminal: Terminal,
  suite: Suite,
): Promise<void> {
  const program = new Command('plexus')
    .description('studies that hospitals compute together')
    .exitOverride()
    .showHelpAfterError('next: plexus --help');
  const study = program.command('study').description('write, check and run studies');
  addStudyInit(study, terminal);
  addStudyValidate(study, terminal);
  const model = program.command('model').description('fetch models and use them');
  addModelPredict(model, terminal, suite);
  try {
    await program.parseAsync([...argv]);
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown; // a bug: nothing below here explains it
    process.exitCode = thrown.exitCode === 0 ? 0 : 2; // commander has said why
  }
}
