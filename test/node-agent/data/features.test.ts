import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nodeSuite } from '@plexus/suite';
import { loadDataset, loadFeatures } from '../../../node-agent/src/data/features.ts';
import { checkData, reportText } from '../../../node-agent/src/data/check.ts';
import { goodCsv, refusal, request, schemaValue, sql, type Changes } from './fixtures.ts';

const load = (changes: Changes = {}) => loadDataset(nodeSuite, request(changes));
const code = async (changes: Changes) => (await refusal(load(changes))).split(' ')[0];
const row = (line: string): string => `${goodCsv()}${line}\n`;
const withFeature = (at: number, change: object): object => ({
  features: schemaValue.features.map((f, i) => (i === at ? { ...f, ...change } : f)),
});

describe('from a file to the columns of a study', () => {
  it('columns come in schema order with the target last, rows by patient', async () => {
    const lines = goodCsv(6).trim().split('\n');
    const csv = [lines[0], ...lines.slice(1).reverse(), ''].join('\n');
    const dataset = await load({ csv });
    expect(dataset.columns.map((column) => [...column])).toEqual([
      [40, 41, 42, 43, 44, 45],
      [0, 1, 0, 1, 0, 1],
      [0, 1, 0, 1, 0, 1],
    ]);
    expect([...dataset.patientOf]).toEqual([0, 1, 2, 3, 4, 5]);
    expect(dataset.patients[0]).toHaveLength(32);
    expect((await load({ csv: goodCsv(6) })).digest).toBe(dataset.digest);
    expect((await load({ csv: goodCsv(7) })).digest).not.toBe(dataset.digest);
  });

  it('the target of several classes is the index of the declared value', async () => {
    const target = { ...schemaValue.target, type: 'category', values: ['no', 'perhaps', 'yes'] };
    const word = "CASE CAST(sick AS INTEGER) WHEN 1 THEN 'yes' ELSE 'no' END AS sick";
    const request = {
      schema: { target },
      sql: sql.replace('CAST(sick AS INTEGER) > 0 AS sick', word),
    };
    expect([...((await load(request)).columns[2] ?? [])]).toEqual([0, 2, 0, 2, 0, 2, 0, 2]);
    const unknown = sql.replace('CAST(sick AS INTEGER) > 0 AS sick', "'maybe' AS sick");
    expect(await code({ ...request, sql: unknown })).toBe('DATA_CATEGORY_UNKNOWN');
  });

  it('a time to an event is two columns of the mapping, each with its unit and level', async () => {
    const measured = { unit: 'mo', range: [0, 120], outside: 'refuse' };
    const target = { ...schemaValue.target, type: 'time-to-event', ...measured };
    const own = { class: 'health-status', level: 3 };
    const columns = { sick: undefined, sick_time: { unit: 'mo', ...own }, sick_event: own };
    const select = 'CAST(age AS DOUBLE) - 30 AS sick_time, CAST(sick AS INTEGER) > 0 AS sick_event';
    const request = {
      ...{ schema: { target }, columns },
      sql: sql.replace('CAST(sick AS INTEGER) > 0 AS sick', select),
    };
    const dataset = await load(request);
    expect(dataset.columns.slice(2).map((column) => [...column].slice(0, 4))).toEqual([
      [10, 11, 12, 13],
      [0, 1, 0, 1],
    ]);
    expect(await code({ schema: { target } })).toBe('DATA_COLUMN_MISSING');
    const days = { ...columns, sick_time: { unit: 'd', ...own } };
    expect(await code({ ...request, columns: days })).toBe('DATA_UNIT_MISMATCH');
  });

  it('another hospital key gives other pseudonyms and the same rows in the same order', async () => {
    const a = await load();
    const b = await load({ hospitalKey: new Uint8Array(32).fill(8) });
    expect(b.columns).toEqual(a.columns);
    expect(b.patients).not.toEqual(a.patients);
  });

  it('a row without a value that the study needs is dropped', async () => {
    expect((await load({ csv: row('p9,,none,1') })).columns[0]).toHaveLength(8);
  });

  it('ids that differ only in white space or Unicode form are one patient', async () => {
    expect(await code({ csv: `${goodCsv()}\u00e9,50,none,1\n"e\u0301 ",51,none,1\n` })).toBe(
      'DATA_PATIENT_REPEATED',
    );
  });
});

