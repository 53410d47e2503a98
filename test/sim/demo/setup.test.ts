/**
 * The set-up script on small projects of its own, with a stand-in npm whose answers the test decides: what it installs, when it is
 * silent, and what it says when something is missing. The real npm runs before every test run, in `pretest`.
 */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';

const script = resolve(import.meta.dirname, '../../../sim/demo/setup.mjs');
const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

const DATABASE = 'module.exports = class { close() {} };\n';
const RECORD = { packages: { 'node_modules/a': { version: '1.0.0' } } };

interface Project {
  readonly root: string;
  readonly put: (path: string, text: string) => void;
  /** Runs the script; `npm` is the body of the stand-in, which finds its arguments in `args`. */
  readonly setUp: (npm?: string) => { readonly status: number | null; readonly said: string };
  /** What npm was asked to do so far. */
  readonly asked: () => readonly string[];
}

function project(): Project {
  const root = mkdtempSync(join(tmpdir(), 'plexus-setup-'));
  folders.push(root);
  const put = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  put('package.json', '{"workspaces":["runtime"]}');
  put('package-lock.json', JSON.stringify({ packages: { '': {}, ...RECORD.packages } }));
  put('runtime/package.json', '{}');
  mkdirSync(join(root, 'sim/demo'), { recursive: true });
  cpSync(script, join(root, 'sim/demo/setup.mjs'));
  const log = join(root, 'npm.log');
  return {
    root,
    put,
    setUp: (npm = '') => {
      const files = {
        DATABASE,
        COMPILER: 'process.exitCode = 0;\n',
        RECORD: JSON.stringify(RECORD),
      };
      put(
        'npm-cli.js',
        `const fs = require('node:fs'), path = require('node:path'), args = process.argv.slice(2);
         fs.appendFileSync(${JSON.stringify(log)}, args.join(' ') + '\\n');
         const put = (file, text) => { fs.mkdirSync(path.dirname(file), { recursive: true }); fs.writeFileSync(file, text); };
         const { DATABASE, COMPILER, RECORD } = ${JSON.stringify(files)};
         const database = () => put('node_modules/better-sqlite3/index.js', DATABASE);
         const rest = () => { put('node_modules/typescript/bin/tsc', COMPILER); put('node_modules/.package-lock.json', RECORD); };
         ${npm}`,
      );
      const run = spawnSync(process.execPath, [join(root, 'sim/demo/setup.mjs')], {
        encoding: 'utf8',
        env: { ...process.env, npm_execpath: join(root, 'npm-cli.js') },
      });
      expect(run.stdout).toBe('');
      return { status: run.status, said: run.stderr };
    },
    asked: () => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []),
  };
}

const INSTALLS = "if (args[0] === 'ci') { database(); rest(); }";

describe('setup.mjs', () => {
  it('installs what the lock file says, development tools included, and is silent the second time', () => {
    const { setUp, asked } = project();
    const first = setUp(INSTALLS);
    expect(first).toEqual({ status: 0, said: expect.stringContaining('npm ci') as unknown });
    expect(asked()).toEqual([expect.stringMatching(/^ci .*--include=dev/)]);
    expect(setUp(INSTALLS)).toEqual({ status: 0, said: '' });
    expect(asked()).toHaveLength(1);
  });

  it('installs again when the lock file asks for another version', () => {
    const { setUp, asked, put } = project();
    setUp(INSTALLS);
    put('package-lock.json', '{"packages":{"node_modules/a":{"version":"2.0.0"}}}');
    setUp(INSTALLS);
    expect(asked()).toHaveLength(2);
  });

  it("accepts what somebody's npm install already put in place", () => {
    const { setUp, asked, put } = project();
    put('node_modules/.package-lock.json', JSON.stringify(RECORD));
    put('node_modules/better-sqlite3/index.js', DATABASE);
    put('node_modules/typescript/bin/tsc', '');
    expect(setUp()).toEqual({ status: 0, said: '' });
    expect(asked()).toEqual([]);
  });

  it('an optional package that does not fit this machine is not missing', () => {
    const { setUp, asked, put } = project();
    setUp(INSTALLS);
    const packages = { ...RECORD.packages, 'node_modules/b': { version: '1.0.0', optional: true } };
    put('package-lock.json', JSON.stringify({ packages }));
    setUp();
    expect(asked()).toHaveLength(1);
  });

  it('rebuilds better-sqlite3 when this Node cannot load it', () => {
    const { setUp, asked } = project();
    const run = setUp("if (args[0] === 'ci') rest(); else database();");
    expect(run.status).toBe(0);
    expect(asked()[1]).toBe('rebuild better-sqlite3');
  });

  it('a database that still does not load says which compiler to install', () => {
    const { setUp } = project();
    const run = setUp(
      "if (args[0] === 'ci') rest(); else { console.error('gyp ERR! no make'); process.exitCode = 1; }",
    );
    expect(run.status).toBe(1);
    expect(run.said).toMatch(
      /SETUP_TOOLCHAIN_MISSING[\s\S]*gyp ERR! no make[\s\S]*next: .*build-essential/,
    );
  });

  it.each([
    ['SETUP_OFFLINE', 'npm error code ENOTFOUND'],
    ['SETUP_OFFLINE', 'npm error code EAI_AGAIN'],
    ['SETUP_TOOLCHAIN_MISSING', 'gyp ERR! stack Error: not found: make'],
    ['SETUP_INSTALL_FAILED', 'npm error code EUSAGE'],
  ])('%s when npm ends with %s, and the next run tries again', (code, line) => {
    const { setUp } = project();
    const run = setUp(`console.error(${JSON.stringify(line)}); process.exitCode = 1;`);
    expect(run.status).toBe(1);
    expect(run.said).toContain(`${code}: `);
    expect(run.said).toContain(line);
    expect(run.said).toContain('next: ');
    expect(setUp(INSTALLS).status).toBe(0);
  });

  it('sources that do not compile are shown as the compiler tells them', () => {
    const { setUp, put } = project();
    setUp(INSTALLS);
    put(
      'node_modules/typescript/bin/tsc',
      "console.log('core/src/x.ts(1,1): error'); process.exitCode = 2;",
    );
    const run = setUp();
    expect(run.status).toBe(1);
    expect(run.said).toMatch(/SETUP_BUILD_FAILED[\s\S]*core\/src\/x[.]ts/);
  });
});
