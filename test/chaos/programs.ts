/**
 * The programs for tests that kill some of them: commands run in this process, which costs no start of Node; the coordinator and one
 * agent are processes of their own, with what is to kill them loaded; the other agents share a process.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { nodeSuite as suite } from '@plexus/suite';
import { runProgram as audit } from '../../auditor/src/cli/program.ts';
import { runProgram as coordinator } from '../../coordinator/src/cli/program.ts';
import { runProgram as agent } from '../../node-agent/src/cli/program.ts';
import { runProgram as researcher } from '../../researcher/src/cli/program.ts';
import { grpcNetwork } from '../../researcher/src/grpc/network.ts';
import type { Processes, Program, Running } from '../../sim/demo/processes.ts';
import { projectRoot } from '../arch/project.ts';

/** What is loaded into a process of its own, by its name. */
export type Plans = Readonly<Record<string, object>>;

const PRELOAD = join(projectRoot, 'test', 'chaos', 'kill-at-commit.mjs');
const MAIN = {
  'plexus-coordinator': join(projectRoot, 'coordinator', 'bin', 'plexus-coordinator.js'),
  'plexus-agent': join(projectRoot, 'node-agent', 'bin', 'plexus-agent.js'),
};

export function testPrograms(logs: string, together: readonly string[], plans: Plans): Processes {
  mkdirSync(logs, { recursive: true });
  const alive = new Set<ChildProcess>();
  const folders: string[] = [];
  let stopping = false;

  function spawnOne(name: string, main: string, args: readonly string[]): Running {
    const plan = plans[name];
    const env = {
      ...process.env,
      ...(plan && {
        NODE_OPTIONS: `--import ${PRELOAD}`,
        PLEXUS_KILL_PLAN: JSON.stringify(plan),
      }),
    };
    const log = openSync(join(logs, `${name}.log`), 'a');
    const child = spawn(process.execPath, [main, ...args], { env, stdio: ['ignore', 'pipe', log] });
    closeSync(log);
    alive.add(child);
    const ended = new Promise<number | null>((settle) => {
      child.once('close', (status) => {
        alive.delete(child);
        settle(status);
      });
    });
    return {
      pid: child.pid ?? 0,
      lines: createInterface({ input: child.stdout! }),
      ended,
      kill: (signal) => void child.kill(signal),
    };
  }

  return {
    async run(_name, program, args, input = '') {
      const printed: string[] = [];
      const said: string[] = [];
      const typed = join(logs, 'typed');
      writeFileSync(typed, input);
      const given = args.map((arg) => (arg === '-' ? typed : arg));
      const terminal = {
        out: (line: string) => void printed.push(line),
        err: (line: string) => void said.push(line),
      };
      await command(program, ['node', program, ...given], terminal);
      const failed = process.exitCode !== undefined && process.exitCode !== 0;
      process.exitCode = undefined;
      if (failed)
        throw new Error(`${program} ${args.join(' ')}\n${[...printed, ...said].join('\n')}`);
      return `${printed.join('\n')}\n`;
    },
    start(name, program, args) {
      if (!together.includes(name)) return spawnOne(name, MAIN[program as keyof typeof MAIN], args);
      folders.push(args.at(-1) ?? '');
      if (folders.length < together.length) return notAlone;
      return spawnOne('others', join(projectRoot, 'test', 'chaos', 'agents.mjs'), folders);
    },
    async stopAll() {
      stopping = true;
      await Promise.all(
        [...alive].map(
          (child) =>
            new Promise<void>((settle) => {
              const impatience = setTimeout(() => child.kill('SIGKILL'), 5_000);
              child.once('close', () => {
                clearTimeout(impatience);
                settle();
              });
              child.kill('SIGTERM');
            }),
        ),
      );
    },
    stopping: () => stopping,
  };
}

const notAlone: Running = {
  pid: 0,
  lines: { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => undefined) }) },
  ended: new Promise(() => undefined),
  kill: () => undefined,
};

type Printer = { readonly out: (line: string) => void; readonly err: (line: string) => void };

async function command(
  program: Program,
  argv: readonly string[],
  terminal: Printer,
): Promise<void> {
  switch (program) {
    case 'plexus-coordinator':
      await coordinator(argv, terminal, suite);
      return;
    case 'plexus-agent':
      await agent(argv, terminal, suite);
      return;
    case 'plexus': {
      const live = { ...terminal, interactive: false, live: () => undefined };
      await researcher(argv, live, suite, grpcNetwork(process.env));
      return;
    }
    case 'plexus-audit': {
      const paint = new Proxy({}, { get: () => (text: string) => text }) as never;
      audit(argv, { ...terminal, paint }, suite);
    }
  }
}
