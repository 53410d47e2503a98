/**
 * The demo: four hospitals train one heart-disease model over the secure sum, on real processes, real TLS and real databases.
 *
 * Leaves to others: starting the programs (federation.ts), the data (data.ts), what is compared (compare.ts), the pictures (progress.ts,
 * table.ts). Exit status 0 only when all of it worked; 130 after Ctrl-C.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { asPlexusError, parseManifest, PlexusError } from '@plexus/core';
import { compare, type Comparison } from './compare.js';
import { prepareData, type DemoData } from './data.js';
import { engineOf } from './evidence.js';
import {
  approveStudy,
  collect,
  placesIn,
  roundNames,
  startFederation,
  watchStudy,
  type Federation,
  type Outcome,
} from './federation.js';
import { HOSPITALS } from './hospitals.js';
import { readOptions, USAGE, type DemoOptions } from './options.js';
import { createProcesses, type Processes } from './processes.js';
import { createProgress, type WatchEvent } from './progress.js';
import { resultLines } from './table.js';

const ROOT = resolve(fileURLToPath(new URL('../../..', import.meta.url)));
const INTERRUPTED = 130;

interface Result {
  readonly data: DemoData;
  readonly federation: Federation;
  readonly comparison: Comparison;
  readonly outcome: Outcome;
  readonly engine: string;
  readonly rounds: number;
  readonly seconds: number;
}

/** Runs the demo and answers its exit status. */
export async function demo(argv: readonly string[]): Promise<number> {
  const options = optionsOf(argv);
  if (options === undefined) return 2;
  if (options.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const out = options.json ? process.stderr : process.stdout; // with --json, stdout is for the object alone
  const say = (line: string): void => void out.write(`${line}\n`);
  let processes: Processes | undefined;
  let interrupted = false;
  const wasInterrupted = (): boolean => interrupted;
  const interrupt = new Promise<void>((settle) => {
    const stop = (): void => {
      interrupted = true;
      settle();
    };
    process.on('SIGINT', stop).on('SIGTERM', stop);
  });
  try {
    const dir = stateFolder(options.dir);
    processes = createProcesses(ROOT, join(dir, 'logs'));
    const running = play(processes, dir, options, out, say);
    const result = await Promise.race([running, interrupt.then(() => undefined)]);
    running.catch(() => undefined); // after an interrupt its failure is what was asked for
    if (result === undefined) {
      say(`\ninterrupted: everything that was started is stopped; state stays in ${dir}`);
      return INTERRUPTED;
    }
    report(result, options, say);
    if (options.keep) {
      say(`still running: plexus-coordinator status --dir ${result.federation.places.coordinator}`);
      say('Ctrl-C stops everything');
      await interrupt;
    }
    return result.outcome.log.verified ? 0 : 1;
  } catch (thrown) {
    if (wasInterrupted()) return INTERRUPTED;
    const { code, message } = asPlexusError(thrown, 'COMMAND_FAILED');
    const cause = code === 'COMMAND_FAILED' && thrown instanceof Error ? thrown.message : message;
    process.stderr.write(`error ${code}: the demo did not finish\nwhy   ${cause}\n`);
    return 1;
  } finally {
    await processes?.stopAll();
  }
}

async function play(
  processes: Processes,
  dir: string,
  options: DemoOptions,
  out: NodeJS.WriteStream,
  say: (line: string) => void,
): Promise<Result> {
  const places = placesIn(dir);
  const data = await prepareData({
    root: ROOT,
    into: join(dir, 'data'),
    say,
    ...(options.data === undefined ? {} : { dir: options.data }),
  });
  say(`data         ${data.source}`);
  const started = performance.now();
  const federation = await startFederation(processes, ROOT, places, data, say);
  const failed = watchServers(processes, federation);
  await Promise.race([failed, approveStudy(processes, ROOT, federation, options.seed)]);
  say('study        heart-disease is approved by the steward of each hospital');
  say('');
  const rounds = await Promise.race([failed, follow(processes, federation, data, out)]);
  const outcome = await Promise.race([failed, collect(processes, federation)]);
  const seconds = (performance.now() - started) / 1000;
  const manifest = parseManifest(new Uint8Array(readFileSync(join(places.model, 'manifest.json'))));
  const model = new Uint8Array(readFileSync(join(places.model, 'state.plexus')));
  const comparison = await compare({ data, manifest, model });
  const engine = engineOf(places.evidence);
  return { data, federation, comparison, outcome, engine, rounds, seconds };
}

/** Draws the study as it goes and answers how many training rounds there were. Errors: environment/DEMO_STEP unless it completes. */
async function follow(
  processes: Processes,
  federation: Federation,
  data: DemoData,
  out: NodeJS.WriteStream,
): Promise<number> {
  const progress = createProgress(out, data.kind, roundNames(ROOT));
  const watch = watchStudy(processes, federation);
  for await (const line of watch.lines) progress.update(JSON.parse(line) as WatchEvent);
  const status = await watch.ended;
  progress.end();
  if (status !== 0)
    throw new PlexusError('DEMO_STEP', 'the study did not complete; see logs/watch.log');
  return progress.trained();
}

/** Never resolves; fails when a server ends that nobody asked to. */
function watchServers(processes: Processes, { servers }: Federation): Promise<never> {
  return Promise.race(
    servers.map(async ({ name, running }): Promise<never> => {
      const status = await running.ended;
      if (processes.stopping()) return await new Promise<never>(() => undefined);
      throw new PlexusError(
        'DEMO_STEP',
        `${name}: ended with status ${String(status)}; see logs/${name}.log`,
      );
    }),
  );
}

function report(
  { data, federation, comparison, outcome, engine, rounds, seconds }: Result,
  options: DemoOptions,
  say: (line: string) => void,
): void {
  const { places } = federation;
  const { log, bytesOut } = outcome;
  say('');
  for (const line of resultLines(comparison, data.kind)) say(line);
  say('');
  say('NOT DIFFERENTIALLY PRIVATE: protected by secure aggregation and minimum cell sizes only.');
  const left = HOSPITALS.map((hospital) => `${hospital} ${kilobytes(bytesOut[hospital])}`);
  say(`left         ${left.join('   ')} (all of it masked or signed; see plexus-agent outbound)`);
  say(
    `log          ${String(log.size)} leaves, ${log.verified ? 'verified offline' : 'NOT VERIFIED'}: plexus-audit verify ${places.evidence}`,
  );
  say(
    `model        ${places.model}   plexus model predict --csv patients.csv --model ${places.model}`,
  );
  say(
    `databases    ${join(places.coordinator, 'coordinator.db')}, ${join(places.dir, '<hospital>', 'agent.db')}`,
  );
  say(`time         ${seconds.toFixed(1)} s, engine ${engine}`);
  if (!options.json) return;
  const hospitals = Object.fromEntries(
    HOSPITALS.map((hospital) => [hospital, { dir: places.agent(hospital) }]),
  );
  const of = (what: 'accuracy' | 'auc') => ({
    federated: comparison.federated[what],
    local: comparison.local[what],
    pooled: comparison.pooled[what],
  });
  const object = {
    data: data.kind,
    engine,
    rounds,
    hospitals,
    accuracy: of('accuracy'),
    auc: of('auc'),
    log: { size: log.size, verified: log.verified },
    bytesOut,
    paths: { dir: places.dir, log: places.evidence, model: places.model },
    seconds: Number(seconds.toFixed(1)),
  };
  process.stdout.write(`${JSON.stringify(object)}\n`);
}

function optionsOf(argv: readonly string[]): DemoOptions | undefined {
  try {
    return readOptions(argv);
  } catch (thrown) {
    const { code, message } = asPlexusError(thrown, 'COMMAND_FAILED');
    process.stderr.write(`error ${code}: ${message}\n${USAGE}`);
    return undefined;
  }
}

/** Errors: operator/FILE_EXISTS if the folder has something in it: a demo would mix with what is there. */
function stateFolder(chosen: string | undefined): string {
  if (chosen === undefined) return mkdtempSync(join(tmpdir(), 'plexus-demo-'));
  const dir = resolve(chosen);
  if (existsSync(dir) && readdirSync(dir).length > 0)
    throw new PlexusError('FILE_EXISTS', `${dir}: expected a new or empty folder`);
  mkdirSync(dir, { recursive: true });
  return dir;
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1024).toFixed(0)} KiB`;
}
