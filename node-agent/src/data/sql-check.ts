/**
 * The walk over a parsed SELECT that says whether it may run: only staging tables, only repeatable functions, nothing that reads
 * the machine. What the walk does not know is refused.
 *
 * The adversary is a mapping that somebody talked the steward into: the engine's own lock does not stop every way out.
 * Input is the output of DuckDB's json_serialize_sql. Source: data.md section 3, statement check 4. Leaves to others: checks 1 to 3 (duckdb.ts).
 */
import { PlexusError } from '@plexus/core';

export interface SqlRules {
  readonly tables: ReadonlySet<string>;
  /** Lower-case names of scalar functions, macros and aggregates that give the same answer each time. */
  readonly functions: ReadonlySet<string>;
}

type Node = Readonly<Record<string, unknown>>;

const EXPRESSIONS: ReadonlySet<string> = new Set([
  'BETWEEN',
  'CASE',
  'CAST',
  'COLLATE',
  'COLUMN_REF',
  'COMPARISON',
  'CONJUNCTION',
  'FUNCTION',
  'LAMBDA',
  'LAMBDA_REF',
  'OPERATOR',
  'STAR',
  'SUBQUERY',
  'WINDOW',
]);
const PARTS: ReadonlySet<string> = new Set([
  'SELECT_NODE',
  'SET_OPERATION_NODE',
  'CTE_NODE',
  'BASE_TABLE',
  'EMPTY',
  'EXPRESSION_LIST',
  'JOIN',
  'SUBQUERY',
  'TABLE_FUNCTION',
  'ORDER_MODIFIER',
  'LIMIT_MODIFIER',
  'DISTINCT_MODIFIER',
  'ORDER_DEFAULT',
  'ASCENDING',
  'DESCENDING',
]);
const TABLE_FUNCTIONS: ReadonlySet<string> = new Set(['unnest', 'range', 'generate_series']);
const WINDOW_FUNCTIONS: ReadonlySet<string> = new Set([
  'row_number',
  'rank',
  'dense_rank',
  'percent_rank',
  'cume_dist',
  'ntile',
  'lag',
  'lead',
  'first_value',
  'last_value',
  'nth_value',
]);
/** Keywords that read the clock or the session but parse as columns. */
const CLOCK_COLUMNS: ReadonlySet<string> = new Set([
  'current_catalog',
  'current_database',
  'current_date',
  'current_role',
  'current_schema',
  'current_time',
  'current_timestamp',
  'current_user',
  'localtime',
  'localtimestamp',
  'session_user',
  'user',
]);

/** Errors: operator/DATA_SQL_FORBIDDEN, naming what the mapping's own SQL says and why it may not. */
export function checkSelect(statement: unknown, rules: SqlRules): void {
  const ctes = new Set<string>();
  collectCtes(statement, ctes);
  const tables = new Set([...rules.tables, ...ctes].map((name) => name.toLowerCase()));
  visit(statement, { tables, functions: rules.functions });
}

function visit(value: unknown, rules: SqlRules): void {
  if (Array.isArray(value)) {
    for (const item of value) visit(item, rules);
    return;
  }
  if (!isNode(value)) return;
  if (value['class'] === 'CONSTANT') return; // a literal: nothing in it runs
  if (typeof value['class'] === 'string') checkExpression(value, rules);
  else if (typeof value['type'] === 'string') checkPart(value, rules);
  if (isNode(value['sample'])) forbid('a sample is not repeatable');
  for (const [key, child] of Object.entries(value)) {
    // its name was checked against the table functions; its arguments are expressions like any other
    const isCall = value['type'] === 'TABLE_FUNCTION' && key === 'function' && isNode(child);
    visit(isCall ? child['children'] : child, rules);
  }
}

function checkExpression(node: Node, rules: SqlRules): void {
  const kind = text(node['class']);
  if (!EXPRESSIONS.has(kind)) forbid(`${kind.toLowerCase()} is not allowed`);
  if (kind === 'COLUMN_REF') {
    const names: unknown = node['column_names'];
    const only = Array.isArray(names) && names.length === 1 ? text(names[0]).toLowerCase() : '';
    if (CLOCK_COLUMNS.has(only)) forbid(`${only} is not repeatable`);
  }
  if (kind !== 'FUNCTION' && kind !== 'WINDOW') return;
  const name = text(node['function_name']).toLowerCase();
  const known = rules.functions.has(name) || (kind === 'WINDOW' && WINDOW_FUNCTIONS.has(name));
  if (!known) forbid(`function ${name} is not repeatable, or not known to be`);
  if (!isMain(node['schema'], 'main') || !isMain(node['catalog'], 'system'))
    forbid(`function ${name}: expected no schema or catalog`);
  const children: unknown = node['children'];
  if (name === 'age' && Array.isArray(children) && children.length < 2)
    forbid('function age with one argument reads the clock');
}

function checkPart(node: Node, rules: SqlRules): void {
  const kind = text(node['type']);
  if (!PARTS.has(kind) && !kind.endsWith('_TYPE_INFO'))
    forbid(`${kind.toLowerCase().replaceAll('_', ' ')} is not allowed`);
  if (kind === 'TABLE_FUNCTION') {
    const call = node['function'];
    const name = isNode(call) ? text(call['function_name']).toLowerCase() : '';
    if (!TABLE_FUNCTIONS.has(name)) forbid(`table function ${name} is not allowed`);
  }
  if (kind !== 'BASE_TABLE') return;
  if (isNode(node['at_clause'])) forbid('a table at a version is not allowed');
  const name = text(node['table_name']);
  const qualified = text(node['schema_name']) !== '' || text(node['catalog_name']) !== '';
  // FROM 'file.csv' is a table named after the file
  if (qualified || !rules.tables.has(name.toLowerCase()))
    forbid('a table that is not one of the sources');
}

function collectCtes(value: unknown, names: Set<string>): void {
  if (Array.isArray(value)) for (const item of value) collectCtes(item, names);
  if (!isNode(value)) return;
  const map = isNode(value['cte_map']) ? value['cte_map']['map'] : undefined;
  if (Array.isArray(map)) for (const entry of map) if (isNode(entry)) names.add(text(entry['key']));
  for (const child of Object.values(value)) collectCtes(child, names);
}

function isMain(given: unknown, main: string): boolean {
  return given === '' || given === undefined || given === main;
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function forbid(why: string): never {
  throw new PlexusError('DATA_SQL_FORBIDDEN', `sql: ${why}`);
}
