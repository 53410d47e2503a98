/**
 * `plexus-agent approve`: shows what a study asks and what would leave, checks the data, and signs both approval and mapping.
 *
 * A study whose data check fails is not signed: a signature would only move the failure into a round.
 */
import {
  manifestDigest,
  PlexusError,
  rfc3339,
  signApproval,
  studyContext,
  taskKinds,
  type Suite,
} from '@plexus/core';
import type { Command } from 'commander';
import { summaryOf } from '../app/leaving.js';
import { signMappingApproval } from '../app/mapping-approval.js';
import { readConfig, readPolicy } from '../config.js';
import { reportText } from '../data/check.js';
import { checkStudyData } from '../data/study-data.js';
import { agentFolder } from './folder.js';
import { studyDataOptions } from './local-data.js';
import { ask, nowText, openSigning } from './signing.js';
import { summaryText } from './studies-text.js';
import { attempt, confirm, type Terminal } from './terminal.js';

interface Options {
  readonly dir: string;
  readonly days: string;
  readonly yes?: true;
}

const DAY_MS = 86_400_000;

export function addApprove(program: Command, terminal: Terminal, suite: Suite): void {
  program
    .command('approve')
    .description('check the data for a study, show what would leave, and sign')
    .argument('<study>', 'id of the study')
    .requiredOption('--dir <dir>', "the agent's folder")
    .option('--days <n>', 'how long the approval holds', '365')
    .option('--yes', 'do not ask')
    .action(async (study: string, options: Options) => {
      const advice = {
        what: `study ${study} is not approved`,
        next: `correct what is named above, then run: plexus-agent approve ${study} --dir ${options.dir}`,
      };
      await attempt(terminal, advice, () => approve(terminal, suite, study, options));
    });
}

async function approve(
  terminal: Terminal,
  suite: Suite,
  study: string,
  options: Options,
): Promise<void> {
  const folder = agentFolder(options.dir);
  const { enrolment, keys, approvalKey, manifest } = await openSigning(suite, folder, study);
  const config = readConfig(folder.config);
  const data = studyDataOptions(suite, config, readPolicy(config.policyFile), keys.data);
  for (const line of summaryText(summaryOf(studyContext(suite, manifest)))) terminal.out(line);
  const { report, digests } = await checkStudyData(data, study, manifest.data);
  terminal.out(reportText(report));
  const [problem] = report.problems;
  if (problem !== undefined) throw new PlexusError(problem.code, `study ${study}: ${problem.text}`);
  if (options.yes !== true && !(await confirm(`approve ${study}?`))) {
    terminal.out('nothing was signed');
    return;
  }
  const { hospital, signer, role } = enrolment;
  const signedAt = nowText();
  const decision = signApproval(
    suite,
    {
      study,
      hospital,
      document: manifestDigest(suite, manifest),
      signer,
      role,
      signedAt,
      meaning: 'approval',
      scope: taskKinds(manifest),
      expires: rfc3339(Date.now() + daysOf(options.days) * DAY_MS),
    },
    { person: approvalKey, identity: keys.statement },
  );
  const mapping = signMappingApproval(
    suite,
    { study, hospital, digests, signer, signedAt },
    approvalKey,
  );
  const request = { kind: 'approve', study, decision, mapping } as const;
  await ask(terminal, folder, request, `study ${study} is approved; the coordinator has been told`);
}

function daysOf(text: string): number {
  const days = Number(text);
  if (!Number.isInteger(days) || days < 1 || days > 3650)
    throw new PlexusError('AGENT_CONFIG_INVALID', '--days: expected a whole number in 1..3650');
  return days;
}
