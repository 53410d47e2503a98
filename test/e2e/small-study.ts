/** A federation of real processes on a short study: made-up patients, seven rounds, deadlines that a test can wait for. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  bundlesOf,
  parseBundle,
  parseBundleIndex,
  readLeaf,
  tilePath,
  type Leaf,
} from '@plexus/core';
import { parse, stringify } from 'yaml';
import { syntheticData } from '../../sim/demo/data.ts';
import {
  placesIn,
  startFederation,
  watchStudy,
  type Federation,
  type Places,
} from '../../sim/demo/federation.ts';
import { createProcesses, type Processes } from '../../sim/demo/processes.ts';
import type { WatchEvent } from '../../sim/demo/progress.ts';
import { projectRoot } from '../arch/project.ts';

export interface SmallFederation {
  readonly processes: Processes;
  readonly federation: Federation;
  /** A project folder of its own, whose models/heart-disease is the short study. */
  readonly root: string;
  readonly close: () => Promise<void>;
}

export interface SmallOptions {
  readonly trainingRounds: number;
  readonly localSteps: number;
  /** For the exchanges that a hospital can be lost in before its vector is in. */
  readonly deadlineMs: number;
  readonly programs: (logs: string, places: Places) => Processes;
}

export const USUAL: SmallOptions = {
  trainingRounds: 5,
  localSteps: 20,
  deadlineMs: 3_000,
  programs: (logs) => createProcesses(projectRoot, logs),
};

export async function startSmall(options: SmallOptions = USUAL): Promise<SmallFederation> {
  const { trainingRounds: rounds, localSteps, deadlineMs } = options;
  const folder = mkdtempSync(join(tmpdir(), 'plexus-e2e-'));
  const root = join(folder, 'project');
  const model = join(root, 'models', 'heart-disease');
  cpSync(join(projectRoot, 'models', 'heart-disease'), model, { recursive: true });
  const study = parse(readFileSync(join(model, 'study.yaml'), 'utf8')) as {
    readonly tasks: readonly { readonly kind: string }[];
    readonly secagg: object;
  };
  const tasks = study.tasks.map((task) =>
    task.kind === 'train' ? { ...task, rounds, localSteps } : task,
  );
  const timeoutsMs = {
    ready: 60_000,
    advertise: deadlineMs,
    share: deadlineMs,
    masked: deadlineMs,
    agree: 20_000,
    unmask: 20_000,
  };
  const secagg = { ...study.secagg, wMax: 250, timeoutsMs };
  writeFileSync(join(model, 'study.yaml'), stringify({ ...study, tasks, secagg }));
  const places = placesIn(join(folder, 'state'));
  const processes = options.programs(join(folder, 'logs'), places);
  const close = async (): Promise<void> => {
    await processes.stopAll();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const data = syntheticData(projectRoot, join(folder, 'data'));
    mkdirSync(places.dir, { recursive: true });
    const federation = await startFederation(processes, root, places, data, () => undefined);
    return { processes, federation, root, close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

export function serverOf({ servers }: Federation, name: string) {
  const server = servers.find((one) => one.name === name);
  if (server === undefined) throw new Error(`no ${name}`);
  return server.running;
}

/** Events of `plexus study watch` until the study has ended; `seen` is told of each. Answers the exit status of the command. */
export async function watchUntilEnd(
  { processes, federation }: SmallFederation,
  seen: (event: WatchEvent) => void,
): Promise<number | null> {
  const watch = watchStudy(processes, federation);
  for await (const line of watch.lines) seen(JSON.parse(line) as WatchEvent);
  return await watch.ended;
}

/** The leaves of an exported bundle. */
export function leavesOf(evidence: string): readonly Leaf[] {
  const read = (path: string): Uint8Array => new Uint8Array(readFileSync(join(evidence, path)));
  const index = parseBundleIndex(read('bundle.json'));
  return bundlesOf(index?.size ?? 0)
    .flatMap((tile) => parseBundle(read(`log/${tilePath(tile)}`)))
    .flatMap((bytes) => {
      const leaf = readLeaf(bytes);
      return leaf.kind === 'leaf' ? [leaf.leaf] : [];
    });
}
