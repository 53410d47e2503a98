/**
 * The error catalogue: documented and tested, code by code.
 *
 * docs/errors.md is written from the catalogue: `npx vitest run test/arch/errors.test.ts -u` after a code was added.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CATALOGUE, entryOf, type Code, type Fault } from '@plexus/core';
import { describe, expect, it } from 'vitest';
import { projectFiles, projectRoot } from './project.ts';

const codes = (Object.keys(CATALOGUE) as Code[]).sort();

const FAULTS: Readonly<Record<Fault, string>> = {
  peer: 'The other side sent something that is refused. State is unchanged on this side.',
  operator: 'Somebody here can correct it: a file, a setting, an approval, a command.',
  environment: 'Disk, memory, network or time ran short, or the machine is not fit.',
  bug: 'A fault of Plexus itself: the round is aborted and the program stops. Please report it.',
};

function page(): string {
  const lines = [
    '# Errors',
    '',
    'Every code a program of Plexus answers with, written from `core/src/base/catalogue`. The text is what the other side is shown;',
    'the local log says more. A message reads `place: expectation, what came` and never holds a row, a value or a secret.',
    '',
    '| fault | meaning |',
    '| --- | --- |',
    ...Object.entries(FAULTS).map(([fault, meaning]) => `| ${fault} | ${meaning} |`),
  ];
  for (const code of codes) {
    const { fault, status, retry, text } = entryOf(code);
    const help = retry ? 'The same request may succeed later.' : 'The same request fails again.';
    lines.push(
      '',
      `## ${code}`,
      '',
      `${text}.`,
      '',
      `fault \`${fault}\`, gRPC status \`${status}\`. ${help}`,
    );
  }
  return `${lines.join('\n')}\n`;
}

describe('the error catalogue', () => {
  it('has each code in one area', () => {
    const lines = projectFiles('core/src/base/catalogue/*.ts')
      .map((path) => readFileSync(join(projectRoot, path), 'utf8'))
      .join('')
      .matchAll(/^ {2}([A-Z][A-Z0-9_]+):/gm);
    expect(Array.from(lines, ([, code]) => code).sort()).toEqual(codes);
  });

  it('stands in docs/errors.md, word for word', async () => {
    await expect(page()).toMatchFileSnapshot('../../docs/errors.md');
  });

  it('gives every code a status and a text', () => {
    expect(codes.length).toBeGreaterThan(50);
    for (const code of codes) {
      const { status, text } = entryOf(code);
      expect([code, status, text]).toEqual([
        code,
        expect.stringMatching(/^[A-Z_]+$/),
        expect.stringMatching(/\S/),
      ]);
    }
  });

  // what only lists codes proves nothing about them
  const lists = new Set(['test/arch/errors.test.ts', 'test/core/base/error.test.ts']);
  const tests = projectFiles('test/*.ts')
    .filter((path) => !lists.has(path))
    .map((path) => readFileSync(join(projectRoot, path), 'utf8'))
    .join('\n');
  const named = new Set(tests.match(/[A-Z][A-Z0-9_]+/g));

  it.each(codes)('%s is named by a test', (code) => {
    expect(named.has(code)).toBe(true);
  });
});
