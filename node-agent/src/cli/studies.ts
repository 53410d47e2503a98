/** `plexus-agent studies`: every study that was offered here, where it stands, and what leaves for it. */
import { studyContext, type Suite } from '@plexus/core';
import type { Command } from 'commander';
import { summaryOf } from '../app/leaving.js';
import { readEnrolment } from '../store/enrolment.js';
import { agentFolder } from './folder.js';
import { readAgent } from './reader.js';
import { standing, studiesText, type StudyRow } from './studies-text.js';
import { attempt, type Terminal } from './terminal.js';

export function addStudies(program: Command, terminal: Terminal, suite: Suite): void {
  program
    .command('studies')
    .description('list the studies offered to this hospital, and what would leave for each')
    .requiredOption('--dir <dir>', "the agent's folder")
    .option('--json', 'print one JSON object')
    .action(async (options: { readonly dir: string; readonly json?: true }) => {
      const advice = {
        what: 'the studies could not be read',
        next: 'plexus-agent enrol --invite <text> --dir <dir>, if this hospital is not enrolled',
      };
      await attempt(terminal, advice, async () => {
        const folder = agentFolder(options.dir);
        readEnrolment(folder.path);
        const { studies } = await readAgent(folder);
        const rows = studies.map((state): StudyRow => {
          const summary = summaryOf(studyContext(suite, state.manifest));
          return { ...standing(state), summary };
        });
        if (options.json) terminal.out(JSON.stringify({ studies: rows }));
        else for (const line of studiesText(rows)) terminal.out(line);
      });
    });
}
