/** `plexus study submit`: compiles a study with the federation's keys and hands it to the coordinator, who asks the hospitals. */
import { PlexusError } from '@plexus/core';
import type { Command } from 'commander';
import { submitStudy } from '../client.js';
import { privacySentence } from '../privacy-sentence.js';
import { withCoordinator, type Session } from './session.js';
import { problemLine } from './study-validate.js';

export function addStudySubmit(study: Command, session: Session): void {
  study
    .command('submit')
    .description('submit a study; each hospital then approves it or not')
    .argument('[file]', 'the study', 'study.yaml')
    .action(async (file: string, _options: unknown, command: Command) => {
      const advice = {
        what: 'the study was not submitted',
        next: `correct it, then run: plexus study submit ${file}`,
      };
      await withCoordinator(session, command, advice, async (api) => {
        const { terminal, suite } = session;
        const submitted = await submitStudy(suite, api, file);
        if (submitted.kind === 'refused') {
          for (const problem of submitted.problems) terminal.out(problemLine(problem));
          throw new PlexusError(
            'STUDY_INVALID',
            `${String(submitted.problems.length)} problem(s), listed above`,
          );
        }
        const { manifest, sha256 } = submitted;
        terminal.out(`submitted ${manifest.study}`);
        terminal.out(`manifest  ${sha256}`); // what each steward reads and approves
        terminal.out(privacySentence(manifest.privacy));
        terminal.out(`next: once hospitals approved, run: plexus study start ${manifest.study}`);
      });
    });
}
