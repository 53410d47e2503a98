/** `plexus enrol`: turns a one-time invite into credentials. The invite holds a secret, so it is read from a file or stdin, never an argument. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PlexusError } from '@plexus/core';
import type { Command } from 'commander';
import { saveCredentials } from '../config.js';
import { attempt } from './failure.js';
import { homeOf, type Session } from './session.js';

export function addEnrol(program: Command, { terminal, network }: Session): void {
  program
    .command('enrol')
    .description('get credentials for a one-time invite')
    .argument('<file>', 'the file that holds the invite, or - for stdin')
    .action(async (file: string, _options: unknown, command: Command) => {
      const advice = {
        what: 'no credentials were written',
        next: 'ask the operator for a new invite (plexus-coordinator invite), then run: plexus enrol -',
      };
      await attempt(terminal, advice, async () => {
        const home = homeOf(command);
        if (existsSync(join(home, 'credentials.json')))
          throw new PlexusError('FILE_EXISTS', `${home}: has credentials; choose another --home`);
        const credentials = await network.enrol(readInvite(file));
        saveCredentials(home, credentials);
        terminal.out(`enrolled researcher ${credentials.id} in ${credentials.federation}`);
        terminal.out(`credentials in ${home}`);
      });
    });
}

function readInvite(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (cause) {
    throw new PlexusError('FILE_UNREADABLE', `${file}: cannot read the invite`, { cause });
  }
}
