import { afterEach, describe, expect, it } from 'vitest';
import { PlexusError } from '@plexus/core';
import { attempt } from '../../researcher/src/cli/failure.ts';
import type { Terminal } from '../../researcher/src/cli/terminal.ts';

const ADVICE = { what: 'nothing was done', next: 'do it again' };

async function printed(body: () => Promise<void>): Promise<readonly string[]> {
  const lines: string[] = [];
  const terminal: Terminal = {
    interactive: false,
    out: () => undefined,
    live: () => undefined,
    err: (line) => lines.push(line),
  };
  await attempt(terminal, ADVICE, body);
  return lines;
}

describe('a command that fails', () => {
  afterEach(() => {
    process.exitCode = undefined; // the runner's own, which a failing command sets
  });

  it('says what happened with its code, why, and what to type next', async () => {
    const lines = await printed(() => Promise.reject(new PlexusError('CSV_SHAPE', 'line 3: bad')));
    expect(process.exitCode).toBe(1);
    expect(lines).toEqual([
      'error CSV_SHAPE: nothing was done',
      'why   line 3: bad',
      'next  do it again',
    ]);
  });

  it('says the same of an error that nobody foresaw', async () => {
    const lines = await printed(() => Promise.reject(new Error('no space left')));
    expect(lines.slice(0, 2)).toEqual([
      'error COMMAND_FAILED: nothing was done',
      'why   no space left',
    ]);
  });

  it('leaves the exit status of one that succeeds alone', async () => {
    expect(await printed(() => Promise.resolve())).toEqual([]);
    expect(process.exitCode).toBeUndefined();
  });
});
