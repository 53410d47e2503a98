/** The command line of `plexus`, one file a command. Exit status: 0 done, 1 refused or failed, 2 typed wrongly. */
import type { Suite } from '@plexus/core';
import { Command, CommanderError } from 'commander';
import type { Network } from '../research-api.js';
import { addEnrol } from './enrol.js';
import { addModelFetch } from './model-fetch.js';
import { addModelPredict } from './model-predict.js';
import { addStudyInit } from './study-init.js';
import { addStudyResults } from './study-results.js';
import { addStudyCancel, addStudyStart } from './study-start.js';
import { addStudySubmit } from './study-submit.js';
import { addStudyValidate } from './study-validate.js';
import { addStudyWatch } from './study-watch.js';
import type { Terminal } from './terminal.js';

export async function runProgram(
  argv: readonly string[],
  terminal: Terminal,
  suite: Suite,
  network: Network,
): Promise<void> {
  const program = new Command('plexus')
    .description('studies that hospitals compute together')
    .option('--home <folder>', 'where credentials live; ~/.config/plexus otherwise')
    .exitOverride()
    .showHelpAfterError('next: plexus --help');
  const session = { terminal, suite, network };
  addEnrol(program, session);
  const study = program.command('study').description('write, check and run studies');
  addStudyInit(study, terminal);
  addStudyValidate(study, terminal);
  addStudySubmit(study, session);
  addStudyStart(study, session);
  addStudyWatch(study, session);
  addStudyResults(study, session);
  addStudyCancel(study, session);
  const model = program.command('model').description('fetch models and use them');
  addModelFetch(model, session);
  addModelPredict(model, terminal, suite);
  try {
    await program.parseAsync([...argv]);
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown; // a bug: nothing below here explains it
    process.exitCode = thrown.exitCode === 0 ? 0 : 2; // commander has said why
  }
}