describe('what bad input gets (data.md 8): columns', () => {
  it.each<readonly [string, Changes]>([
    ['DATA_MAPPING_NOT_APPROVED', { approve: false }],
    ['HOSPITAL_KEY_MISSING', { hospitalKey: undefined }],
    ['HOSPITAL_KEY_MISSING', { hospitalKey: new Uint8Array(16) }],
    ['DATA_COLUMN_MISSING', { sql: sql.replace('pain,', '') }],
    ['DATA_COLUMN_UNEXPECTED', { sql: sql.replace('pain,', 'pain, 1 AS extra,') }],
    ['DATA_COLUMN_UNEXPECTED', { columns: { extra: { class: 'personal', level: 1 } } }],
    ['DATA_COLUMN_TYPE', { sql: sql.replace('CAST(age AS DOUBLE)', 'age') }],
    ['DATA_COLUMN_TYPE', { sql: sql.replace('pain,', '1 AS pain,') }],
    ['DATA_UNIT_MISMATCH', { columns: { age: { unit: 'mo', class: 'personal', level: 3 } } }],
    ['DATA_LEVEL_EXCEEDED', { columns: { age: { unit: 'a', class: 'personal', level: 4 } } }],
    ['DATA_LEVEL_EXCEEDED', { policy: { maxLevel: 2 } }],
    ['DATA_EMPTY', { sql: `${sql} WHERE 1 = 0` }],
    ['DATA_NOT_FINITE', { csv: row('p9,nan,none,1') }],
    ['DATA_NOT_FINITE', { csv: row('p9,1e400,none,1').replace('1e400', 'inf') }],
    ['DATA_CATEGORY_UNKNOWN', { csv: row('p9,50,much,1') }],
    ['DATA_OUT_OF_RANGE', { csv: row('p9,150,none,1') }],
    ['DATA_UNIT_SUSPECT', { sql: sql.replace('CAST(age AS DOUBLE)', 'CAST(age AS DOUBLE) * 12') }],
    ['DATA_VALUE_MISSING', { schema: withFeature(1, { missing: 'refuse' }), csv: row('p9,50,,1') }],
    [
      'DATA_TOO_MANY_MISSING',
      { schema: withFeature(0, { maxMissing: 0.1 }), csv: row('p9,,none,1') },
    ],
    ['DATA_PATIENT_KEY_MISSING', { csv: row(',50,none,1') }],
    ['DATA_PATIENT_KEY_MISSING', { csv: row('"  ",50,none,1') }],
    ['DATA_PATIENT_REPEATED', { csv: row('p0,50,none,1') }],
    ['DATA_TOO_FEW_PATIENTS', { csv: goodCsv(4) }],
    ['DATA_TOO_FEW_PATIENTS', { schema: { consent: { mode: 'opt-in', codes: ['1.2'] } } }],
    ['DATA_SPLIT_INVALID', { sql: sql.replace('pain,', `pain, 'training' AS split,`) }],
    [
      'DATA_SPLIT_INVALID',
      { sql: sql.replace('pain,', `pain, 'test' AS split,`), source: { open: true } },
    ],
    ['DATA_VALUE_UNREADABLE', { csv: row('p9,fifty,none,1') }],
    [
      'DATA_VALUE_UNREADABLE',
      {
        sql: sql
          .replace('pain,', `pain,`)
          .replace('CAST(age AS DOUBLE)', 'ln(40 - CAST(age AS DOUBLE))'),
      },
    ],
  ])('%s', async (expected, changes) => {
    expect(await code(changes)).toBe(expected);
  });

  it('any changed byte of the mapping asks for a new approval', async () => {
    const before = request();
    const after = request({ sql: `${sql} ` });
    expect(await refusal(loadDataset(nodeSuite, { ...after, approved: before.approved }))).toMatch(
      /^DATA_MAPPING_NOT_APPROVED/,
    );
  });

  it('profile open holds for open sources only', async () => {
    const open = { schema: { suppression: 'open' }, policy: { suppression: 'open' } } as const;
    expect((await loadFeatures(nodeSuite, request(open))).profile).toBe('standard');
    const published = { ...open, source: { open: true } };
    expect((await loadFeatures(nodeSuite, request(published))).profile).toBe('open');
  });

  it('a split column of open data is taken as it is', async () => {
    const split = `CASE WHEN CAST(age AS DOUBLE) > 44 THEN 'held-out' ELSE 'training' END AS split`;
    const dataset = await load({
      sql: sql.replace('pain,', `pain, ${split},`),
      source: { open: true },
    });
    expect([...dataset.held]).toEqual([0, 0, 0, 0, 0, 1, 1, 1]);
  });
});

