import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  DEFAULT_LIMITS,
  quoteText,
  withEngine,
  type EngineLimits,
} from '../../../node-agent/src/data/duckdb.ts';
import { refusal, temporary } from './fixtures.ts';

const folder = temporary();
const file = join(folder, 'secret.csv');
writeFileSync(file, 'a\n1\n');

/** Runs a SELECT as a mapping would, over a table ward(a VARCHAR, n DOUBLE). */
function run(sql: string, limits: EngineLimits = DEFAULT_LIMITS): Promise<number> {
  return withEngine(limits, async (engine) => {
    await engine.run("CREATE TABLE ward AS SELECT 'x' AS a, 2.0::DOUBLE AS n", 'test');
    const locked = await engine.lock();
    await locked.createFeatures(sql, ['ward'], 'mapping');
    let rows = 0;
    await locked.stream('SELECT * FROM features', 'mapping', ([first]) => {
      rows += first?.length ?? 0;
    });
    return rows;
  });
}

describe('the SELECT of a mapping (data.md 3)', () => {
  it.each([
    'SELECT a, n FROM ward;',
    'WITH t AS (SELECT * FROM ward) SELECT t.a, count(*) OVER (PARTITION BY a ORDER BY n) AS c FROM t',
    `SELECT CASE WHEN n > 1 THEN nullif(a, 'y') ELSE upper(trim(a)) END AS z, split_part(a, '-', 1) AS y FROM ward -- comment`,
    "SELECT age(DATE '2020-01-01', DATE '1950-01-01') AS x, try_cast(a AS DECIMAL(4, 1)) AS y FROM ward",
    'SELECT a FROM ward UNION ALL (SELECT a FROM ward ORDER BY n DESC LIMIT 1)',
    'SELECT w.a, u.x FROM ward w, unnest([1, 2]) AS u(x) JOIN range(3) r(i) ON r.i = u.x',
    'SELECT list_sum(list_transform([1, 2], x -> x + 1)) AS s, (SELECT max(n) FROM ward) AS m FROM ward',
    'SELECT a FROM ward WHERE EXISTS (SELECT 1 FROM ward v WHERE v.n = ward.n) QUALIFY row_number() OVER () = 1',
  ])('may say %s', async (sql) => {
    expect(await run(sql)).toBeGreaterThan(0);
  });

  it.each([
    'SELECT 1; SELECT 2',
    '',
    'CREATE TABLE t AS SELECT 1',
    "ATTACH ':memory:' AS x",
    `COPY ward TO '${folder}/out.csv'`,
    'INSERT INTO ward VALUES (1, 2)',
    'DROP TABLE ward',
    'PRAGMA enable_profiling',
    "SET memory_limit = '1GB'",
    'SHOW TABLES',
    'DESCRIBE ward',
    'SUMMARIZE ward',
    'EXPLAIN SELECT 1',
    'SELECT * FROM (DESCRIBE ward)',
    'SELECT * FROM (SHOW TABLES)',
    `SELECT * FROM '${file}'`,
    `SELECT * FROM read_csv('${file}')`,
    `SELECT * FROM read_text('${file}')`,
    `SELECT * FROM glob('${folder}/*')`,
    "SELECT * FROM query('SELECT 1')",
    "SELECT * FROM query_table('ward')",
    'SELECT * FROM duckdb_settings()',
    'SELECT * FROM pg_catalog.pg_class',
    'SELECT * FROM information_schema.tables',
    'SELECT * FROM memory.main.ward',
    'SELECT * FROM main.ward',
    'SELECT * FROM ward USING SAMPLE 10%',
    'SELECT * FROM ward TABLESAMPLE 10%',
    'SELECT * FROM ward WHERE n = $1',
    'SELECT * FROM ward WHERE n = ?',
    'SELECT #1 FROM ward',
    'SELECT random() FROM ward',
    'SELECT a FROM ward ORDER BY random()',
    'SELECT now() FROM ward',
    'SELECT current_date FROM ward',
    'SELECT current_timestamp FROM ward',
    'SELECT localtimestamp FROM ward',
    'SELECT current_user FROM ward',
    'SELECT uuid() FROM ward',
    'SELECT error(a) FROM ward',
    "SELECT nextval('s') FROM ward",
    'SELECT write_log(a) FROM ward',
    'SELECT sleep_ms(1) FROM ward',
    'SELECT pg_sleep(1) FROM ward',
    'SELECT ago(INTERVAL 1 DAY) FROM ward',
    "SELECT age(DATE '2020-01-01') FROM ward",
    'SELECT (SELECT random()) FROM ward',
    'WITH t AS (SELECT uuid() AS u) SELECT * FROM t',
    'WITH RECURSIVE r AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM r) SELECT * FROM r',
    'SELECT sum(random()) OVER () FROM ward',
  ])('may not say %s', async (sql) => {
    expect(await refusal(run(sql))).toMatch(/^DATA_SQL_(FORBIDDEN|INVALID) /);
    expect(existsSync(join(folder, 'out.csv'))).toBe(false);
  });

  it('what is forbidden is said so, what does not parse or bind likewise', async () => {
    expect(await refusal(run('SELECT random() FROM ward'))).toBe(
      'DATA_SQL_FORBIDDEN sql: function random is not repeatable, or not known to be',
    );
    expect(await refusal(run('SELEC 1'))).toBe('DATA_SQL_INVALID mapping: the SQL does not parse');
    expect(await refusal(run('SELECT nope FROM ward'))).toMatch(/^DATA_SQL_INVALID /);
  });

  it('a cast that fails inside the view tells nothing of the value', async () => {
    expect(await refusal(run('SELECT CAST(a AS INTEGER) AS b FROM ward'))).toBe(
      'DATA_VALUE_UNREADABLE mapping: the view failed on a value; use TRY_CAST',
    );
  });

  it('memory and time end', async () => {
    const sort = 'SELECT i, md5(CAST(i AS VARCHAR)) AS h FROM range(3000000) t(i) ORDER BY h';
    expect(await refusal(run(sort, { memoryMb: 48, deadlineMs: 60_000 }))).toBe(
      'DATA_MEMORY mapping: needs more than 48 MB; list fewer columns',
    );
    const long =
      'SELECT count(*) AS c FROM range(100000000) s(i), range(1000000) t(j) WHERE (i * j) % 7 = 3';
    expect(await refusal(run(long, { memoryMb: 512, deadlineMs: 300 }))).toBe(
      'DATA_TIMEOUT mapping: not done after 300 ms',
    );
  });
});

