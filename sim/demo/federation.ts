/**
 * A federation of real programs on loopback: one coordinator, four agents, a researcher, each with a folder of its own.
 *
 * Does what a person would type, command by command; nothing is reached but through the programs. Leaves to others: the data
 * (data.ts), showing progress (progress.ts), comparisons (compare.ts).
 */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { PlexusError } from '@plexus/core';
import { parse, stringify } from 'yaml';
import type { DemoData } from './data.js';
import { HOSPITALS, type HospitalName } from './hospitals.js';
import type { Processes, Running } from './processes.js';

const STUDY = 'heart-disease';
/** How long an agent may take to hear of the study. */
const OFFER_MS = 30_000;
const LOOK_MS = 200;

export interface Places {
  readonly dir: string;
  readonly coordinator: string;
  readonly researcher: string;
  readonly agent: (hospital: HospitalName) => string;
  readonly study: string;
  readonly model: string;
  readonly evidence: string;
}

export function placesIn(dir: string): Places {
  return {
    dir,
    coordinator: join(dir, 'coordinator'),
    researcher: join(dir, 'researcher'),
    agent: (hospital) => join(dir, hospital),
    study: join(dir, 'study'),
    model: join(dir, 'model'),
    evidence: join(dir, 'evidence'),
  };
}

export interface Federation {
  readonly places: Places;
  readonly port: number;
  readonly enrolPort: number;
  readonly servers: readonly { readonly name: string; readonly running: Running }[];
}

/** Starts the coordinator, enrols everybody and starts the agents. */
export async function startFederation(
  processes: Processes,
  root: string,
  places: Places,
  data: DemoData,
  say: (line: string) => void,
): Promise<Federation> {
  const { coordinator } = places;
  const local = ['--listen', '127.0.0.1', '--port', '0', '--enrol-port', '0'];
  await processes.run('coordinator', 'plexus-coordinator', [
    ...['init', '--dir', coordinator, '--federation', 'demo', '--host', 'localhost', ...local],
  ]);
  const serving = processes.start('coordinator', 'plexus-coordinator', [
    ...['serve', '--dir', coordinator, '--json', ...local],
  ]);
  const { port, enrolPort } = await addresses(serving);
  say(`coordinator  127.0.0.1:${String(port)}, enrolment on ${String(enrolPort)}`);

  const invite = async (kind: string, id: string): Promise<string> =>
    (
      await processes.run(`invite-${id}`, 'plexus-coordinator', [
        ...['invite', kind, id, '--dir', coordinator],
      ])
    ).trim();
  const invites = new Map<string, string>();
  for (const hospital of HOSPITALS) invites.set(hospital, await invite('hospital', hospital));
  const author = await invite('researcher', 'author');

  const home = ['--home', places.researcher];
  await Promise.all([
    ...HOSPITALS.map(async (hospital) => {
      const dir = places.agent(hospital);
      const text = invites.get(hospital) ?? '';
      await processes.run(hospital, 'plexus-agent', ['enrol', '--invite', text, '--dir', dir]);
      writeHospital(root, dir, data.hospitals[hospital]);
    }),
    processes.run('researcher', 'plexus', [...home, 'enrol', '-'], author),
  ]);
  const agents = HOSPITALS.map((hospital) => ({
    name: hospital,
    running: processes.start(hospital, 'plexus-agent', ['run', '--dir', places.agent(hospital)]),
  }));
  say(`hospitals    ${HOSPITALS.join(', ')} are enrolled and connect`);
  return {
    places,
    port,
    enrolPort,
    servers: [{ name: 'coordinator', running: serving }, ...agents],
  };
}

/** Submits the study and has each steward approve it. */
export async function approveStudy(
  processes: Processes,
  root: string,
  { places }: Federation,
  seed: number | undefined,
): Promise<void> {
  const file = writeStudy(root, places.study, seed);
  await processes.run('researcher', 'plexus', [
    ...['--home', places.researcher, 'study', 'submit', file],
  ]);
  await Promise.all(
    HOSPITALS.map(async (hospital) => {
      const dir = places.agent(hospital);
      await offered(processes, hospital, dir);
      await processes.run(hospital, 'plexus-agent', ['approve', STUDY, '--dir', dir, '--yes']);
    }),
  );
}

/** What each round of the study is for, in order. */
export function roundNames(root: string): readonly string[] {
  const file = join(root, 'models', STUDY, 'study.yaml');
  const { tasks } = parse(readFileSync(file, 'utf8')) as {
    readonly tasks: readonly { readonly kind: string; readonly rounds?: number }[];
  };
  return tasks.flatMap(({ kind, rounds = 1 }) =>
    Array.from({ length: rounds }, (_, i) => {
      if (kind === 'moments') return 'scaling';
      return kind === 'train' ? `training ${String(i + 1)} of ${String(rounds)}` : 'evaluation';
    }),
  );
}

