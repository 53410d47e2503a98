/** The four UCI files through the shipped schema, mapping and split, against plain arithmetic over the raw lines. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import {
  columnValues,
  featureColumns,
  scalingFromMoments,
  toUnit,
  unitInterval,
  type Dataset,
} from '@plexus/core';
import { nodeSuite } from '@plexus/suite';
import { DEFAULT_LIMITS } from '../../../node-agent/src/data/duckdb.ts';
import { loadDataset } from '../../../node-agent/src/data/features.ts';
import { approvalDigests, readMapping } from '../../../node-agent/src/data/mapping.ts';
import { parseSources } from '../../../node-agent/src/data/sources.ts';
import { sharedFile } from '../../data.ts';
import { parsed, temporary } from './fixtures.ts';

const model = join(import.meta.dirname, '../../../models/heart-disease');
const uci = sharedFile('data/uci-heart');
const split = JSON.parse(readFileSync(join(model, 'split.json'), 'utf8')) as Readonly<
  Record<string, Readonly<Record<string, readonly number[]>>>
>;
const schema = parsed(parse(readFileSync(join(model, 'schema.yaml'), 'utf8')));

async function load(site: string): Promise<Dataset> {
  const folder = temporary();
  const sides = Object.entries(split[site] ?? {}).flatMap(([side, rows]) =>
    rows.map((row) => `${String(row)},${side}`),
  );
  const splitPath = join(folder, 'split.csv');
  writeFileSync(splitPath, ['row,side', ...sides, ''].join('\n'));
  const config = parse(readFileSync(join(model, 'sources.yaml'), 'utf8')) as {
    readonly heart: object;
    readonly split: object;
  };
  const sources = parseSources({
    heart: { ...config.heart, path: join(uci ?? '', `processed.${site}.data`) },
    split: { ...config.split, path: splitPath },
  });
  const mapping = await readMapping(nodeSuite, join(model, 'mappings/uci.yaml'));
  return loadDataset(nodeSuite, {
    study: 'heart-disease',
    schema,
    mapping,
    sources,
    approved: approvalDigests(nodeSuite, schema, mapping, sources),
    policy: { maxLevel: 3, suppression: 'open', heldOutFraction: 0.25, namespace: 'uci' },
    limits: DEFAULT_LIMITS,
    hospitalKey: new Uint8Array(32).fill(1),
  });
}

/** The 13 inputs and the target of every complete line, without any of our code. */
function raw(site: string): readonly (readonly number[])[] {
  const lines = readFileSync(join(uci ?? '', `processed.${site}.data`), 'utf8')
    .trim()
    .split('\n');
  return lines
    .map((line) => line.split(','))
    .filter((cells) => cells.slice(0, 10).every((cell) => cell !== '?'))
    .map((cells) => {
      const [age = NaN, sex, cp, bp, chol, fbs, ecg, rate, angina, st] = cells.map(Number);
      const hot = (value: number | undefined, of: readonly number[]): readonly number[] =>
        of.map((x) => (value === x ? 1 : 0));
      const inputs = [age, sex, ...hot(cp, [2, 3, 4]), bp, chol, fbs, ...hot(ecg, [1, 2])];
      return [...inputs, rate, angina, st, Number(cells[13]) > 0 ? 1 : 0].map(Number);
    });
}

const sites = {
  cleveland: [303, 199, 104],
  hungarian: [261, 172, 89],
  switzerland: [46, 30, 16],
  va: [130, 85, 45],
} as const;

describe.skipIf(uci === undefined)('heart disease, four hospitals (data.md 9)', () => {
  it.each(Object.entries(sites))(
    '%s has the published patients',
    async (site, [all, train, test]) => {
      const dataset = await load(site);
      expect(dataset.columns).toHaveLength(schema.features.length + 1);
      expect(dataset.columns[0]).toHaveLength(all);
      expect(dataset.held.filter((side) => side === 0)).toHaveLength(train);
      expect(dataset.held.filter((side) => side === 1)).toHaveLength(test);
    },
  );

  it.each(Object.keys(sites))(
    '%s: mean and variance of all 13 inputs are those of the file',
    async (site) => {
      const dataset = await load(site);
      const layout = featureColumns(schema);
      expect(layout).toHaveLength(13);
      const rows = raw(site);
      const statistics = (values: readonly number[]): readonly [number, number] => {
        const mean = values.reduce((a, b) => a + b, 0) / values.length;
        const squares = values.reduce((a, x) => a + (x - mean) ** 2, 0);
        return [mean, squares / (values.length - 1)];
      };
      layout.forEach((column, i) => {
        const [mean, variance] = statistics(rows.map((row) => row[i] ?? NaN));
        const values = Array.from(columnValues(schema, column, dataset.columns));
        expect(statistics(values)[0]).toBeCloseTo(mean, 9);
        expect(statistics(values)[1]).toBeCloseTo(variance, 7);
        const interval = unitInterval(schema, column);
        const units = values.map((x) => toUnit(interval, x));
        expect(units.every((u) => u >= -1 && u <= 1)).toBe(true);
        const scaling = scalingFromMoments(
          interval,
          units.length,
          units.reduce((a, u) => a + u, 0),
          units.reduce((a, u) => a + u * u, 0),
        );
        expect(scaling.centre).toBeCloseTo(mean, 8);
        expect(scaling.spread).toBeCloseTo(variance > 0 ? Math.sqrt(variance) : 1, 8);
      });
      const positives = rows.filter((row) => row[13] === 1).length;
      expect(dataset.columns.at(-1)?.reduce((a, b) => a + b, 0)).toBe(positives);
    },
  );

  it('loading twice gives the same digest', async () => {
    expect((await load('va')).digest).toBe((await load('va')).digest);
  });
});
