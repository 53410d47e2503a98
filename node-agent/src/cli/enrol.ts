/**
 * `plexus-agent enrol`: makes the hospital's keys, proves them to the coordinator with an invite, and pins what comes back.
 *
 * Every attempt makes fresh keys: one whose answer was lost has used them up with its invite. The record is written last, so a folder
 * without it is not enrolled, and the command may be run again. Leaves to others: the exchange itself (grpc/), the files (store/).
 */
import { createHash, randomBytes, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { parseVkey, PlexusError, type Bytes, type Suite } from '@plexus/core';
import { openSqliteStore } from '@plexus/runtime';
import type { Command } from 'commander';
import { makeHospitalKeys, personPseudonym, registerKeys } from '../app/hospital-keys.js';
import { AGENT_YAML, POLICY_YAML, SOURCES_YAML } from '../config.js';
import { enrolHospital, readHospitalInvite } from '../grpc/enrolment.js';
import { isEnrolled, writeEnrolment } from '../store/enrolment.js';
import { writeWhole } from '../store/files.js';
import { writeKeys, writeTls } from '../store/key-files.js';
import { agentFolder, type AgentFolder } from './folder.js';
import { makeStoreKey } from './store-key.js';
import { attempt, type Terminal } from './terminal.js';

interface Options {
  readonly invite: string;
  readonly dir: string;
  readonly role: string;
}

const TIMEOUT_MS = 30_000;

export function addEnrol(program: Command, terminal: Terminal, suite: Suite): void {
  program
    .command('enrol')
    .description('make the keys of this hospital and join a federation')
    .requiredOption('--invite <text>', "the coordinator's invite, as one line")
    .requiredOption('--dir <dir>', 'folder for configuration, keys and database')
    .option('--role <role>', 'role of the person whose approval key is made', 'data-steward')
    .action(async (options: Options) => {
      const advice = {
        what: 'this hospital is not enrolled',
        next: 'correct what is named above, then run the same command; a used or expired invite needs a new one',
      };
      await attempt(terminal, advice, () => enrol(terminal, suite, options));
    });
}

async function enrol(terminal: Terminal, suite: Suite, options: Options): Promise<void> {
  const folder = agentFolder(options.dir);
  if (isEnrolled(folder.path))
    throw new PlexusError('FILE_EXISTS', `${folder.path}: a hospital is enrolled here already`);
  const invite = readHospitalInvite(options.invite);
  const { federation, id: hospital, host, port } = invite;
  writeTemplates(folder);
  const storeKey = makeStoreKey(folder);
  const keys = makeHospitalKeys(random);
  writeKeys(suite, folder.keys, keys, storeKey, random);
  const registered = registerKeys(suite, keys, { federation, hospital }, Date.now());
  const proxy = process.env['https_proxy'];
  const enrolled = await enrolHospital(invite, registered, {
    timeoutMs: TIMEOUT_MS,
    ...(proxy === undefined ? {} : { proxy }),
  });
  if (parseVkey(suite, enrolled.logVkey).name !== enrolled.logOrigin)
    throw new PlexusError('KEY_INVALID', 'log: expected a key named as its origin');
  writeTls(folder.keys, enrolled.identity);
  // D7: only enrolment makes a database; one of an attempt that failed later is as empty as a new one
  if (!existsSync(folder.database))
    await openSqliteStore({ path: folder.database, mode: 'create', storeKey }).close();
  writeEnrolment(folder.path, {
    hospital,
    federation,
    host,
    port,
    caPem: enrolled.endpoint.caPem,
    logOrigin: enrolled.logOrigin,
    logVkey: enrolled.logVkey,
    keys: registered.map(({ statement }) => statement),
    certificate: certificateDigest(enrolled.identity.chainPem),
    signer: personPseudonym(random(10)),
    role: options.role,
  });
  terminal.out(
    `ok    ${hospital} is enrolled in ${federation}, coordinator ${host}:${String(port)}`,
  );
  terminal.out(`      keys   ${folder.keys} (keep a copy of this folder in a safe place)`);
  terminal.out(`      policy ${folder.policy} allows nothing yet; say there what a study may ask`);
  terminal.out(`next  plexus-agent run --dir ${options.dir}`);
}

/** What the hospital's people fill in; a file that is there stays as it is. */
function writeTemplates(folder: AgentFolder): void {
  try {
    mkdirSync(folder.mappings, { recursive: true });
  } catch (cause) {
    throw new PlexusError('FILE_UNWRITABLE', `${folder.path}: cannot be made`, { cause });
  }
  const templates = [
    [folder.config, AGENT_YAML],
    [folder.policy, POLICY_YAML],
    [folder.sources, SOURCES_YAML],
  ] as const;
  for (const [path, text] of templates) if (!existsSync(path)) writeWhole(path, text, 0o644);
}

function random(length: number): Bytes {
  return new Uint8Array(randomBytes(length));
}

function certificateDigest(chainPem: string): string {
  return createHash('sha256').update(new X509Certificate(chainPem).raw).digest('hex');
}
