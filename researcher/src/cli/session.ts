/** What the commands that talk to a coordinator share: credentials in, a connection for one command, and its end. */
import type { Suite } from '@plexus/core';
import type { Command } from 'commander';
import { homeFolder, loadCredentials } from '../config.js';
import type { Credentials, Network, ResearchApi } from '../research-api.js';
import { attempt, type Advice } from './failure.js';
import type { Terminal } from './terminal.js';

export interface Session {
  readonly terminal: Terminal;
  readonly suite: Suite;
  readonly network: Network;
}

export function homeOf(command: Command): string {
  const { home } = command.optsWithGlobals<{ readonly home?: string }>();
  return homeFolder(home);
}

/** Runs a command's body with a connection that is closed whatever happens. */
export async function withCoordinator(
  { terminal, network }: Session,
  command: Command,
  advice: Advice,
  body: (api: ResearchApi, credentials: Credentials) => Promise<void>,
): Promise<void> {
  await attempt(terminal, advice, async () => {
    const credentials = loadCredentials(homeOf(command));
    const api = await network.connect(credentials);
    try {
      await body(api, credentials);
    } finally {
      api.close();
    }
  });
}
