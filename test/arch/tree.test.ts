/** What no linter sees: the kinds of files in a folder, the public face of core, randomness that is not an input. */
import { lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectFiles, projectRoot } from './project.ts';

const read = (path: string): string => readFileSync(join(projectRoot, path), 'utf8');
const code = projectFiles('*.ts', '*.mjs', '*.cjs', '*.js');

describe('models/', () => {
  const files = projectFiles('models');

  it('holds data only: nothing that could run (I8)', () => {
    expect(files.length).toBeGreaterThan(0);
    const others = files.filter(
      (path) =>
        !/[.](yaml|json|md)$/.test(path) || (lstatSync(join(projectRoot, path)).mode & 0o111) !== 0,
    );
    expect(others).toEqual([]);
  });

  it('holds plain files, no link that leads elsewhere', () => {
    expect(files.filter((path) => !lstatSync(join(projectRoot, path)).isFile())).toEqual([]);
  });
});

describe('the code', () => {
  it('is seen', () => {
    expect(code.length).toBeGreaterThan(100);
  });

  it('draws no randomness that is not an input', () => {
    const call = ['Math', 'random'].join('.');
    expect(code.filter((path) => read(path).includes(call))).toEqual([]);
  });

  it('lists the names it exports: no file passes on all of another', () => {
    expect(code.filter((path) => /^\s*export\s+(type\s+)?\*/m.test(read(path)))).toEqual([]);
  });

  it('has no line that silences a tool without saying why', () => {
    const written = code.filter((path) => !path.startsWith('proto/gen/')); // the rest is what buf generates
    const silenced = written.flatMap((path) =>
      read(path)
        .split('\n')
        .filter((line) =>
          /^\s*(\/\/|\/\*|\*)?\s*(eslint-disable|@ts-(ignore|expect-error|nocheck))/.test(line),
        )
        .filter((line) => !/eslint-disable-next-line \S+.* -- \S/.test(line))
        .map((line) => `${path}: ${line.trim()}`),
    );
    expect(silenced).toEqual([]);
  });
});

describe('the public face of core', () => {
  it('names what it exports, each name once, and holds no code of its own', () => {
    const source = read('core/src/index.ts').replace(/\/\*[\s\S]*?\*\//g, '');
    const statement = /export\s+(?:type\s+)?\{([^}]*)\}\s+from\s+'[.][^']+[.]js';/g;
    expect(source.replace(statement, '').trim()).toBe('');
    const names = [...source.matchAll(statement)].flatMap(([, list = '']) =>
      list
        .split(',')
        .map((name) => name.replace(/^\s*type\s+/, '').trim())
        .filter((name) => name !== ''),
    );
    expect(names.length).toBeGreaterThan(50);
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
  });

  it('passes on only what its files call by the same name', () => {
    expect(read('core/src/index.ts')).not.toMatch(/\sas\s|export\s+default/);
  });
});
