/**
 * `plexus-coordinator serve`: both ports, the operator's socket, and the clock, until SIGTERM or SIGINT.
 *
 * A failure that leaves doubt about what is stored stops the process at once; the next start decides by what is on disk.
 */
import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import type { PlexusError, Suite } from '@plexus/core';
import type { Command } from 'commander';
import { folderAt } from '../config.js';
import { startServer, type RunningServer } from '../grpc/server.js';
import { attempt } from './failure.js';
import { openCoordinator, type OpenCoordinator } from './open.js';
import { answerRequest, type OperatorRequest } from './operate.js';
import { dirOption, readPort } from './options.js';
import { listenOn } from './socket.js';
import type { Terminal } from './terminal.js';

const TICK_MS = 1_000;
const DAY_MS = 86_400_000;
/** The server's own certificate; a new one every day. */
const SERVER_DAYS = 30;
/** How long calls under way may take to end when the coordinator stops. */
const GRACE_MS = 500;

interface Options {
  readonly dir: string;
  readonly listen?: string;
  readonly port?: number;
  readonly enrolPort?: number;
  readonly json?: true;
}

export interface Serving {
  readonly port: number;
  readonly enrolPort: number;
  /** Resolves once everything is closed, with what made it stop if it was no request to stop. */
  readonly stopped: Promise<PlexusError | undefined>;
  readonly stop: () => void;
}

export function addServe(program: Command, terminal: Terminal, suite: Suite): void {
  program
    .command('serve')
    .description('run the coordinator')
    .addOption(dirOption())
    .option('--listen <address>', 'instead of the configured address')
    .option('--port <port>', 'instead of the configured port; 0 takes a free one', readPort)
    .option('--enrol-port <port>', 'instead of the configured port; 0 takes a free one', readPort)
    .option('--json', 'print the addresses as one line of JSON')
    .action(async (options: Options) => {
      const advice = {
        what: 'the coordinator does not run',
        next: 'see whether one runs already: plexus-coordinator status --dir <folder>',
      };
      await attempt(terminal, advice, async () => {
        const say = (line: string): void => {
          terminal.err(`${new Date().toISOString()} ${line}`);
        };
        const serving = await serve(suite, options, say);
        process.once('SIGTERM', serving.stop).once('SIGINT', serving.stop);
        const { port, enrolPort } = serving;
        if (options.json) terminal.out(JSON.stringify({ port, enrolPort, pid: process.pid }));
        else
          terminal.out(`members on port ${String(port)}, enrolment on port ${String(enrolPort)}`);
        const failure = await serving.stopped;
        if (failure !== undefined) throw failure;
      });
    });
}

/** Errors: those of opening the folder; COORDINATOR_RUNNING; COMMAND_FAILED if a port is taken. */
export async function serve(
  suite: Suite,
  options: Omit<Options, 'json'>,
  say: (line: string) => void,
): Promise<Serving> {
  let stop: (failure?: PlexusError) => void = () => undefined;
  const asked = new Promise<PlexusError | undefined>((settle) => {
    stop = settle;
  });
  const onFailure = (error: PlexusError): void => {
    say(`stops: ${error.code}: ${error.message}`);
    stop(error);
  };
  const dir = resolve(options.dir);
  const opened = await openCoordinator(suite, dir, { mode: 'existing', say, onFailure });
  const { coordinator } = opened;
  let server: RunningServer;
  let socket: { close(): Promise<void> };
  const ports: { port: number; enrolPort: number } = { port: 0, enrolPort: 0 };
  try {
    socket = await listenOn(folderAt(dir).socket, (request) =>
      answerRequest(suite, opened, ports, request as OperatorRequest),
    );
    server = await listen(opened, options, onFailure).catch(async (thrown: unknown) => {
      await socket.close();
      throw thrown;
    });
  } catch (thrown) {
    await coordinator.close();
    throw thrown;
  }
  Object.assign(ports, { port: server.port, enrolPort: server.enrolPort });
  const clock = setInterval(() => {
    coordinator.tick().catch(onFailure);
  }, TICK_MS);
  const renewal = setInterval(() => {
    serverCertificates(opened)
      .then((certificates) => {
        server.swapCertificates(certificates);
      })
      .catch(onFailure);
  }, DAY_MS);
  const { federation } = opened.config;
  say(`serves ${federation} on ports ${String(server.port)} and ${String(server.enrolPort)}`);

  const stopped = asked.then(async (failure) => {
    clearInterval(clock);
    clearInterval(renewal);
    await socket.close();
    await server.close(GRACE_MS);
    // after a failure nothing more is written; what is on disk decides
    if (failure === undefined) await coordinator.close();
    say('stopped');
    return failure;
  });
  return {
    ...ports,
    stopped,
    stop: () => {
      stop();
    },
  };
}

async function listen(
  opened: OpenCoordinator,
  options: Omit<Options, 'json'>,
  onFailure: (error: PlexusError) => void,
): Promise<RunningServer> {
  const { coordinator, config, software } = opened;
  return await startServer(coordinator.app, {
    federation: config.federation,
    host: options.listen ?? config.listen,
    port: options.port ?? config.port,
    enrolPort: options.enrolPort ?? config.enrolPort,
    certificates: await serverCertificates(opened),
    software: `${software.system}/${software.version}`,
    nowMs: () => Date.now(),
    onFailure,
  });
}

async function serverCertificates({ ca, config }: OpenCoordinator) {
  const nowMs = Date.now();
  return await ca.issueServer(config.federation, [...new Set([config.host, 'localhost'])], {
    serial: new Uint8Array(randomBytes(16)),
    notBeforeMs: nowMs - 300_000,
    notAfterMs: nowMs + SERVER_DAYS * DAY_MS,
  });
}
