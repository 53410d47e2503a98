/** `plexus-coordinator bundle`: the evidence bundle as files, for `plexus-audit verify`. The export itself is a leaf of the log. */
import { resolve } from 'node:path';
import type { Suite } from '@plexus/core';
import { Option, type Command } from 'commander';
import { attempt } from './failure.js';
import { operate } from './operate.js';
import { dirOption } from './options.js';
import type { Terminal } from './terminal.js';

interface Options {
  readonly dir: string;
  readonly out: string;
  readonly profile: 'log' | 'full';
}

export function addBundle(program: Command, terminal: Terminal, suite: Suite): void {
  program
    .command('bundle')
    .description('export the evidence bundle for an auditor')
    .addOption(dirOption())
    .requiredOption('--out <folder>', 'a new or empty folder')
    .addOption(
      new Option('--profile <profile>', 'log: the log alone; full: with uploads and models')
        .choices(['log', 'full'])
        .default('full'),
    )
    .action(async ({ dir, out, profile }: Options) => {
      const advice = {
        what: 'no bundle was written',
        next: 'choose a new folder: plexus-coordinator bundle --dir <folder> --out <new folder>',
      };
      await attempt(terminal, advice, async () => {
        const request = { kind: 'bundle', out: resolve(out), profile } as const;
        const answer = (await operate(suite, dir, request, terminal.err)) as {
          readonly files: number;
        };
        terminal.out(`${String(answer.files)} files in ${resolve(out)}`);
      });
    });
}
