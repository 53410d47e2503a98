/**
 * The reference cases on TensorFlow itself: `npm run test:tensorflow`.
 *
 * Builds tfjs-node against the library of the tensorflow-cpu wheel, where pip and npm can be reached, and runs the conformance command on
 * it. Where they cannot, it says so and ends without an error: nothing was tested. node_modules has tfjs-node in it afterwards; `npm ci`
 * puts it back as it was. Source: engine.md "Dependencies".
 */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const WHEEL = 'tensorflow-cpu==2.21.0';
const PACKAGE = '@tensorflow/tfjs-node';
const VERSION = '4.22.0';
const root = resolve(fileURLToPath(new URL('.', import.meta.url)), '..');
const home = join(root, 'node_modules', PACKAGE);
const work = mkdtempSync(join(tmpdir(), 'plexus-tensorflow-'));

try {
  const status = main();
  process.exitCode = status;
} finally {
  rmSync(work, { recursive: true, force: true });
}

function main() {
  const pip = ['-m', 'pip', 'download', '--no-deps', '--dest', work, WHEEL];
  if (!run('python3', pip, { timeout: 600_000 }))
    return skip(`python3 -m pip download ${WHEEL} does not work here`);
  const wheel = readdirSync(work).find((name) => name.endsWith('.whl'));
  if (wheel === undefined) return skip(`pip downloaded no wheel of ${WHEEL}`);
  const unpack = ['-m', 'zipfile', '-e', join(work, wheel), join(work, 'wheel')];
  if (!run('python3', unpack)) return fail('the wheel does not unpack');
  const install = ['install', '--no-save', '--ignore-scripts', `${PACKAGE}@${VERSION}`];
  if (!run('npm', install)) return skip(`npm install ${PACKAGE}@${VERSION} does not work here`);
  placeLibrary(join(work, 'wheel', 'tensorflow'));
  if (!run('npm', ['rebuild', PACKAGE])) return fail(`${PACKAGE} does not build`);
  const program = join(root, 'engine', 'dist', 'cli', 'conformance.js');
  const checked = spawnSync(process.execPath, [program, '--engine', 'tensorflow', '--json'], {
    stdio: 'inherit',
    cwd: root,
  });
  return checked.status ?? 1;
}

/** The names that tfjs-node links against, for the two libraries of the wheel. */
function placeLibrary(tensorflow) {
  const lib = join(home, 'deps', 'lib');
  mkdirSync(lib, { recursive: true });
  for (const [name, links] of [
    ['libtensorflow_cc.so.2', ['libtensorflow.so', 'libtensorflow.so.2', 'libtensorflow.so.2.9.1']],
    ['libtensorflow_framework.so.2', ['libtensorflow_framework.so']],
  ]) {
    cpSync(join(tensorflow, name), join(lib, name));
    for (const link of links) {
      rmSync(join(lib, link), { force: true });
      symlinkSync(name, join(lib, link));
    }
  }
  const headers = join(tensorflow, 'include');
  if (existsSync(headers)) cpSync(headers, join(home, 'deps', 'include'), { recursive: true });
}

function run(command, args, options = {}) {
  const { status } = spawnSync(command, args, { stdio: 'inherit', cwd: root, ...options });
  return status === 0;
}

function skip(reason) {
  console.error(`\nSKIPPED: TensorFlow was not tested: ${reason}\n`);
  return 0;
}

function fail(reason) {
  console.error(`\nFAILED: ${reason}; see above, and docs/engines.md\n`);
  return 1;
}
