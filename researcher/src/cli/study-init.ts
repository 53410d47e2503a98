/** `plexus study init`: writes a commented study that validates as it is. Never overwrites. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { asPlexusError, PlexusError } from '@plexus/core';
import type { Command } from 'commander';
import { TEMPLATE } from '../template.js';
import { attempt } from './failure.js';
import type { Terminal } from './terminal.js';

export function addStudyInit(study: Command, terminal: Terminal): void {
  study
    .command('init')
    .description('write a commented study, schema and model to start from')
    .argument('[folder]', 'where', '.')
    .action(async (folder: string) => {
      const advice = {
        what: 'no file was written',
        next: 'choose an empty folder: plexus study init my-study',
      };
      await attempt(terminal, advice, () => {
        const taken = Object.keys(TEMPLATE).filter((name) => existsSync(join(folder, name)));
        if (taken.length > 0)
          throw new PlexusError('FILE_EXISTS', `${folder}: has ${taken.join(', ')} already`);
        try {
          mkdirSync(folder, { recursive: true });
          for (const [name, text] of Object.entries(TEMPLATE))
            writeFileSync(join(folder, name), text, { flag: 'wx' });
        } catch (thrown) {
          throw asPlexusError(thrown, 'FILE_UNWRITABLE');
        }
        for (const name of Object.keys(TEMPLATE)) terminal.out(`wrote ${join(folder, name)}`);
        terminal.out(
          `next: edit them, then run: plexus study validate ${join(folder, 'study.yaml')}`,
        );
      });
    });
}
