/** `plexus-coordinator invite`: prints a one-time invite on stdout, to be handed over outside the wire. It holds a secret until it is used. */
import type { Suite } from '@plexus/core';
import type { Command } from 'commander';
import type { CallerKind } from '../app/ports.js';
import { attempt } from './failure.js';
import { operate } from './operate.js';
import { dirOption, readDuration, readKind } from './options.js';
import type { Terminal } from './terminal.js';

interface Options {
  readonly dir: string;
  readonly expires: number;
}

export function addInvite(program: Command, terminal: Terminal, suite: Suite): void {
  program
    .command('invite')
    .description('let somebody enrol, once')
    .argument('<kind>', 'hospital, researcher, auditor or operator', readKind)
    .argument('<id>', 'the name it will have in this federation, such as st-mary')
    .addOption(dirOption())
    .option('--expires <duration>', 'how long the invite is good', readDuration, 7 * 86_400_000)
    .action(async (kind: CallerKind, id: string, { dir, expires }: Options) => {
      const advice = {
        what: 'nobody was invited',
        next: 'plexus-coordinator invite hospital <id> --dir <folder>',
      };
      await attempt(terminal, advice, async () => {
        const request = { kind: 'invite', subject: kind, id, lifetimeMs: expires } as const;
        const answer = await operate(suite, dir, request, terminal.err);
        const { invite, expires: until } = answer as {
          readonly invite: string;
          readonly expires: string;
        };
        terminal.out(invite);
        terminal.err(
          `good once, until ${until}; hand it to ${kind} ${id} over a channel you trust`,
        );
      });
    });
}
