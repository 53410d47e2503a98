/**
 * The local data engine: an in-memory DuckDB that reads what the agent tells it to, is then locked, and runs one checked SELECT.
 *
 * The only file that imports DuckDB. The order of hardening matters: load, cut off the outside world, lock, and only then look at
 * SQL that a person wrote. Engine messages quote cell values, so none leaves this file: a class of error becomes a code, its text is
 * dropped (I9).
 * Source: data.md section 3. Leaves to others: what to load (csv.ts), what to select (features.ts), the walk over SQL (sql-check.ts).
 */
import {
  DuckDBInstance,
  StatementType,
  type DuckDBAppender,
  type DuckDBConnection,
  type DuckDBValue,
} from '@duckdb/node-api';
import { PlexusError, type Code } from '@plexus/core';
import { checkSelect } from './sql-check.js';

export interface EngineLimits {
  readonly memoryMb: number;
  readonly deadlineMs: number;
}

export const DEFAULT_LIMITS: EngineLimits = { memoryMb: 2048, deadlineMs: 60_000 };

interface Budget extends EngineLimits {
  isOver(): boolean;
}

const INTERRUPT_EVERY_MS = 50;

export interface ColumnType {
  readonly name: string;
  /** DuckDB's name of the type: DOUBLE, VARCHAR, BOOLEAN, DECIMAL(4,1). */
  readonly type: string;
}

/** Before the lock: statements here are written by the agent, never by a person. */
export interface LoadingEngine {
  run(sql: string, place: string): Promise<void>;
  rows(sql: string, place: string): Promise<readonly (readonly DuckDBValue[])[]>;
  /** Adds rows of texts to a table, undefined as NULL. */
  append(table: string, rows: Iterable<readonly (string | undefined)[]>): Promise<void>;
  /** Cuts the engine off and locks it. From here files, attach, install, load and every SET fail. */
  lock(): Promise<LockedEngine>;
}

export interface LockedEngine {
  /** Checks a person's SELECT over the staging tables, makes the view `features` of it and says its columns. */
  createFeatures(
    sql: string,
    tables: readonly string[],
    place: string,
  ): Promise<readonly ColumnType[]>;
  /** Reads a SELECT of the agent, chunk by chunk: one list of values per column. */
  stream(
    sql: string,
    place: string,
    take: (columns: readonly (readonly DuckDBValue[])[]) => void,
  ): Promise<void>;
}

/**
 * Opens an engine, hands it to `use` and closes it whatever happens, so that loading is all or nothing.
 *
 * Errors   whatever `use` throws; environment/DATA_MEMORY, environment/DATA_TIMEOUT; the codes of data.md section 8.
 */
export async function withEngine<T>(
  limits: EngineLimits,
  use: (engine: LoadingEngine) => Promise<T>,
): Promise<T> {
  const instance = await DuckDBInstance.create(':memory:', {
    threads: '1', // sums of doubles differ from run to run with two
    temp_directory: '', // no spill file: rows stay in memory
    memory_limit: `${String(limits.memoryMb)}MB`,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    allow_community_extensions: 'false',
  });
  const connection = await instance.connect();
  const endMs = performance.now() + limits.deadlineMs;
  const budget: Budget = { ...limits, isOver: () => performance.now() >= endMs };
  // again and again: an interrupt between two statements stops neither
  const deadline = setInterval(() => {
    if (budget.isOver()) connection.interrupt();
  }, INTERRUPT_EVERY_MS);
  try {
    return await use(loading(connection, budget));
  } finally {
    clearInterval(deadline);
    connection.closeSync();
    instance.closeSync();
  }
}

/** A literal of DuckDB's SQL. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function loading(connection: DuckDBConnection, limits: Budget): LoadingEngine {
  const guard = <T>(place: string, work: () => Promise<T>): Promise<T> =>
    guarded(limits, LOADING, place, work);
  return {
    run: (sql, place) =>
      guard(place, async () => {
        await connection.run(sql);
      }),
    rows: (sql, place) => guard(place, async () => (await connection.runAndReadAll(sql)).getRows()),
    append: (table, rows) =>
      guard(table, async () => {
        const appender = await connection.createAppender(table);
        for (const row of rows) appendRow(appender, row);
        appender.closeSync();
      }),
    lock: () =>
      guard('lock', async () => {
        await connection.run('SET enable_external_access = false');
        await connection.run(`SET TimeZone = 'UTC'`);
        await connection.run('SET lock_configuration = true');
        return locked(connection, limits);
      }),
  };
}

function appendRow(appender: DuckDBAppender, row: readonly (string | undefined)[]): void {
  for (const value of row)
    if (value === undefined) appender.appendNull();
    else appender.appendVarchar(value);
  appender.endRow();
}

function locked(connection: DuckDBConnection, limits: Budget): LockedEngine {
  return {
    createFeatures: (sql, tables, place) =>
      guarded(limits, BINDING, place, async () => {
        await checkStatement(connection, limits, sql, tables);
        const trimmed = sql.trim().replace(/;\s*$/, '');
        await connection.run(`CREATE VIEW features AS (\n${trimmed}\n)`);
        const statement = await connection.prepare('SELECT * FROM features');
        return Array.from({ length: statement.columnCount }, (_, i) => ({
          name: statement.columnName(i),
          type: statement.columnType(i).toString(),
        }));
      }),
    stream: (sql, place, take) =>
      guarded(limits, RUNNING, place, async () => {
        const result = await connection.stream(sql);
        for (;;) {
          const chunk = await result.fetchChunk();
          if (chunk === null || chunk.rowCount === 0) return;
          take(chunk.getColumns());
        }
      }),
  };
}

/** The four checks of data.md section 3, in their order. Errors: DATA_SQL_FORBIDDEN, DATA_SQL_INVALID. */
async function checkStatement(
  connection: DuckDBConnection,
  limits: Budget,
  sql: string,
  tables: readonly string[],
): Promise<void> {
  const statements = await guarded(limits, PARSING, 'mapping', () =>
    connection.extractStatements(sql),
  );
  if (statements.count !== 1)
    throw new PlexusError(
      'DATA_SQL_FORBIDDEN',
      `sql: expected one SELECT, got ${String(statements.count)} statements`,
    );
  const functions = await repeatableFunctions(connection);
  const parsed = await connection.runAndReadAll('SELECT json_serialize_sql($1::VARCHAR)', [sql]);
  const tree: unknown = JSON.parse(String(parsed.getRows()[0]?.[0]));
  const isTree = typeof tree === 'object' && tree !== null && 'statements' in tree;
  // json_serialize_sql takes SELECT only; the walk runs before prepare, so that a forbidden name is never bound
  if (!isTree) throw new PlexusError('DATA_SQL_FORBIDDEN', 'sql: expected one SELECT');
  checkSelect(tree.statements, { tables: new Set(tables), functions });
  const prepared = await statements.prepare(0);
  if (prepared.statementType !== StatementType.SELECT)
    throw new PlexusError('DATA_SQL_FORBIDDEN', 'sql: expected one SELECT');
}

