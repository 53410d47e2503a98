/** `plexus study results`: where a study stands, who approved, and its newest figures. Aggregates only (I9). */
import type { Command } from 'commander';
import type { Metric, ResearchApi } from '../research-api.js';
import { withCoordinator, type Session } from './session.js';
import { statusLine } from './study-watch.js';

const ENDED: readonly string[] = ['completed', 'failed', 'cancelled'];

export function addStudyResults(study: Command, session: Session): void {
  study
    .command('results')
    .description('where a study stands, and its newest figures')
    .argument('<study>', 'its id')
    .option('--json', 'print one JSON object')
    .action(async (id: string, options: { readonly json?: true }, command: Command) => {
      const advice = { what: `no results of ${id}`, next: `plexus study watch ${id}` };
      await withCoordinator(session, command, advice, async (api) => {
        const { terminal } = session;
        const status = await api.status(id);
        // a study that has ended closes its stream of events, so reading all of them comes to an end
        const metrics = ENDED.includes(status.phase) ? await newestMetrics(api, id) : [];
        if (options.json) {
          terminal.out(JSON.stringify({ ...status, metrics }));
          return;
        }
        terminal.out(statusLine(status));
        terminal.out(`approved  ${status.approved.join(', ') || 'nobody yet'}`);
        if (status.refused.length > 0) terminal.out(`refused   ${status.refused.join(', ')}`);
        for (const { name, value } of metrics) terminal.out(`${name.padEnd(9)} ${value}`);
        if (status.phase === 'completed')
          terminal.out(`next: plexus model fetch ${id} --out model`);
      });
    });
}

async function newestMetrics(api: ResearchApi, id: string): Promise<readonly Metric[]> {
  let newest: readonly Metric[] = [];
  for await (const { metrics } of api.watch(id, 0, new AbortController().signal))
    if (metrics.length > 0) newest = metrics;
  return newest;
}
