/**
 * The programs as separate processes: commands that end, servers that stay, and that none of them outlives the demo.
 *
 * What a program writes to stderr goes to a file of its own in the demo's folder. Leaves to others: which programs, in which order.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { PlexusError } from '@plexus/core';

export type Program = 'plexus-coordinator' | 'plexus-agent' | 'plexus' | 'plexus-audit';

const FOLDERS: Readonly<Record<Program, string>> = {
  'plexus-coordinator': 'coordinator',
  'plexus-agent': 'node-agent',
  plexus: 'researcher',
  'plexus-audit': 'auditor',
};

export interface Running {
  readonly pid: number;
  /** Lines of stdout as they come; ends with the process. */
  readonly lines: AsyncIterable<string>;
  /** Exit status, or null if a signal ended it. */
  readonly ended: Promise<number | null>;
  readonly kill: (signal: 'SIGTERM' | 'SIGKILL') => void;
}

export interface Processes {
  /** Runs a command to its end and answers what it printed. Errors: environment/DEMO_STEP with the end of what it said. */
  readonly run: (
    name: string,
    program: Program,
    args: readonly string[],
    input?: string,
  ) => Promise<string>;
  readonly start: (name: string, program: Program, args: readonly string[]) => Running;
  /** Asks everything to stop, and after a while no longer asks. */
  readonly stopAll: () => Promise<void>;
  /** From now on the end of a started process is expected. */
  readonly stopping: () => boolean;
}

const PATIENCE_MS = 5_000;
const TAIL_LINES = 12;

/** `root` is the project, `logs` the folder for what the programs say. */
export function createProcesses(root: string, logs: string): Processes {
  mkdirSync(logs, { recursive: true });
  const alive = new Set<ChildProcess>();
  let stopping = false;

  function spawnOne(name: string, program: Program, args: readonly string[]): ChildProcess {
    const main = join(root, FOLDERS[program], 'bin', `${program}.js`);
    const log = openSync(join(logs, `${name}.log`), 'a');
    const child = spawn(process.execPath, [main, ...args], { stdio: ['pipe', 'pipe', log] });
    closeSync(log); // the child has its own
    alive.add(child);
    child.stdin?.on('error', () => undefined); // a program that does not read its input is no fault
    return child;
  }

  function endOf(child: ChildProcess): Promise<number | null> {
    return new Promise((settle, fail) => {
      child.once('error', fail);
      child.once('close', (status) => {
        alive.delete(child);
        settle(status);
      });
    });
  }

  // the last resort, also when the demo itself dies of an exception
  process.once('exit', () => {
    for (const child of alive) child.kill('SIGKILL');
  });

  return {
    async run(name, program, args, input = '') {
      const child = spawnOne(name, program, args);
      const printed: Buffer[] = [];
      child.stdout?.on('data', (piece: Buffer) => printed.push(piece));
      child.stdin?.end(input);
      const status = await endOf(child);
      const text = Buffer.concat(printed).toString('utf8');
      if (status === 0) return text;
      const said = `${text}${readFileSync(join(logs, `${name}.log`), 'utf8')}`.trim().split('\n');
      throw new PlexusError(
        'DEMO_STEP',
        `${name}: ${program} ${args[0] ?? ''} ended with status ${String(status)}\n${said.slice(-TAIL_LINES).join('\n')}`,
      );
    },
    start(name, program, args) {
      const child = spawnOne(name, program, args);
      child.stdin?.end();
      if (child.stdout === null || child.pid === undefined)
        throw new PlexusError('DEMO_STEP', `${name}: ${program} cannot be started`);
      return {
        pid: child.pid,
        lines: createInterface({ input: child.stdout }),
        ended: endOf(child),
        kill: (signal) => void child.kill(signal),
      };
    },
    async stopAll() {
      stopping = true;
      const ends = [...alive].map(
        (child) =>
          new Promise<void>((settle) => {
            const impatience = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
            child.once('close', () => {
              clearTimeout(impatience);
              settle();
            });
            child.kill('SIGTERM');
          }),
      );
      await Promise.all(ends);
    },
    stopping: () => stopping,
  };
}
