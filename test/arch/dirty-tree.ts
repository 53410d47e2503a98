/**
 * A project that breaks every dependency rule once, and next to each breach the import that is allowed.
 *
 * Written into a temporary folder, so that no tool meets it by accident. Leaves to others: running dependency-cruiser on it.
 */
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { projectRoot } from './project.ts';

/** Rule, the file that breaks it, what that file imports. */
export const BREACHES: readonly (readonly [rule: string, from: string, to: string])[] = [
  ['no-cycle', 'core/src/round/one.ts', './two.ts'],
  ['core-does-no-io', 'core/src/base/io.ts', 'node:fs'],
  ['core-npm', 'core/src/base/npm.ts', 'kysely'],
  ['core-npm', 'core/src/base/missing.ts', 'not-installed'],
  ['core-is-alone', 'core/src/base/alone.ts', '../../../sim/src/index.ts'],
  ['core-base', 'core/src/base/arrow.ts', '../audit/x.ts'],
  ['core-band', 'core/src/secagg/band.ts', '../privacy/x.ts'],
  ['core-band', 'core/src/audit/band.ts', '../task/x.ts'],
  ['core-study', 'core/src/study/right.ts', '../secagg/x.ts'],
  ['core-task', 'core/src/task/right.ts', '../round/x.ts'],
  ['parties-do-not-meet', 'core/src/round/coordinator/peek.ts', '../participant/x.ts'],
  ['parties-do-not-meet', 'core/src/round/participant/peek.ts', '../coordinator/x.ts'],
  ['core-has-one-face', 'suite/src/face.ts', '../../core/src/base/x.ts'],
  ['every-core-module-has-its-test', 'core/src/base/untested.ts', './x.ts'],
  ['suite-knows-core-only', 'suite/src/right.ts', '@plexus/runtime'],
  ['proto-knows-core-at-most', 'proto/src/right.ts', '@plexus/suite'],
  ['runtime-knows-no-program', 'runtime/src/right.ts', '@plexus/coordinator'],
  ['engine-knows-core-only', 'engine/src/right.ts', '@plexus/suite'],
  ['engine-runs-where-rows-are', 'coordinator/src/cli/train.ts', '@plexus/engine'],
  ['engine-runs-where-rows-are', 'auditor/src/train.ts', '@plexus/engine'],
  ['researcher-loads-engine-lazily', 'researcher/src/eager.ts', '@plexus/engine'],
  ['programs-do-not-meet', 'node-agent/src/cli/server.ts', '@plexus/coordinator'],
  ['auditor-trusts-nobody', 'auditor/src/trusting.ts', '@plexus/runtime'],
  ['auditor-npm', 'auditor/src/npm.ts', 'kysely'],
  ['dashboard-runs-in-a-browser', 'dashboard/src/io.ts', 'node:fs'],
  ['dashboard-is-typed-by-core', 'dashboard/src/suite.ts', '@plexus/suite'],
  ['app-is-technology-free', 'coordinator/src/app/io.ts', 'node:fs'],
  ['app-is-technology-free', 'node-agent/src/app/store.ts', '../store/x.ts'],
  ['app-is-technology-free', 'node-agent/src/app/runtime.ts', '@plexus/runtime'],
  ['adapters-are-siblings', 'node-agent/src/data/sibling.ts', '../store/x.ts'],
  ['adapters-are-siblings', 'coordinator/src/grpc/up.ts', '../cli/x.ts'],
  ['sim-is-one-process', 'sim/src/programs.ts', '@plexus/coordinator'],
  ['demo-spawns-programs', 'sim/demo/programs.ts', '@plexus/coordinator'],
  ['only-the-demo-spawns', 'sim/src/spawn.ts', 'node:child_process'],
  ['simulate-is-the-only-way-to-sim', 'node-agent/src/cli/sim.ts', '@plexus/sim'],
  ['product-does-not-import-its-tests', 'suite/src/test.ts', '../../test/x.ts'],
  ['no-undeclared-package', 'suite/src/undeclared.ts', 'kysely'],
  ['proto-has-one-door', 'coordinator/src/cli/wire.ts', '@plexus/proto'],
  ['grpc-has-one-door', 'coordinator/src/cli/grpc.ts', '@grpc/grpc-js'],
  ['x509-has-one-door', 'coordinator/src/cli/x509.ts', '@peculiar/x509'],
  ['x509-has-one-door', 'coordinator/src/cli/metadata.ts', 'reflect-metadata'],
  ['sqlite-has-one-door', 'coordinator/src/cli/sqlite.ts', 'better-sqlite3'],
  ['sqlite-has-one-door', 'coordinator/src/cli/kysely.ts', 'kysely'],
  ['postgres-has-one-door', 'node-agent/src/data/other.ts', 'pg'],
  ['tensorflow-has-one-door', 'node-agent/src/cli/tensors.ts', '@tensorflow/tfjs-core'],
  ['nacl-has-one-door', 'coordinator/src/cli/nacl.ts', 'tweetnacl'],
  ['duckdb-has-one-door', 'node-agent/src/data/csv.ts', '@duckdb/node-api'],
  ['csv-has-one-door', 'node-agent/src/data/duckdb.ts', 'csv-parse'],
  ['fhir-has-one-door', 'node-agent/src/data/csv.ts', 'fhirpath'],
  ['dicom-has-one-door', 'node-agent/src/data/csv.ts', 'dicom-parser'],
  ['hono-has-one-door', 'coordinator/src/cli/http.ts', 'hono'],
  ['command-line-has-one-door', 'coordinator/src/http/commands.ts', 'commander'],
];

