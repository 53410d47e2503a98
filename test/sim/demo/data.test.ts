/** Where the demo's patients come from, in order: the folder that is named, the archive, made-up ones that say so. */
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hex } from '@plexus/core';
import { nodeSuite } from '@plexus/suite';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { prepareData, syntheticData, type DemoData } from '../../../sim/demo/data.ts';
import { fileOf, HOSPITALS } from '../../../sim/demo/hospitals.ts';
import { patientsOf } from '../../../sim/demo/patients.ts';
import { projectRoot } from '../../arch/project.ts';
import { sharedFile } from '../../data.ts';
import { heartStudy } from '../../models/uci-heart.ts';
import { archiveThat, bareProject, loadAsAgent } from './patients.ts';

const uci = sharedFile('data/uci-heart');
const refusal = (code: string): Error => expect.objectContaining({ code }) as Error;
const fresh = (): string => mkdtempSync(join(tmpdir(), 'demo-'));
const silent = { say: () => undefined };
const published = {
  cleveland: [303, 199, 104],
  hungarian: [294, 172, 89],
  switzerland: [123, 30, 16],
  va: [200, 85, 45],
} as const;

beforeEach(() => {
  vi.stubEnv('PLEXUS_DATA', undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
});

function cellsOf(data: DemoData, hospital: (typeof HOSPITALS)[number]): readonly string[][] {
  const lines = readFileSync(data.hospitals[hospital].csv, 'utf8').trimEnd().split('\n');
  return lines.map((line) => line.split(','));
}

describe('a folder that is named', () => {
  it('and lacks a file, or holds another one, is DEMO_DATA naming it, whatever else there is', async () => {
    const dir = fresh();
    const options = { root: projectRoot, into: join(dir, 'data'), ...silent };
    await expect(prepareData({ ...options, dir })).rejects.toThrow(refusal('DEMO_DATA'));
    for (const hospital of HOSPITALS) writeFileSync(join(dir, fileOf(hospital)), 'x\n');
    const wrong = prepareData({ ...options, dir });
    await expect(wrong).rejects.toThrow(/processed\.cleveland\.data.*SHA-256/);
    vi.stubEnv('PLEXUS_DATA', dir);
    await expect(prepareData(options)).rejects.toThrow(refusal('DEMO_DATA'));
  });

  it.skipIf(uci === undefined)(
    'with the archive’s files is taken as it is, with the benchmark’s split',
    async () => {
      const dir = fresh();
      for (const hospital of HOSPITALS)
        copyFileSync(join(uci ?? '', fileOf(hospital)), join(dir, fileOf(hospital)));
      const into = join(fresh(), 'data');
      const data = await prepareData({ root: bareProject(), into, dir, ...silent });
      expect(data).toMatchObject({
        kind: 'uci-heart',
        source: expect.stringContaining(dir) as string,
      });
      for (const hospital of HOSPITALS) {
        const [, training, heldOut] = published[hospital];
        const { csv, split } = data.hospitals[hospital];
        expect(readFileSync(csv, 'utf8')).toBe(readFileSync(join(dir, fileOf(hospital)), 'utf8'));
        const lines = readFileSync(split, 'utf8').trimEnd().split('\n');
        expect(lines[0]).toBe('row,side');
        expect(lines.filter((line) => line.endsWith(',training'))).toHaveLength(training);
        expect(lines.filter((line) => line.endsWith(',held-out'))).toHaveLength(heldOut);
      }
    },
  );
});

describe('the archive', () => {
  it.skipIf(uci === undefined)('is asked when no folder is there', async () => {
    const archive = await archiveThat(({ url = '' }, response) => {
      response.end(readFileSync(join(uci ?? '', url.split('/').at(-1) ?? '')));
    });
    const root = bareProject();
    vi.stubEnv('PLEXUS_DATA', ''); // an empty name names nothing
    const data = await prepareData({
      ...{ root, into: join(root, 'data'), archive: archive.url, ...silent },
    });
    await archive.close();
    expect(data.kind).toBe('uci-heart');
    expect(data.source).toContain(archive.url);
  });

  it.each([
    ['says no', 404, 'x', 'status 404'],
    ['gives a page of a firewall', 200, '<html>', 'SHA-256'],
    ['does not stop', 200, 'x'.repeat(2 << 20), 'more than 1 MiB'],
  ])('that %s leaves the demo with SYNTHETIC patients', async (_, status, body, why) => {
    const archive = await archiveThat((_request, response) => {
      response.writeHead(status).end(body);
    });
    const root = bareProject();
    const said: string[] = [];
    const say = (line: string): void => void said.push(line);
    const data = await prepareData({ root, into: join(root, 'data'), archive: archive.url, say });
    await archive.close();
    expect(data.kind).toBe('synthetic');
    expect(data.source).toContain('SYNTHETIC');
    expect(said.join('\n')).toContain(why);
  });

  it('that never answers is given up, and so is one that is not there', async () => {
    const archive = await archiveThat(() => undefined);
    const root = bareProject();
    const options = { root, into: join(root, 'data'), archive: archive.url, ...silent };
    expect((await prepareData({ ...options, downloadMs: 50 })).kind).toBe('synthetic');
    await archive.close();
    const said: string[] = [];
    const gone = await prepareData({ ...options, say: (line) => void said.push(line) });
    expect(gone.kind).toBe('synthetic');
    expect(said.join('\n')).toContain('ECONNREFUSED');
  });
});

describe('made-up patients', () => {
  it('are the same bytes at every run', () => {
    const first = syntheticData(projectRoot, fresh());
    const second = syntheticData(projectRoot, fresh());
    const digests = HOSPITALS.map((hospital) => {
      const bytes = readFileSync(first.hospitals[hospital].csv);
      expect(readFileSync(second.hospitals[hospital].csv).equals(bytes)).toBe(true);
      return `${hospital} ${hex(nodeSuite.sha256(bytes)).slice(0, 16)}`;
    });
    expect(digests).toMatchInlineSnapshot(`
      [
        "cleveland fe21d759705f89c1",
        "hungarian 86ac78b233dae783",
        "switzerland 2d0814c2c945aefa",
        "va c0eb63318fd43b5e",
      ]
    `);
  });

  it('are unlike by hospital, and leave out what the real hospitals leave out', () => {
    const data = syntheticData(projectRoot, fresh());
    const share = (hospital: (typeof HOSPITALS)[number], is: (cells: string[]) => boolean) => {
      const rows = cellsOf(data, hospital);
      return rows.filter(is).length / rows.length;
    };
    const isIll = (cells: string[]): boolean => cells[13] !== '0';
    expect(share('switzerland', isIll)).toBeGreaterThan(0.85);
    expect(share('hungarian', isIll)).toBeLessThan(0.5);
    expect(share('switzerland', (cells) => cells[4] === '0')).toBe(1); // never measured, never said
    expect(share('hungarian', (cells) => cells[11] === '?')).toBeGreaterThan(0.9);
    expect(share('va', (cells) => cells[9] === '?')).toBeGreaterThan(0.15);
    for (const hospital of HOSPITALS) {
      expect(cellsOf(data, hospital)).toHaveLength(published[hospital][0]);
      for (const cells of cellsOf(data, hospital)) expect(cells).toHaveLength(14);
    }
  });

  it('pass the checks of a hospital’s agent, and are as many as the published patients', async () => {
    const data = syntheticData(projectRoot, fresh());
    for (const hospital of HOSPITALS) {
      const { held } = await loadAsAgent(data.hospitals[hospital]);
      const [, training, heldOut] = published[hospital];
      expect(held.filter((side) => side === 0)).toHaveLength(training);
      expect(held.filter((side) => side === 1)).toHaveLength(heldOut);
    }
  });
});

describe('the comparison’s reader', () => {
  const { schema } = heartStudy();

  async function expectSame(data: DemoData): Promise<void> {
    for (const hospital of HOSPITALS) {
      const { columns, held } = await loadAsAgent(data.hospitals[hospital]);
      const { training, heldOut } = patientsOf(schema, data.hospitals[hospital]);
      // the agent has an order of its own; a patient is a row, whatever its place
      const patients = (
        of: readonly Float64Array[],
        is: (row: number) => boolean,
      ): readonly string[] =>
        [...(of[0] ?? []).keys()].filter(is).map((row) => of.map((c) => c[row]).join());
      const agents = (side: number) => patients(columns, (row) => held[row] === side).toSorted();
      const ours = (rows: readonly Float64Array[]) => patients(rows, () => true).toSorted();
      expect(ours(training)).toEqual(agents(0));
      expect(ours(heldOut)).toEqual(agents(1));
    }
  }

  it('reads the patients that the agent reads', async () => {
    await expectSame(syntheticData(projectRoot, fresh()));
  });

  it.skipIf(uci === undefined)('also of the UCI files', async () => {
    const into = join(fresh(), 'data');
    mkdirSync(into);
    await expectSame(
      await prepareData({ root: projectRoot, into, ...(uci && { dir: uci }), ...silent }),
    );
  });
});
