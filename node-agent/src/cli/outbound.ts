/** `plexus-agent outbound`: the ledger of what left the hospital, row by row and summed by study. */
import type { Command } from 'commander';
import { sumsByStudy } from '../app/outbound.js';
import { readEnrolment } from '../store/enrolment.js';
import { agentFolder } from './folder.js';
import { outboundText } from './outbound-text.js';
import { readAgent } from './reader.js';
import { attempt, type Terminal } from './terminal.js';

interface Options {
  readonly dir: string;
  readonly study?: string;
  readonly json?: true;
}

export function addOutbound(program: Command, terminal: Terminal): void {
  program
    .command('outbound')
    .description('show what left this hospital: when, for which study and round, how much')
    .requiredOption('--dir <dir>', "the agent's folder")
    .option('--study <id>', 'of this study only')
    .option('--json', 'print one JSON object')
    .action(async (options: Options) => {
      const advice = {
        what: 'the ledger could not be read',
        next: 'plexus-agent enrol --invite <text> --dir <dir>, if this hospital is not enrolled',
      };
      await attempt(terminal, advice, async () => {
        const folder = agentFolder(options.dir);
        readEnrolment(folder.path);
        const { outbound } = await readAgent(folder);
        const rows = outbound.filter(({ study }) => (options.study ?? study) === study);
        if (options.json) terminal.out(JSON.stringify({ rows, sums: sumsByStudy(rows) }));
        else for (const line of outboundText(rows)) terminal.out(line);
      });
    });
}
