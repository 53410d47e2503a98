/** What the architecture tests share: where the project is, its own files, and dependency-cruiser's answer about a folder. */
import { execFileSync, spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const projectRoot = resolve(fileURLToPath(new URL('.', import.meta.url)), '..', '..');

/** Paths of all files of the project, new ones included, ignored ones left out. */
export function projectFiles(...patterns: readonly string[]): readonly string[] {
  const listed = execFileSync(
    'git',
    [
      'ls-files',
      '-z',
      '--cached',
      '--others',
      '--exclude-standard',
      '--deduplicate',
      '--',
      ...patterns,
    ],
    { cwd: projectRoot, encoding: 'utf8' },
  );
  return listed.split('\0').filter((path) => path !== '');
}

export interface Violation {
  readonly from: string;
  readonly to: string;
  readonly rule: { readonly name: string };
}

export interface Cruise {
  readonly totalCruised: number;
  readonly violations: readonly Violation[];
}

/** Runs dependency-cruiser with the rules that lie in `root`. */
export function cruise(root: string, folders: readonly string[]): Cruise {
  const program = join(projectRoot, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const run = spawnSync(process.execPath, [program, '--output-type', 'json', ...folders], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
  });
  if (!run.stdout.startsWith('{')) throw new Error(run.stderr);
  return (JSON.parse(run.stdout) as { readonly summary: Cruise }).summary;
}
