/** `plexus study start` and `plexus study cancel`: the author's two words to a study that was submitted. */
import type { Command } from 'commander';
import { withCoordinator, type Session } from './session.js';

export function addStudyStart(study: Command, session: Session): void {
  study
    .command('start')
    .description('start a study that enough hospitals approved')
    .argument('<study>', 'its id')
    .action(async (id: string, _options: unknown, command: Command) => {
      const advice = {
        what: `${id} was not started`,
        next: `see who approved: plexus study results ${id}`,
      };
      await withCoordinator(session, command, advice, async (api) => {
        await api.start(id);
        session.terminal.out(`started ${id}`);
        session.terminal.out(`next: plexus study watch ${id}`);
      });
    });
}

export function addStudyCancel(study: Command, session: Session): void {
  study
    .command('cancel')
    .description('end a study; what was summed so far stays in the log')
    .argument('<study>', 'its id')
    .action(async (id: string, _options: unknown, command: Command) => {
      const advice = {
        what: `${id} was not cancelled`,
        next: `see where it stands: plexus study results ${id}`,
      };
      await withCoordinator(session, command, advice, async (api) => {
        await api.cancel(id);
        session.terminal.out(`cancelled ${id}`);
      });
    });
}
