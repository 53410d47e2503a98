/**
 * `npm run check`: what a developer runs before a commit and what CI runs. Each tool once, cheapest news first; stops at the first
 * failure with that tool's output. `--no-test` leaves out the last line.
 *
 * Leaves to others: what each tool looks at (its own configuration at the root of the project).
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(fileURLToPath(new URL('.', import.meta.url)), '..');
const tool = (name) => join(root, 'node_modules', '.bin', name);
const readJson = (path) => JSON.parse(readFileSync(join(root, path), 'utf8'));

const schemas = existsSync(join(root, 'proto', 'plexus'))
  ? readdirSync(join(root, 'proto', 'plexus'), { recursive: true }).filter((f) =>
      f.endsWith('.proto'),
    )
  : [];
const published = readJson('package.json').workspaces.filter(
  (folder) => readJson(join(folder, 'package.json')).private !== true,
);

/** Each line: the name that is printed, the program, its arguments. */
const wire = [
  ['buf lint', tool('buf'), 'lint'],
  ['buf generate', tool('buf'), 'generate'],
  ['git diff proto/gen', 'git', 'diff', '--exit-code', '--', 'proto/gen'],
];
const shape = [
  ['tsc -b', tool('tsc'), '-b'],
  ['eslint .', tool('eslint'), '.'],
  ['prettier --check .', tool('prettier'), '--check', '--log-level', 'warn', '.'],
  ['depcruise .', tool('depcruise'), '.'],
  ['knip', tool('knip'), '--no-config-hints'],
];
const shipped = published.map((folder) => [
  `publint ${folder}`,
  tool('publint'),
  '--pack',
  'npm',
  '--strict',
  folder,
]);

function run([name, command, ...args], stdio) {
  const started = performance.now();
  const result = spawnSync(command, args, { cwd: root, encoding: 'utf8', stdio });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const passed = result.status === 0;
  process.stdout.write(`${passed ? 'ok  ' : 'FAIL'} ${name.padEnd(24)} ${seconds.padStart(6)} s\n`);
  if (passed) return;
  process.stdout.write(`${result.stdout ?? ''}${result.stderr ?? ''}`);
  if (result.error !== undefined) process.stdout.write(`${String(result.error)}\n`);
  process.exit(1);
}

for (const line of [...(schemas.length === 0 ? [] : wire), ...shape, ...shipped]) run(line, 'pipe');
if (!process.argv.includes('--no-test')) run(['vitest run', tool('vitest'), 'run'], 'inherit');
