/** `plexus-agent withdraw`: the steward ends this hospital's part in a study, or refuses one that was never approved. */
import {
  manifestDigest,
  PlexusError,
  signWithdrawal,
  type Suite,
  type Withdrawal,
} from '@plexus/core';
import type { Command } from 'commander';
import { agentFolder } from './folder.js';
import { ask, nowText, openSigning } from './signing.js';
import { attempt, confirm, type Terminal } from './terminal.js';

interface Options {
  readonly dir: string;
  readonly reason: string;
  readonly yes?: true;
}

const REASONS: readonly Withdrawal['reason'][] = [
  'steward',
  'ethics',
  'consent',
  'security',
  'data',
];

export function addWithdraw(program: Command, terminal: Terminal, suite: Suite): void {
  program
    .command('withdraw')
    .description('refuse a study, or end this hospital’s part in it for good')
    .argument('<study>', 'id of the study')
    .requiredOption('--dir <dir>', "the agent's folder")
    .option('--reason <reason>', REASONS.join(', '), 'steward')
    .option('--yes', 'do not ask')
    .action(async (study: string, options: Options) => {
      const advice = {
        what: `the withdrawal from ${study} is not signed`,
        next: `plexus-agent studies --dir ${options.dir}`,
      };
      await attempt(terminal, advice, () => withdraw(terminal, suite, study, options));
    });
}

async function withdraw(
  terminal: Terminal,
  suite: Suite,
  study: string,
  options: Options,
): Promise<void> {
  const reason = REASONS.find((one) => one === options.reason);
  if (reason === undefined)
    throw new PlexusError('STATEMENT_INVALID', `--reason: expected ${REASONS.join(', ')}`);
  const folder = agentFolder(options.dir);
  const { enrolment, keys, approvalKey, manifest } = await openSigning(suite, folder, study);
  if (options.yes !== true && !(await confirm(`withdraw from ${study} for good?`))) {
    terminal.out('nothing was signed');
    return;
  }
  const { hospital, signer, role } = enrolment;
  const decision = signWithdrawal(
    suite,
    {
      study,
      hospital,
      document: manifestDigest(suite, manifest),
      signer,
      role,
      signedAt: nowText(),
      reason,
    },
    { person: approvalKey, identity: keys.statement },
  );
  const request = { kind: 'withdraw', study, decision } as const;
  await ask(terminal, folder, request, `withdrawn from ${study}; the coordinator has been told`);
}
