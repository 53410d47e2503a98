/** `plexus study watch`: a study as it goes, redrawn in place on a terminal, one plain line an event elsewhere. */
import { PlexusError } from '@plexus/core';
import type { Command } from 'commander';
import type { StudyEvent, StudyStatus } from '../research-api.js';
import { withCoordinator, type Session } from './session.js';

export function addStudyWatch(study: Command, session: Session): void {
  study
    .command('watch')
    .description('follow a study until it ends')
    .argument('<study>', 'its id')
    .option('--json', 'print each event as one JSON object')
    .action(async (id: string, options: { readonly json?: true }, command: Command) => {
      const advice = { what: `${id} did not complete`, next: `plexus study results ${id}` };
      await withCoordinator(session, command, advice, async (api) => {
        const { terminal } = session;
        const released: string[] = [];
        for await (const event of api.watch(id, 0, new AbortController().signal)) {
          const line = eventLine(event);
          if (options.json) terminal.out(JSON.stringify(event));
          else if (!terminal.interactive) terminal.out(line);
          else {
            // a finished round stays on the screen; what happens inside one is drawn over
            if (event.kind === 'aggregated') released.push(line);
            const current = event.kind === 'aggregated' ? [] : [line];
            terminal.live([...released.slice(-15), ...current]);
          }
        }
        const status = await api.status(id);
        if (!options.json) terminal.out(statusLine(status));
        if (status.phase !== 'completed')
          throw new PlexusError(
            'STUDY_NOT_COMPLETED',
            `${status.phase} ${status.code ?? ''}`.trim(),
          );
      });
    });
}

/** `round 3   masked     cleveland, va   loss 0.53  auc 0.87` */
export function eventLine(event: StudyEvent): string {
  const again = event.attempt > 1 ? ` (attempt ${String(event.attempt)})` : '';
  const what = event.phase === '' ? event.kind : event.phase;
  const metrics = event.metrics.map(({ name, value }) => `${name} ${value}`);
  return [
    `round ${String(event.round).padEnd(3)}${again}`,
    (event.kind === 'aggregated' ? 'aggregated' : what).padEnd(11),
    event.hospitals.join(', '),
    metrics.join('  '),
    event.code ?? '',
  ]
    .filter((part) => part !== '')
    .join(' ')
    .trimEnd();
}

export function statusLine(status: StudyStatus): string {
  const rounds = `${String(status.roundsDone)} of ${String(status.roundsPlanned)} rounds`;
  return `${status.study}: ${status.phase}, ${rounds}${status.code === undefined ? '' : `, ${status.code}`}`;
}
