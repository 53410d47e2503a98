/** Several agents in one process, each as `plexus-agent run` would run it: node agents.mjs FOLDER… */
import { runProgram } from '../../node-agent/dist/cli/program.js';
import { processTerminal } from '../../node-agent/dist/cli/terminal.js';
import { nodeSuite } from '../../suite/dist/index.js';

const folders = process.argv.slice(2);
process.setMaxListeners(4 * folders.length + 10);
await Promise.all(
  folders.map((dir) =>
    runProgram(['node', 'plexus-agent', 'run', '--dir', dir], processTerminal(), nodeSuite),
  ),
);
