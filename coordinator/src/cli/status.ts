/** `plexus-coordinator status`: who is here, where each study stands, how long the log is. */
import type { Suite } from '@plexus/core';
import type { Command } from 'commander';
import type { Status } from '../app/coordinator.js';
import { attempt } from './failure.js';
import { operate } from './operate.js';
import { dirOption } from './options.js';
import type { Terminal } from './terminal.js';

export function addStatus(program: Command, terminal: Terminal, suite: Suite): void {
  program
    .command('status')
    .description('who is here, where each study stands')
    .addOption(dirOption())
    .option('--json', 'print one JSON object')
    .action(async ({ dir, json }: { readonly dir: string; readonly json?: true }) => {
      const advice = {
        what: 'there is no status',
        next: 'make a federation: plexus-coordinator init --dir <folder> --federation <name>',
      };
      await attempt(terminal, advice, async () => {
        const status = (await operate(suite, dir, { kind: 'status' }, terminal.err)) as Status;
        if (json) terminal.out(JSON.stringify(status));
        else for (const line of statusLines(status)) terminal.out(line);
      });
    });
}

export function statusLines({ federation, members, studies, log }: Status): readonly string[] {
  const [, checkpoint = '0'] = log.checkpoint.split('\n');
  return [
    `federation ${federation}`,
    `log        ${log.origin}, ${String(log.size)} leaves, ${checkpoint} published`,
    ...members.map(
      ({ kind, id, connected }) =>
        `${kind.padEnd(10)} ${id}${kind === 'hospital' ? (connected ? ', connected' : ', away') : ''}`,
    ),
    ...studies.map(({ study, phase, step, roundsDone, roundsPlanned, code }) => {
      const rounds = `${String(roundsDone)} of ${String(roundsPlanned)} rounds`;
      const where = step === phase ? phase : `${phase}, ${step}`;
      return `study      ${study}: ${where}, ${rounds}${code === undefined ? '' : `, ${code}`}`;
    }),
  ];
}
