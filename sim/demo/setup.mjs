/**
 * Makes a clone ready to run: Node new enough, packages installed, better-sqlite3 loadable, sources built.
 *
 * Runs before node_modules exists, so it uses Node's own modules only. Says nothing when there is nothing to do; progress goes to
 * stderr, because stdout belongs to whoever calls. Leaves to others: starting anything (start.mjs), tests.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(fileURLToPath(new URL('.', import.meta.url)), '..', '..');
const OLDEST = [20, 19];
const TOOLCHAIN =
  'install a C++ compiler, make and Python 3 (Debian: apt-get install build-essential python3; Fedora: dnf install gcc-c++ make python3; ' +
  'macOS: xcode-select --install; Windows: Visual Studio Build Tools with the C++ workload), then run the command again';

/** What stopped the set-up: a code, what happened and why, and what to type next. */
export class SetupError extends Error {
  constructor(code, happened, next, output = '') {
    const tail = output.trim().split('\n').slice(-40).join('\n');
    super(`${code}: ${happened}\n${tail === '' ? '' : `${tail}\n`}next: ${next}`);
    this.name = 'SetupError';
    this.code = code;
  }
}

/** Installs and builds what is missing. Errors: SetupError with a SETUP_ code; nothing is started before it returns. */
export function setUp() {
  requireNode();
  install();
  loadDatabase();
  build();
}

function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]))
    throw new SetupError(
      'SETUP_NODE_TOO_OLD',
      `Plexus needs Node ${OLDEST.join('.')} or newer, this is ${process.versions.node}`,
      'install a current Node from https://nodejs.org, then run the command again',
    );
}

function install() {
  const lock = readFileSync(join(root, 'package-lock.json'), 'utf8');
  const stamp = join(root, 'node_modules', '.plexus-installed');
  const wanted = createHash('sha256').update(lock).digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  if (!isInstalled(JSON.parse(lock))) {
    say('installing packages (npm ci), a few minutes the first time');
    // dev: the compiler is a development dependency, and NODE_ENV=production would leave it out
    const run = npm('ci', '--include=dev', '--prefer-offline', '--no-audit', '--no-fund');
    if (run.status !== 0) throw installFailure(run.output);
  }
  writeFileSync(stamp, wanted);
}

/** True if somebody's `npm install` already put in place what the lock file asks for; npm records that beside the packages. */
function isInstalled(lock) {
  const record = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(record)) return false;
  const present = JSON.parse(readFileSync(record, 'utf8')).packages;
  return Object.entries(lock.packages).every(([path, entry]) => {
    if (!path.includes('node_modules/')) return true; // a folder of this project
    const found = present[path];
    if (found === undefined) return entry.optional === true || entry.peer === true;
    return found.version === entry.version && found.link === entry.link;
  });
}

function installFailure(output) {
  if (/gyp ERR|node-gyp|not found: make|g\+\+/.test(output))
    return new SetupError(
      'SETUP_TOOLCHAIN_MISSING',
      'a native package did not compile',
      TOOLCHAIN,
      output,
    );
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENOTCACHED|network/.test(output))
    return new SetupError(
      'SETUP_OFFLINE',
      'the packages could not be downloaded',
      'check the network and the registry (npm config get registry), then run the command again',
      output,
    );
  return new SetupError(
    'SETUP_INSTALL_FAILED',
    'npm ci failed',
    'read the output above; rm -rf node_modules and the same command start afresh',
    output,
  );
}

/** A native build for one Node does not load in another: after a change of Node it is built again. */
function loadDatabase() {
  if (databaseLoads().status === 0) return;
  say(`building better-sqlite3 for Node ${process.versions.node}, about a minute`);
  const run = npm('rebuild', 'better-sqlite3');
  const loads = databaseLoads();
  if (run.status !== 0 || loads.status !== 0)
    throw new SetupError(
      'SETUP_TOOLCHAIN_MISSING',
      `better-sqlite3 does not load in Node ${process.versions.node}, and building it failed`,
      TOOLCHAIN,
      run.output + loads.output,
    );
}

function databaseLoads() {
  const open = "const D = require('better-sqlite3'); new D(':memory:').close()";
  return execute(process.execPath, ['-e', open], join(root, 'runtime')); // a crash counts as a no, so in a process of its own
}

function build() {
  const { workspaces } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const started = performance.now();
  const run = execute(process.execPath, [compiler, '-b', ...workspaces, join('sim', 'demo')]);
  if (run.status !== 0)
    throw new SetupError(
      'SETUP_BUILD_FAILED',
      'the sources do not compile',
      'correct the lines named above, then run the command again',
      run.output,
    );
  const seconds = (performance.now() - started) / 1000;
  if (seconds > 3) say(`built in ${seconds.toFixed(0)} s`);
}

function npm(...args) {
  const own = process.env.npm_execpath;
  // under `npm test` the npm that runs us, otherwise the one in PATH
  if (own?.endsWith('npm-cli.js')) return execute(process.execPath, [own, ...args]);
  return execute('npm', args, root, process.platform === 'win32');
}

function execute(command, args, cwd = root, shell = false) {
  const run = spawnSync(command, args, {
    cwd,
    shell,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 256 * 1024 * 1024,
  });
  if (run.error !== undefined) return { status: 1, output: String(run.error) };
  return { status: run.status, output: `${run.stdout}${run.stderr}` };
}

function say(line) {
  process.stderr.write(`setup: ${line}\n`);
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    setUp();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
