/**
 * `plexus-agent run`: the agent itself, until it is asked to stop. One line an event on stderr.
 *
 * A failure that leaves doubt about what is stored stops the process; the next start decides by what is on disk.
 */
import { randomBytes } from 'node:crypto';
import type { PlexusError } from '@plexus/core';
import { asPlexusError, type Json, type Suite } from '@plexus/core';
import { capabilityProblems, openPool } from '@plexus/engine';
import { openSqliteStore } from '@plexus/runtime';
import type { Command } from 'commander';
import { createAgent, type Agent } from '../app/agent.js';
import { readConfig, readPolicy } from '../config.js';
import { loadStudyRows } from '../data/study-data.js';
import { openConnection, type Connection } from '../grpc/connection.js';
import { keepRenewed } from '../grpc/renewal.js';
import { readEnrolment } from '../store/enrolment.js';
import { readKeys, readTls, writeTls } from '../store/key-files.js';
import { answerRequest, openRequests } from '../store/requests.js';
import { vectorFiles } from '../store/vectors.js';
import { enrolledInput, myselfOf } from './identity.js';
import { agentFolder, type AgentFolder } from './folder.js';
import { studyDataOptions } from './local-data.js';
import { software } from './software.js';
import { storeKeyOf } from './store-key.js';
import { attempt, type Terminal } from './terminal.js';

const LOOK_MS = 200;
const TICK_MS = 60_000;

export function addRun(program: Command, terminal: Terminal, suite: Suite): void {
  program
    .command('run')
    .description('connect to the coordinator and take part in approved studies')
    .requiredOption('--dir <dir>', "the agent's folder")
    .option(
      '--restored',
      'the database comes from a backup: sit out what was open when it was made',
    )
    .action(async (options: { readonly dir: string; readonly restored?: true }) => {
      const advice = {
        what: 'the agent does not run',
        next: `correct what is named above, then run: plexus-agent run --dir ${options.dir}`,
      };
      await attempt(terminal, advice, async () => {
        const say = (line: string): void => {
          terminal.err(`${new Date().toISOString()} ${line}`);
        };
        const running = await run(suite, agentFolder(options.dir), options.restored ?? false, say);
        process.once('SIGTERM', running.stop).once('SIGINT', running.stop);
        const failure = await running.stopped;
        if (failure !== undefined) throw failure;
      });
    });
}

interface Running {
  /** Resolves once everything is closed, with what made it stop if it was no request to stop. */
  readonly stopped: Promise<PlexusError | undefined>;
  readonly stop: () => void;
}

