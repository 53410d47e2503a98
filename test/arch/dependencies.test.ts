import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ALLOWED, BREACHES, writeDirtyTree } from './dirty-tree.ts';
import { cruise, projectRoot } from './project.ts';

const rules = createRequire(import.meta.url)(join(projectRoot, '.dependency-cruiser.cjs')) as {
  readonly forbidden: readonly { readonly name: string }[];
};
const names = rules.forbidden.map(({ name }) => name);

describe('the project', () => {
  const { totalCruised, violations } = cruise(projectRoot, ['.']);

  it('is seen: more than zero modules were scanned', () => {
    expect(totalCruised).toBeGreaterThan(100);
  });

  it('breaks no dependency rule', () => {
    expect(violations.map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`)).toEqual([]);
  });
});

describe('a deliberately dirty tree', () => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'plexus-dirty-')));
  afterAll(() => {
    rmSync(root, { recursive: true });
  });
  const { violations } = cruise(root, writeDirtyTree(root));
  const fired = (file: string): readonly string[] =>
    violations.filter(({ from }) => from === file).map(({ rule }) => rule.name);

  it.each(BREACHES)('%s fires on %s, which imports %s', (rule, from) => {
    expect(fired(from)).toContain(rule);
  });

  it.each(ALLOWED)('%s may import %s', (from) => {
    expect(fired(from).filter((name) => name !== 'every-core-module-has-its-test')).toEqual([]);
  });

  it('the researcher may name the types of the engine, and load it when needed', () => {
    expect(fired('researcher/src/lazy.ts')).toEqual([]);
  });

  it('a core module that a test of core imports counts as tested', () => {
    expect(fired('core/src/base/tested.ts')).toEqual([]);
  });

  it('no rule goes unproved, and none is written twice', () => {
    expect([...new Set(BREACHES.map(([rule]) => rule))].sort()).toEqual([...names].sort());
  });
});