/** The study as it goes, as `plexus study watch --json` prints it. */
export function watchStudy(processes: Processes, { places }: Federation): Running {
  return processes.start('watch', 'plexus', [
    ...['--home', places.researcher, 'study', 'watch', STUDY, '--json'],
  ]);
}

export interface Outcome {
  readonly log: { readonly size: number; readonly verified: boolean; readonly report: string };
  readonly bytesOut: Readonly<Record<HospitalName, number>>;
}

/** Fetches the model, exports the evidence, verifies it offline and asks every hospital what left it. */
export async function collect(processes: Processes, { places }: Federation): Promise<Outcome> {
  const { coordinator, researcher, model, evidence } = places;
  await processes.run('researcher', 'plexus', [
    ...['--home', researcher, 'model', 'fetch', STUDY, '--out', model],
  ]);
  await processes.run('bundle', 'plexus-coordinator', [
    'bundle',
    '--dir',
    coordinator,
    '--out',
    evidence,
  ]);
  const report = await processes.run('audit', 'plexus-audit', ['verify', evidence, '--json']);
  const { ok, size } = JSON.parse(lastLine(report)) as {
    readonly ok: boolean;
    readonly size: number;
  };
  const bytes = await Promise.all(
    HOSPITALS.map(async (hospital) => {
      const args = ['outbound', '--dir', places.agent(hospital), '--json'];
      const printed = await processes.run(`${hospital}-outbound`, 'plexus-agent', args);
      const { sums } = JSON.parse(lastLine(printed)) as {
        readonly sums: readonly { readonly bytes: number }[];
      };
      return [hospital, sums.reduce((sum, one) => sum + one.bytes, 0)] as const;
    }),
  );
  return {
    log: { size, verified: ok, report },
    bytesOut: Object.fromEntries(bytes) as Record<HospitalName, number>, // one entry a hospital
  };
}

/** What a hospital's IT and steward fill in after enrolment: where the data lies, how it is mapped, what is allowed. */
function writeHospital(
  root: string,
  dir: string,
  files: { readonly csv: string; readonly split: string },
): void {
  const model = join(root, 'models', STUDY);
  const sources = parse(readFileSync(join(model, 'sources.yaml'), 'utf8')) as {
    readonly heart: object;
    readonly split: object;
  };
  const paths = {
    heart: { ...sources.heart, path: files.csv },
    split: { ...sources.split, path: files.split },
  };
  writeFileSync(join(dir, 'sources.yaml'), stringify(paths));
  mkdirSync(join(dir, 'mappings'), { recursive: true });
  copyFileSync(join(model, 'mappings', 'uci.yaml'), join(dir, 'mappings', `${STUDY}.yaml`));
  const policy = {
    studies: [STUDY],
    maxLevel: 3,
    suppression: 'open',
    privacy: { none: ['moments', 'train', 'evaluate'] },
  };
  writeFileSync(join(dir, 'policy.yaml'), stringify(policy));
}

function writeStudy(root: string, folder: string, seed: number | undefined): string {
  const model = join(root, 'models', STUDY);
  if (seed === undefined) return join(model, 'study.yaml');
  mkdirSync(folder, { recursive: true });
  for (const name of ['schema.yaml', 'model.yaml'])
    copyFileSync(join(model, name), join(folder, name));
  const study = parse(readFileSync(join(model, 'study.yaml'), 'utf8')) as object;
  const file = join(folder, 'study.yaml');
  writeFileSync(file, stringify({ ...study, seed }));
  return file;
}

async function offered(processes: Processes, hospital: string, dir: string): Promise<void> {
  const args = ['studies', '--dir', dir, '--json'];
  const until = Date.now() + OFFER_MS;
  while (Date.now() < until) {
    const printed = lastLine(await processes.run(`${hospital}-studies`, 'plexus-agent', args));
    const { studies } = JSON.parse(printed) as {
      readonly studies: readonly { readonly summary: { readonly study: string } }[];
    };
    if (studies.some(({ summary }) => summary.study === STUDY)) return;
    await pause(LOOK_MS);
  }
  throw new PlexusError('DEMO_STEP', `${hospital}: the study did not arrive within 30 s`);
}

async function addresses(
  serving: Running,
): Promise<{ readonly port: number; readonly enrolPort: number }> {
  for await (const line of serving.lines)
    return JSON.parse(line) as { readonly port: number; readonly enrolPort: number };
  throw new PlexusError(
    'DEMO_STEP',
    'coordinator: ended before it served; see logs/coordinator.log',
  );
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
