import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { nodeSuite as suite } from '@plexus/suite';
import { DEFAULT_LIMITS } from '../../../node-agent/src/data/duckdb.ts';
import {
  checkStudyData,
  loadStudyRows,
  type StudyDataOptions,
} from '../../../node-agent/src/data/study-data.ts';
import { goodCsv, parsed, refusal, schemaValue, sql, temporary } from './fixtures.ts';

const schema = parsed(schemaValue);

function hospital(csv: string, sources: object = {}): StudyDataOptions {
  const folder = temporary();
  mkdirSync(join(folder, 'mappings'));
  writeFileSync(join(folder, 'ward.csv'), csv);
  const columns = {
    age: { unit: 'a', class: 'personal', level: 3 },
    pain: { class: 'health-status', level: 3 },
    sick: { class: 'health-status', level: 3 },
  };
  const mapping = JSON.stringify({ source: 'ward', columns, sql });
  writeFileSync(join(folder, 'mappings', 'heart.yaml'), mapping);
  return {
    suite,
    sourcesFile: join(folder, 'sources.yaml'),
    readSources: () => ({ ward: { kind: 'csv', path: 'ward.csv', ...sources } }),
    mappingsFolder: join(folder, 'mappings'),
    policy: { maxLevel: 3, suppression: 'standard', heldOutFraction: 0.25, namespace: 'pid' },
    limits: DEFAULT_LIMITS,
    hospitalKey: new Uint8Array(32).fill(7),
  };
}

describe('the data of one study', () => {
  it('is checked, signed by its digests and then loaded, training and held-out apart', async () => {
    const options = hospital(goodCsv(70));
    const { report, digests } = await checkStudyData(options, 'heart', schema);
    expect(report.problems).toEqual([]);
    const { rows, mapping } = await loadStudyRows(options, 'heart', schema, digests);
    const [training = new Float64Array(), heldOut = new Float64Array()] = [
      rows.training[0],
      rows.heldOut[0],
    ];
    expect(training.length + heldOut.length).toBe(70);
    expect(heldOut.length).toBeGreaterThanOrEqual(5);
    expect([...training, ...heldOut].sort((a, b) => a - b)).toEqual(
      Array.from({ length: 70 }, (_, i) => 40 + i),
    );
    expect(mapping).toBe(digests.mapping);
  });

  it('leaves out held-out patients that are fewer than a small cell', async () => {
    const options = hospital(goodCsv(8));
    const { digests } = await checkStudyData(options, 'heart', schema);
    const { rows } = await loadStudyRows(options, 'heart', schema, digests);
    expect(rows.heldOut.map((column) => column.length)).toEqual([0, 0, 0]);
  });

  it('is refused without a signature, and after the file of the mapping has changed', async () => {
    const options = hospital(goodCsv());
    const { digests } = await checkStudyData(options, 'heart', schema);
    expect(await refusal(loadStudyRows(options, 'heart', schema, undefined))).toContain(
      'DATA_MAPPING_NOT_APPROVED',
    );
    writeFileSync(
      join(options.mappingsFolder, 'heart.yaml'),
      JSON.stringify({
        source: 'ward',
        columns: { age: { unit: 'mo', class: 'personal', level: 3 } },
        sql,
      }),
    );
    expect(await refusal(loadStudyRows(options, 'heart', schema, digests))).toContain(
      'DATA_MAPPING_NOT_APPROVED',
    );
  });

  it('that lacks a column, or has a text where a number belongs, says so by name and without values', async () => {
    const missing = hospital(goodCsv().replace('id,age', 'id,years'));
    const first = await checkStudyData(missing, 'heart', schema);
    expect(first.report.problems.map(({ code }) => code)).toEqual(['DATA_SQL_INVALID']);
    const letters = hospital(goodCsv().replace('p3,43', 'p3,forty'));
    const second = await checkStudyData(letters, 'heart', schema);
    expect(second.report.problems.map(({ code }) => code)).toEqual(['DATA_VALUE_UNREADABLE']);
    expect(JSON.stringify([first, second])).not.toMatch(/forty|p3/);
  });
});