/** Errors: AGENT_NOT_ENROLLED, those of configuration, keys and store, REPLAY_MISMATCH. */
async function run(
  suite: Suite,
  folder: AgentFolder,
  isRestored: boolean,
  say: (line: string) => void,
): Promise<Running> {
  const enrolment = readEnrolment(folder.path);
  const config = readConfig(folder.config);
  const policy = readPolicy(config.policyFile);
  const storeKey = storeKeyOf(folder);
  const keys = readKeys(suite, folder.keys, storeKey);
  const data = studyDataOptions(suite, config, policy, keys.data);
  const source = software(enrolment.hospital);
  const store = openSqliteStore({ path: folder.database, mode: 'existing', storeKey });
  const pool = openPool({
    entry: new URL('../training-thread.js', import.meta.url),
    size: config.threads,
  });
  let stop: (failure?: PlexusError) => void = () => undefined;
  const asked = new Promise<PlexusError | undefined>((settle) => (stop = settle));
  const onFailure = (error: PlexusError): void => {
    say(`stops: ${error.code}: ${error.message}`);
    stop(error);
  };
  const agent = createAgent({
    suite,
    store,
    origin: `${enrolment.logOrigin}/site/${enrolment.hospital}`,
    source,
    clock: () => Date.now(),
    random: (length) => new Uint8Array(randomBytes(length)),
    enrolled: enrolledInput(enrolment, Date.now()),
    myself: myselfOf(suite, enrolment),
    keys,
    policy,
    data: {
      load: (study, schema, approved) => loadStudyRows(data, study, schema, approved),
    },
    trainer: {
      problems: (model) =>
        config.engine === 'auto' ? [] : capabilityProblems(config.engine, model, 'model'),
      run: (job, signal) => pool.run({ ...job, engine: config.engine }, signal),
    },
    vectors: vectorFiles(folder.vectors),
    note: say,
    onFailure,
  });
  try {
    if (config.engine !== 'auto') say(`engine ${await pool.check(config.engine)}`);
    await agent.start();
    if (isRestored) await agent.restored();
  } catch (thrown) {
    await pool.close();
    await store.close();
    throw thrown;
  }
  const { host, port, federation, caPem } = enrolment;
  const endpoint = { host, port, federation, caPem };
  const identity = readTls(folder.keys);
  const connection = connect(agent, { endpoint, identity, software: source, say });
  const renewal = keepRenewed({
    endpoint,
    identity,
    nowMs: () => Date.now(),
    random: jitter,
    keep: (renewed) => {
      writeTls(folder.keys, renewed);
      return Promise.resolve();
    },
    use: (renewed) => {
      say('certificate renewed');
      connection.replaceIdentity(renewed);
    },
    onFailure: (error, retryMs) => {
      say(`the certificate could not be renewed (${error.code}); again in ${seconds(retryMs)}`);
    },
  });
  const requests = everyMs(LOOK_MS, () => takeRequests(agent, folder), onFailure);
  const clock = everyMs(TICK_MS, () => agent.tick(), onFailure);
  say(`runs for ${enrolment.hospital} in ${federation}, coordinator ${host}:${String(port)}`);

  const stopped = asked.then(async (failure) => {
    await Promise.all([requests.stop(), clock.stop()]);
    await renewal.stop();
    await connection.close();
    await agent.stop();
    await pool.close();
    await store.close();
    say('stopped');
    return failure;
  });
  return {
    stopped,
    stop: () => {
      stop();
    },
  };
}

function connect(
  agent: Agent,
  options: {
    readonly endpoint: Parameters<typeof openConnection>[1]['endpoint'];
    readonly identity: Parameters<typeof openConnection>[1]['identity'];
    readonly software: { readonly system: string; readonly version: string };
    readonly say: (line: string) => void;
  },
): Connection {
  const { endpoint, identity, say } = options;
  const connection = openConnection(agent.inbox, {
    endpoint,
    identity,
    software: `${options.software.system}/${options.software.version}`,
    random: jitter,
    onState(state) {
      if (state.kind === 'connected') say('connected');
      else say(`not connected (${state.error.code}); again in ${seconds(state.retryMs)}`);
    },
  });
  agent.attach(connection);
  return connection;
}

/** Requests that people have left, oldest first. */
async function takeRequests(agent: Agent, folder: AgentFolder): Promise<void> {
  for (const { name, content } of openRequests(folder.requests)) {
    const answer = isShow(content) ? await agent.show() : await agent.request(content);
    answerRequest(folder.requests, name, { ...answer });
  }
}

function isShow(content: Json | undefined): boolean {
  return typeof content === 'object' && Reflect.get(content, 'kind') === 'show';
}

interface Repeating {
  readonly stop: () => Promise<void>;
}

/** Runs a task again and again with a pause in between, never twice at once. */
function everyMs(
  pauseMs: number,
  task: () => Promise<void>,
  onFailure: (error: PlexusError) => void,
): Repeating {
  let running = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  const again = (): void => {
    timer = setTimeout(() => {
      running = task().then(again, (thrown: unknown) => {
        onFailure(asPlexusError(thrown, 'STATE_UNEXPECTED'));
      });
    }, pauseMs);
  };
  again();
  return {
    async stop() {
      clearTimeout(timer);
      await running;
      clearTimeout(timer);
    },
  };
}

/** Uniform in [0, 1); for pauses only. */
function jitter(): number {
  return randomBytes(4).readUInt32LE() / 2 ** 32;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
