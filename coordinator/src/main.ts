/** The entry of `plexus-coordinator`: hands in the cryptography and the terminal, and nothing else. */
import { nodeSuite } from '@plexus/suite';
import { runProgram } from './cli/program.js';
import { processTerminal } from './cli/terminal.js';

await runProgram(process.argv, processTerminal(), nodeSuite);
