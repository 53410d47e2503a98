/**
 * `plexus-coordinator init`: a new federation in a new folder: CA, keys, configuration, database with the first leaf of the log.
 *
 * Everything is made beside the folder and renamed into place, so an interrupted init leaves nothing that could be taken for a federation.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { hex, PlexusError, utf8, type Suite } from '@plexus/core';
import type { Command } from 'commander';
import {
  configText,
  folderAt,
  readConfig,
  storeKeyOf,
  writeSealed,
  writeSecret,
  type CoordinatorConfig,
} from '../config.js';
import { createCa } from '../grpc/ca.js';
import { attempt } from './failure.js';
import { openCoordinator } from './open.js';
import { dirOption, readPort } from './options.js';
import type { Terminal } from './terminal.js';

const CA_YEARS = 10;
const MEMBER_DAYS = 30;
/** The key file that init makes, in the folder itself. */
const STORE_KEY = 'store.key';
const YEAR_MS = 365 * 86_400_000;

interface Options {
  readonly dir: string;
  readonly federation: string;
  readonly host: string;
  readonly listen: string;
  readonly port: number;
  readonly enrolPort: number;
  readonly storeKey?: string;
}

export function addInit(program: Command, terminal: Terminal, suite: Suite): void {
  program
    .command('init')
    .description('make a new federation')
    .addOption(dirOption())
    .requiredOption('--federation <name>', 'its name: words of a-z and 0-9 joined by -')
    .option('--host <host>', 'name or address where members reach the coordinator', 'localhost')
    .option('--listen <address>', 'address to listen on', '0.0.0.0')
    .option('--port <port>', 'port for members', readPort, 7443)
    .option('--enrol-port <port>', 'port for enrolment', readPort, 7444)
    .option('--store-key <source>', 'a path, env:NAME or credential:NAME; a new file otherwise')
    .action(async (options: Options) => {
      const advice = {
        what: 'no federation was made',
        next: 'plexus-coordinator init --dir <new folder> --federation <name> --host <host>',
      };
      await attempt(terminal, advice, async () => {
        const dir = resolve(options.dir);
        await initFolder(suite, dir, options, () => undefined);
        terminal.out(`federation ${options.federation} in ${dir}`);
        terminal.out(`next: plexus-coordinator serve --dir ${options.dir}`);
        terminal.out(
          `      plexus-coordinator invite hospital <id> --dir ${options.dir}    (while it serves)`,
        );
      });
    });
}

/** Errors: operator/FILE_EXISTS if something is there; operator/COORDINATOR_CONFIG_INVALID. */
export async function initFolder(
  suite: Suite,
  dir: string,
  { federation, host, listen, port, enrolPort, storeKey: given }: Omit<Options, 'dir'>,
  say: (line: string) => void,
): Promise<void> {
  if (existsSync(dir) && readdirSync(dir).length > 0)
    throw new PlexusError('FILE_EXISTS', `${dir}: expected a new or empty folder`);
  const partial = `${dir}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(dirname(dir), { recursive: true });
  mkdirSync(partial, { mode: 0o700 });
  const folder = folderAt(partial);
  const origin = `${host}/plexus/${federation}`;
  const isOwn = given === undefined;
  const storeKeyText = isOwn ? STORE_KEY : absoluteSource(given);
  const config: CoordinatorConfig = {
    ...{ federation, host, listen, port, enrolPort, origin },
    storeKey: storeKeyText,
    memberDays: MEMBER_DAYS,
  };
  writeFileSync(folder.config, configText(config));
  readConfig(folder.config); // what was typed is judged before anything is made from it
  const nowMs = Date.now();
  const ca = await createCa(federation, {
    serial: new Uint8Array(randomBytes(16)),
    notBeforeMs: nowMs - 300_000,
    notAfterMs: nowMs + CA_YEARS * YEAR_MS,
  });
  writeFileSync(folder.caCertificate, ca.certificatePem);
  if (isOwn) writeSecret(join(partial, STORE_KEY), `${hex(new Uint8Array(randomBytes(32)))}\n`);
  const storeKey = storeKeyOf(partial, config);
  writeSealed(folder.caKey, storeKey, utf8(ca.keyPem));
  writeSealed(folder.logKey, storeKey, new Uint8Array(randomBytes(32)));
  const opened = await openCoordinator(suite, partial, { mode: 'create', say });
  await opened.coordinator.close();
  renameSync(partial, dir);
}

/** A path is meant from where the command is typed. */
function absoluteSource(source: string): string {
  return /^(env|credential):/.test(source) ? source : resolve(source);
}