/** Imports that no rule may object to; a cycle is told once, at its first file. */
export const ALLOWED: readonly (readonly [from: string, to: string])[] = [
  ['core/src/round/two.ts', './one.ts'],
  ['core/src/study/clean.ts', '../privacy/x.ts'],
  ['core/src/round/coordinator/clean.ts', '../../task/x.ts'],
  ['coordinator/src/app/clean.ts', '@plexus/core'],
  ['coordinator/src/app/clean.ts', '@plexus/runtime/drive'],
  ['coordinator/src/app/clean.ts', './x.ts'],
  ['coordinator/src/grpc/clean.ts', '@plexus/proto'],
  ['coordinator/src/grpc/clean.ts', '@grpc/grpc-js'],
  ['coordinator/src/grpc/clean.ts', '@peculiar/x509'],
  ['coordinator/src/cli/clean.ts', '../store/x.ts'],
  ['coordinator/src/cli/clean.ts', 'commander'],
  ['proto/src/clean.ts', '@grpc/grpc-js'],
  ['proto/src/clean.ts', '@peculiar/x509'],
  ['runtime/src/store/clean.ts', 'better-sqlite3'],
  ['engine/src/clean.ts', '@tensorflow/tfjs-core'],
  ['suite/src/clean.ts', 'tweetnacl'],
  ['node-agent/src/data/postgres.ts', 'pg'],
  ['node-agent/src/worker.ts', '@plexus/engine'],
  ['researcher/src/cli/simulate.ts', '@plexus/sim'],
  ['auditor/src/clean.ts', '@plexus/suite'],
  ['auditor/src/clean.ts', 'node:fs'],
  ['auditor/src/cli/clean.ts', 'commander'],
  ['auditor/src/cli/clean.ts', 'picocolors'],
  ['sim/src/clean.ts', '@plexus/engine'],
  ['sim/demo/clean.ts', 'node:child_process'],
  ['sim/demo/clean.ts', '@plexus/runtime'],
  ['test/core/base/clean.ts', '../../../core/src/base/tested.ts'],
  ['test/clean.ts', '@plexus/proto'],
];

const WORKSPACES = [
  'core',
  'suite',
  'proto',
  'runtime',
  'engine',
  'coordinator',
  'node-agent',
].concat(['researcher', 'auditor', 'dashboard', 'sim']);

/** Writes the tree and returns the folders to look at. */
export function writeDirtyTree(root: string): readonly string[] {
  const write = (path: string, text: string, flag = 'w'): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text, { flag });
  };
  for (const file of ['.dependency-cruiser.cjs', 'tsconfig.base.json'])
    cpSync(join(projectRoot, file), join(root, file));

  const imports = [...BREACHES.map(([, from, to]) => [from, to] as const), ...ALLOWED];
  const relative = imports.filter(([, to]) => to.startsWith('.'));
  const packages = new Set(
    imports.map(([, to]) => to).filter((to) => !/^[.]|^node:|^@plexus/.test(to)),
  );
  packages.delete('not-installed');
  for (const name of packages) {
    write(`node_modules/${name}/package.json`, JSON.stringify({ name, main: 'index.js' }));
    write(`node_modules/${name}/index.js`, '');
  }
  const declared = Object.fromEntries([...packages].map((name) => [name, '1.0.0']));
  for (const folder of WORKSPACES) {
    const dependencies = { ...declared };
    if (folder === 'suite') delete dependencies['kysely'];
    const face = { '.': './src/index.ts', './drive': './src/drive.ts' };
    write(
      `${folder}/package.json`,
      JSON.stringify({ name: `@plexus/${folder}`, exports: face, dependencies }),
    );
    write(`${folder}/src/index.ts`, 'export const x = 1;\n');
    mkdirSync(join(root, 'node_modules/@plexus'), { recursive: true });
    symlinkSync(join(root, folder), join(root, 'node_modules/@plexus', folder), 'junction');
  }
  write('package.json', JSON.stringify({ name: 'dirty', dependencies: declared }));
  write('runtime/src/drive.ts', 'export const x = 1;\n');
  for (const [from, to] of relative) write(join(dirname(from), to), 'export const x = 1;\n');
  // what is imported is also a file above: its own imports replace the empty module
  for (const [from] of imports) write(from, '');
  imports.forEach(([from, to], at) => {
    write(
      from,
      `import * as n${String(at)} from '${to}'; export const e${String(at)} = n${String(at)};\n`,
      'a',
    );
  });
  // the two ways in which the researcher may name the engine
  write(
    'researcher/src/lazy.ts',
    "import type { x } from '@plexus/engine';\nexport const load = (): Promise<{ x: typeof x }> => import('@plexus/engine');\n",
  );
  return [...WORKSPACES, 'test'];
}
