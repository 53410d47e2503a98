/** The demo's pieces without processes: what it takes, what it shows, which patients it makes up. */
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { prepareData } from '../../../sim/demo/data.ts';
import { roundNames } from '../../../sim/demo/federation.ts';
import { fileOf, HOSPITALS } from '../../../sim/demo/hospitals.ts';
import { readOptions } from '../../../sim/demo/options.ts';
import { createProcesses } from '../../../sim/demo/processes.ts';
import { createProgress, type WatchEvent } from '../../../sim/demo/progress.ts';
import { syntheticHospital } from '../../../sim/demo/synthetic.ts';
import { resultLines } from '../../../sim/demo/table.ts';
import { projectRoot } from '../../arch/project.ts';
import { sharedFile } from '../../data.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'demo-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
  rmSync(folder, { recursive: true });
});

const refusal = (code: string): Error => expect.objectContaining({ code }) as Error;
const silent = { say: () => undefined };

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

describe('the patients', () => {
  it('that are made up are the same at every run, unlike by hospital, and said to be SYNTHETIC', async () => {
    vi.stubEnv('PLEXUS_DATA', undefined);
    vi.stubGlobal('fetch', () => Promise.reject(new Error('no network')));
    const root = join(folder, 'project');
    const data = await prepareData({ root, into: join(folder, 'data'), ...silent });
    expect(data.kind).toBe('synthetic');
    expect(data.source).toContain('SYNTHETIC');
    for (const hospital of HOSPITALS) {
      const { csv, sides } = syntheticHospital(hospital);
      expect(readFileSync(data.hospitals[hospital].csv, 'utf8')).toBe(csv);
      const lines = csv.trim().split('\n');
      expect(sides).toHaveLength(lines.length);
      for (const line of lines) expect(line.split(',')).toHaveLength(14);
      const ill = lines.filter((line) => line.endsWith(',1')).length / lines.length;
      expect(ill).toBeGreaterThan(0.2);
      expect(ill).toBeLessThan(0.98);
    }
    expect(syntheticHospital('va').csv).not.toBe(syntheticHospital('hungarian').csv.slice(0, 10));
  });

  it('of a folder that lacks a file, or holds other bytes, are DEMO_DATA naming the file', async () => {
    const options = { root: projectRoot, into: join(folder, 'data'), dir: folder, ...silent };
    await expect(prepareData(options)).rejects.toThrow(refusal('DEMO_DATA'));
    for (const hospital of HOSPITALS) writeFileSync(join(folder, fileOf(hospital)), 'x\n');
    await expect(prepareData(options)).rejects.toThrow(/processed\.cleveland\.data.*SHA-256/);
    vi.stubEnv('PLEXUS_DATA', folder);
    await expect(
      prepareData({ root: projectRoot, into: join(folder, 'data'), ...silent }),
    ).rejects.toThrow(refusal('DEMO_DATA'));
  });

  it('of the UCI files get the benchmark’s split', async () => {
    const uci = sharedFile('data/uci-heart');
    if (uci === undefined) return;
    const copy = join(folder, 'copy');
    mkdirSync(copy);
    for (const hospital of HOSPITALS)
      copyFileSync(join(uci, fileOf(hospital)), join(copy, fileOf(hospital)));
    const into = join(folder, 'data');
    const data = await prepareData({ root: projectRoot, into, dir: copy, ...silent });
    expect(data.kind).toBe('uci-heart');
    const lines = readFileSync(data.hospitals.va.split, 'utf8').trim().split('\n');
    expect(lines[0]).toBe('row,side');
    expect(lines).toHaveLength(1 + 85 + 45);
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
    const figures = {
      cleveland: 0.8,
      hungarian: 0.7,
      switzerland: NaN,
      va: 0.6,
      pooled_test: 0.75,
    };
    const scores = { accuracy: figures, auc: figures };
    const comparison = { federated: scores, local: scores, pooled: scores };
    const lines = resultLines(comparison, 'synthetic');
    expect(lines.filter((line) => line.includes('SYNTHETIC'))).toHaveLength(2);
    const widths = lines.filter((line) => line.includes('0.8')).map((line) => line.length);
    expect(new Set(widths).size).toBe(1);
    expect(lines.join('\n')).toContain('–'); // nobody is well at that hospital: there is no AUC
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