describe('the pre-flight (data.md 7)', () => {
  it('says ready, and the counts of small sides are hidden', async () => {
    const report = await checkData(nodeSuite, request({ csv: goodCsv(40) }));
    expect(report.problems).toEqual([]);
    expect(report.ready).toBe(true);
    const text = reportText(report);
    expect(text).toContain('ready. Nothing was sent');
    expect(text).toContain('source ward (csv, utf-8, 40 rows)');
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });

  it('lists every problem at once', async () => {
    const report = await checkData(
      nodeSuite,
      request({
        approve: false,
        csv: `${goodCsv()}p0,150,much,1\n`,
        columns: { age: { unit: 'mo', class: 'personal', level: 4 } },
      }),
    );
    expect(report.problems.map((problem) => problem.code)).toEqual([
      'DATA_MAPPING_NOT_APPROVED',
      'DATA_UNIT_MISMATCH',
      'DATA_LEVEL_EXCEEDED',
      'DATA_PATIENT_REPEATED',
      'DATA_OUT_OF_RANGE',
      'DATA_CATEGORY_UNKNOWN',
    ]);
    expect(reportText(report)).toMatch(/FAIL {2}age .*\n +DATA_OUT_OF_RANGE: column age: <5 rows/);
    expect(reportText(report)).toContain('not ready: 6 problems');
  });

  it('a source that cannot be read is one problem, not a crash', async () => {
    const report = await checkData(nodeSuite, request({ csv: '' }));
    expect(report.problems).toEqual([{ code: 'DATA_EMPTY', text: 'ward: the file is empty' }]);
  });

  it('a canary planted in any cell is in no message and no report (I9)', async () => {
    const canary = 'Zwielicht7';
    const cells = fc.constantFrom('p1', '50', 'none', '1', '', canary, `${canary}"`, '1e999');
    const line = fc.array(cells, { minLength: 3, maxLength: 5 }).map((row) => row.join(','));
    const change = fc.constantFrom(
      sql,
      sql.replace('CAST(age', 'TRY_CAST(age'),
      sql.replace('pain,', `CAST(pain AS DOUBLE) AS pain,`),
      sql.replace('pain,', `CAST(CAST(pain AS DATE) AS VARCHAR) AS pain,`),
      sql.replace('CAST(age AS DOUBLE)', 'age'),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 4 }), change, async (lines, select) => {
        const built = request({
          csv: [canary, ...lines].map((l, i) => (i === 0 ? goodCsv().trimEnd() : l)).join('\n'),
          sql: select,
        });
        expect(await refusal(loadDataset(nodeSuite, built))).not.toContain(canary);
        expect(reportText(await checkData(nodeSuite, built))).not.toContain(canary);
      }),
      { numRuns: 25 },
    );
  });
});
