/** `plexus-coordinator remove`: a member leaves; its certificates are refused from now on, and its keys are revoked in the log. */
import type { Suite } from '@plexus/core';
import type { Command } from 'commander';
import type { CallerKind } from '../app/ports.js';
import { attempt } from './failure.js';
import { operate } from './operate.js';
import { dirOption, readKind } from './options.js';
import type { Terminal } from './terminal.js';

export function addRemove(program: Command, terminal: Terminal, suite: Suite): void {
  program
    .command('remove')
    .description('take a member out of the federation')
    .argument('<kind>', 'hospital, researcher, auditor or operator', readKind)
    .argument('<id>', 'its name')
    .addOption(dirOption())
    .action(async (kind: CallerKind, id: string, { dir }: { readonly dir: string }) => {
      const advice = {
        what: 'nobody was removed',
        next: 'see who is a member: plexus-coordinator status --dir <folder>',
      };
      await attempt(terminal, advice, async () => {
        await operate(suite, dir, { kind: 'remove', subject: kind, id }, terminal.err);
        terminal.out(`removed ${kind} ${id}`);
      });
    });
}
