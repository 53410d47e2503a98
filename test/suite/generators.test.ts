/** Masks, noise and keys come from AES and the operating system: the product holds no other generator, of its own or of a package. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { projectFiles, projectRoot } from '../arch/project.ts';

const read = (path: string): string => readFileSync(join(projectRoot, path), 'utf8');
const sources = projectFiles('*.ts').filter((path) => /^[a-z-]+\/src\//.test(path));
const packages = projectFiles('*package.json').filter((path) => path.includes('/'));

const CALL = ['Math', 'random'].join('.');
const ALGORITHM = /mersenne|xorshift|xoshiro|xoroshiro|mulberry32|splitmix|minstd|\bpcg(32|64)\b/i;
const PACKAGE =
  /["'](seedrandom|pure-rand|random-js|random-seed|mersenne-twister|prando|alea|chance|esm-seedrandom|@faker-js\/faker|@stdlib\/random[^"']*)["']/;

test('T12: no source of the product calls or contains another generator', () => {
  expect(sources.length).toBeGreaterThan(100);
  const found = sources.filter((path) => {
    const text = read(path);
    return text.includes(CALL) || ALGORITHM.test(text) || PACKAGE.test(text);
  });
  expect(found).toEqual([]);
});

test('T12: no package of the product depends on one', () => {
  expect(packages.length).toBeGreaterThan(8);
  expect(packages.filter((path) => PACKAGE.test(read(path)))).toEqual([]);
});
