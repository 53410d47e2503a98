/** The demo's pieces without processes: what it takes and what it shows. Patients are in data.test.ts. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { roundNames } from '../../../sim/demo/federation.ts';
import { readOptions } from '../../../sim/demo/options.ts';
import { createProcesses } from '../../../sim/demo/processes.ts';
import { createProgress, type WatchEvent } from '../../../sim/demo/progress.ts';
import { resultLines } from '../../../sim/demo/table.ts';
import { projectRoot } from '../../arch/project.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'demo-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const refusal = (code: string): Error => expect.objectContaining({ code }) as Error;

describe('what is typed', () => {
  it('is read, and what is not known is DEMO_USAGE', () => {
    expect(readOptions(['--json', '--dir', 'x', '--seed', '3'])).toMatchObject({
      json: true,
      keep: false,
      dir: 'x',
      seed: 3,
    });
    for (const wrong of [['--rounds', '3'], ['extra'], ['--seed', 'x'], ['--dir']])
      expect(() => readOptions(wrong)).toThrow(refusal('DEMO_USAGE'));
  });
});

describe('what is shown', () => {
  const event = (over: Partial<WatchEvent>): WatchEvent => ({
    kind: 'answered',
    round: 2,
    attempt: 1,
    phase: 'masked',
    hospitals: [],
    metrics: [],
    ...over,
  });
  const summed = event({
    kind: 'aggregated',
    phase: '',
    hospitals: ['va', 'hungarian', 'cleveland'],
    metrics: [
      { name: 'loss', value: '0.45321' },
      { name: 'auc', value: '0.88' },
    ],
  });

  function shown(
    isTTY: boolean,
    kind: 'uci-heart' | 'synthetic',
  ): { text: string; trained: number } {
    let text = '';
    const out = { isTTY, write: (piece: string) => (text += piece) };
    const progress = createProgress(out, kind, ['scaling', 'training 1 of 1', 'evaluation']);
    progress.update(event({ hospitals: ['va'] }));
    progress.update(event({ hospitals: ['cleveland'] }));
    progress.update(
      event({ kind: 'dropped', phase: '', hospitals: ['switzerland'], code: 'DATA_TIMEOUT' }),
    );
    progress.update(summed);
    progress.update({ ...summed, round: 3 });
    progress.end();
    return { text, trained: progress.trained() };
  }

  it('is one plain line an event that matters where there is no terminal', () => {
    const { text, trained } = shown(false, 'uci-heart');
    expect(trained).toBe(1);
    expect(text.split('\n')).toEqual([
      'round  2   training 1 of 1   dropped switzerland DATA_TIMEOUT',
      'round  2   training 1 of 1   3 hospitals in   loss 0.4532   AUC 0.8800',
      'round  3   evaluation        3 hospitals in   loss 0.4532   AUC 0.8800',
      '',
    ]);
  });

  it('is drawn over on a terminal, with the exchange and who has answered', () => {
    const { text } = shown(true, 'uci-heart');
    expect(text).toContain('R2 masked updates         cleveland, va');
    expect(text.split('\u001b[1A\u001b[2K')).toHaveLength(3);
  });

  it('says SYNTHETIC wherever a number is', () => {
    for (const line of shown(false, 'synthetic').text.split('\n'))
      expect(line.includes('loss')).toBe(line.includes('SYNTHETIC'));
  });

  it('ends in a table; a hospital whose test patients are all ill has no AUC', () => {
    const figures = {
      ...{ cleveland: 0.8, hungarian: 0.7, switzerland: NaN, va: 0.6 },
      pooled_test: 0.75,
    };
    const scores = { accuracy: figures, auc: figures };
    const comparison = { federated: scores, local: scores, pooled: scores };
    expect(resultLines(comparison, 'uci-heart').join('\n')).toMatchInlineSnapshot(`
      "Test patients, judged by the model that came out

      accuracy                    cleveland    hungarian  switzerland           va          all
        federated                     0.800        0.700            –        0.600        0.750
        each hospital alone           0.800        0.700            –        0.600        0.750
        pooled, as if allowed         0.800        0.700            –        0.600        0.750

      AUC                         cleveland    hungarian  switzerland           va          all
        federated                     0.800        0.700            –        0.600        0.750
        each hospital alone           0.800        0.700            –        0.600        0.750
        pooled, as if allowed         0.800        0.700            –        0.600        0.750"
    `);
    for (const line of resultLines(comparison, 'synthetic'))
      expect(line.endsWith('SYNTHETIC')).toBe(line.includes('0.'));
  });

  it('names every round of the study', () => {
    const names = roundNames(projectRoot);
    expect(names).toHaveLength(17);
    expect([names[0], names[1], names[15], names[16]]).toEqual([
      'scaling',
      'training 1 of 15',
      'training 15 of 15',
      'evaluation',
    ]);
  });
});

describe('the programs', () => {
  it('a command that fails is DEMO_STEP with what it said; nothing is left running', async () => {
    const processes = createProcesses(projectRoot, join(folder, 'logs'));
    await expect(
      processes.run('audit', 'plexus-audit', ['verify', join(folder, 'nothing')]),
    ).rejects.toThrow(refusal('DEMO_STEP'));
    expect(readFileSync(join(folder, 'logs', 'audit.log'), 'utf8')).toMatch(/error [A-Z_]+/);
    const { ended, kill } = processes.start('status', 'plexus-audit', ['--help']);
    kill('SIGTERM');
    await ended;
    await processes.stopAll();
    expect(processes.stopping()).toBe(true);
  });
});