async function repeatableFunctions(connection: DuckDBConnection): Promise<ReadonlySet<string>> {
  const read = await connection.runAndReadAll(
    `SELECT lower(function_name) FROM duckdb_functions()
     GROUP BY 1
     HAVING bool_and(function_type IN ('scalar', 'aggregate') AND stability = 'CONSISTENT')
         OR (bool_and(function_type IN ('scalar', 'aggregate', 'macro')) AND bool_and(coalesce(stability, 'CONSISTENT') = 'CONSISTENT')
             AND (lower(function_name) IN ('nullif', 'split_part', 'fdiv', 'fmod') OR starts_with(lower(function_name), 'list_')))`,
  );
  // unnest and range are table functions and scalars at once
  return new Set([
    ...read.getRows().map((row) => String(row[0])),
    'unnest',
    'range',
    'generate_series',
  ]);
}

type Mapped = readonly [code: Code, text: string];

/** What the first words of an engine message mean, by what the engine was doing. Nothing else of it is kept. */
const ALWAYS: Readonly<Record<string, 'DATA_MEMORY' | 'DATA_TIMEOUT'>> = {
  'Out of Memory Error': 'DATA_MEMORY',
  'INTERRUPT Error': 'DATA_TIMEOUT',
};
const LOADING: Readonly<Record<string, Mapped>> = {
  'IO Error': ['DATA_SOURCE_UNREADABLE', 'cannot read'],
  'Invalid Input Error': [
    'DATA_CSV_SHAPE',
    'expected one shape and one kind of line end throughout',
  ],
  'Conversion Error': ['DATA_ENCODING', 'not valid in the declared encoding'],
};
const BINDING: Readonly<Record<string, Mapped>> = {
  'Parser Error': ['DATA_SQL_INVALID', 'the SQL does not parse'],
  'Binder Error': ['DATA_SQL_INVALID', 'the SQL names a column or function that is not there'],
  'Catalog Error': ['DATA_SQL_INVALID', 'the SQL names a table or function that is not there'],
  'Not implemented Error': ['DATA_SQL_INVALID', 'the SQL asks for what the engine cannot do'],
  'Permission Error': ['DATA_SQL_FORBIDDEN', 'the SQL reaches outside its tables'],
  // constants are folded while the SELECT is bound
  'Conversion Error': ['DATA_VALUE_UNREADABLE', 'the view failed on a value; use TRY_CAST'],
  'Out of Range Error': ['DATA_VALUE_UNREADABLE', 'the view failed on a value; use TRY_CAST'],
  'Invalid Input Error': ['DATA_SQL_INVALID', 'the SQL cannot be prepared'],
};
/** Text without a statement fails without an error class. */
const PARSING: Readonly<Record<string, Mapped>> = {
  ...BINDING,
  '': ['DATA_SQL_INVALID', 'the SQL does not parse'],
};
const RUNNING: Readonly<Record<string, Mapped>> = {
  ...BINDING,
  'Invalid Input Error': ['DATA_VALUE_UNREADABLE', 'the view failed on a value; use TRY_CAST'],
};

async function guarded<T>(
  limits: Budget,
  known: Readonly<Record<string, Mapped>>,
  place: string,
  work: () => Promise<T>,
): Promise<T> {
  const late = (): PlexusError =>
    new PlexusError('DATA_TIMEOUT', `${place}: not done after ${String(limits.deadlineMs)} ms`);
  if (limits.isOver()) throw late();
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof PlexusError) throw thrown;
    // no `cause`: the engine's error holds cells, and causes are printed by loggers
    const message = (thrown instanceof Error ? thrown.message : '').replace(
      /^Failed to extract statements: /,
      '',
    );
    if (/^Invalid Input Error: File is not (utf-8|utf-16|latin-1) encoded/.test(message))
      throw new PlexusError('DATA_ENCODING', `${place}: not valid in the declared encoding`);
    const words = /^[A-Za-z ]{1,40} Error(?=:)/.exec(message)?.[0] ?? '';
    const always = ALWAYS[words];
    if (always === 'DATA_MEMORY')
      throw new PlexusError(
        always,
        `${place}: needs more than ${String(limits.memoryMb)} MB; list fewer columns`,
      );
    if (always === 'DATA_TIMEOUT') throw late();
    const [code, text] = known[words] ?? ['DATA_ENGINE', 'the data engine failed'];
    throw new PlexusError(code, `${place}: ${text}`);
  }
}
