/** `plexus-audit verify`: everything the log alone can prove about a bundle. Reads only; needs no server and no network. */
import {
  MAX_READ_BYTES,
  PlexusError,
  verifyBundle,
  type Bytes,
  type GivenHead,
  type Suite,
} from '@plexus/core';
import type { Command } from 'commander';
import { openBundle, realPath } from '../open.js';
import { reportLines } from '../print.js';
import { bytesOf, withFile } from '../stored.js';
import type { Terminal } from './terminal.js';

interface Options {
  readonly json?: true;
  readonly policy?: string;
  readonly head: readonly string[];
}

export function addVerify(program: Command, terminal: Terminal, suite: Suite): void {
  program
    .command('verify')
    .description('check an evidence bundle: files, signatures, tree, leaves, statements, rounds')
    .argument('<bundle>', 'its folder, or the same as one tar file')
    .option('--policy <file>', 'your own trust policy, instead of the one in the bundle')
    .option('--head <file>', 'a checkpoint that somebody kept; may be given again', collect, [])
    .option('--json', 'print one JSON object')
    .action((bundle: string, { json, policy, head }: Options) => {
      const heads = head.map((file): GivenHead => ({ name: file, note: readOwn(file) }));
      const own = policy === undefined ? {} : { policy: readOwn(policy) };
      const report = verifyBundle(suite, openBundle(bundle), { heads, ...own });
      if (json) terminal.out(JSON.stringify(report));
      else for (const line of reportLines(report, terminal.paint)) terminal.out(line);
      process.exitCode = report.ok ? 0 : 1;
    });
}

function collect(file: string, before: readonly string[]): readonly string[] {
  return [...before, file];
}

function readOwn(file: string): Bytes {
  const bytes = withFile(realPath(file), (fd, size) =>
    size > MAX_READ_BYTES ? undefined : bytesOf(fd, 0, size),
  );
  if (bytes === undefined) throw new PlexusError('FILE_UNREADABLE', `${file}: cannot read it`);
  return bytes;
}