describe('the locked engine', () => {
  it.each([
    `SELECT * FROM read_csv(${quoteText(file)})`,
    `SELECT * FROM ${quoteText(file)}`,
    `COPY (SELECT 1) TO ${quoteText(join(folder, 'out.csv'))}`,
    `ATTACH ${quoteText(join(folder, 'x.db'))} AS x`,
    `EXPORT DATABASE ${quoteText(folder)}`,
    'INSTALL httpfs',
    'LOAD httpfs',
  ])('even the agent itself cannot %s any more', async (sql) => {
    const refused = withEngine(DEFAULT_LIMITS, async (engine) => {
      const locked = await engine.lock();
      await locked.stream(sql, 'test', () => undefined);
    });
    expect(await refusal(refused)).toMatch(/^DATA_SQL_FORBIDDEN/);
    expect(existsSync(join(folder, 'out.csv'))).toBe(false);
  });

  it.each([
    "SET memory_limit = '1GB'",
    'SET lock_configuration = false',
    "SET temp_directory = '/tmp'",
  ])('the agent may %s before the lock and not after it', async (sql) => {
    await withEngine(DEFAULT_LIMITS, async (engine) => {
      await engine.run(sql, 'test');
      const locked = await engine.lock();
      expect(await refusal(locked.stream(sql, 'test', () => undefined))).toMatch(/^DATA_/);
    });
  });

  it('a deadline that passes between two statements stops the next one, however short', async () => {
    const late = withEngine({ memoryMb: 512, deadlineMs: 100 }, async (engine) => {
      const endMs = performance.now() + 100;
      while (performance.now() < endMs); // work of ours, during which no timer runs
      await engine.run('SELECT 1', 'test');
    });
    expect(await refusal(late)).toBe('DATA_TIMEOUT test: not done after 100 ms');
  });

  it('a failure that no one foresaw has a code of its own and tells nothing', async () => {
    const broken = withEngine(DEFAULT_LIMITS, (engine) => engine.run("SELEC 'secret'", 'test'));
    expect(await refusal(broken)).toBe('DATA_ENGINE test: the data engine failed');
  });
});
