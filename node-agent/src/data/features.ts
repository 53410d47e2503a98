/**
 * From a hospital's sources to the columns of a study: load, lock, select, check, and say on which side each patient lies.
 *
 * All or nothing: the engine lives in memory for this call, and rows leave it only as typed arrays. Patients come in the order of
 * their ids, so that the same files give the same training order on any machine and after a new enrolment.
 * Source: data.md sections 1, 3, 5 and 7. Leaves to others: each step (csv.ts, duckdb.ts, patient-key.ts, split.ts, core's checks).
 */
import {
  type Bytes,
  checkColumns,
  type CheckedColumns,
  checkPatients,
  type DataSchema,
  type Dataset,
  EncWriter,
  type Feature,
  type Finding,
  hex,
  type Level,
  PlexusError,
  schemaFields,
  shownCount,
  stricterProfile,
  type Suite,
  type SuppressionProfile,
} from '@plexus/core';
import { loadCsv } from './csv.js';
import {
  quoteName,
  quoteText,
  withEngine,
  type ColumnType,
  type EngineLimits,
  type LoadingEngine,
  type LockedEngine,
} from './duckdb.js';
import {
  approvalDigests,
  checkMapping,
  isApproved,
  type ApprovalDigests,
  type Mapping,
} from './mapping.js';
import { canonicalId, dataKeys, pseudonym } from './patient-key.js';
import type { Sources } from './sources.js';
import { HELD_OUT, publishedSides, sideOf } from './split.js';

export interface DataPolicy {
  /** The hospital's own limit on levels. */
  readonly maxLevel: Level;
  readonly suppression: SuppressionProfile;
  /** Share of held-out patients; one per hospital, permanent over all studies. */
  readonly heldOutFraction: number;
  /** Names the id system of this hospital, such as `pid`. */
  readonly namespace: string;
}

export interface DataRequest {
  readonly study: string;
  readonly schema: DataSchema;
  readonly mapping: Mapping;
  readonly sources: Sources;
  /** What the steward signed; undefined before the first approval. */
  readonly approved: ApprovalDigests | undefined;
  readonly policy: DataPolicy;
  readonly limits: EngineLimits;
  /** The hospital data key. Secret. */
  readonly hospitalKey: Bytes | undefined;
}

/** Everything that was found on the way, problems included; what a report is made of. Secret: `patients` and `checked` hold rows. */
export interface LoadedFeatures {
  readonly profile: SuppressionProfile;
  readonly problems: readonly Finding[];
  readonly rowCounts: ReadonlyMap<string, number>;
  readonly viewRowCount: number;
  readonly checked: CheckedColumns | undefined;
  readonly patients: readonly Bytes[];
  readonly patientOf: Uint32Array;
  readonly held: Uint8Array;
  readonly publishedSplit: boolean;
}

/**
 * The rows a study may compute on.
 *
 * Errors   the codes of data.md section 8; with several problems the first gives the code and the message counts the others.
 * Secret   the result is rows and stays in memory (I9).
 */
export async function loadDataset(suite: Suite, request: DataRequest): Promise<Dataset> {
  const digests = approvalDigests(suite, request.schema, request.mapping, request.sources);
  if (!isApproved(request.approved, digests))
    throw new PlexusError(
      'DATA_MAPPING_NOT_APPROVED',
      `${request.study}: schema, mapping or source config is not what a steward approved`,
    );
  const loaded = await loadFeatures(suite, request);
  const [first, ...others] = loaded.problems;
  if (first !== undefined) {
    const more = others.length === 0 ? '' : ` (and ${String(others.length)} more)`;
    throw new PlexusError(first.code, `${request.study}: ${first.text}${more}`);
  }
  const columns = loaded.checked?.values ?? [];
  const { patientOf, held, patients } = loaded;
  return { columns, patientOf, held, patients, digest: digestOf(suite, columns, patientOf, held) };
}

/**
 * Runs the whole path and gathers problems; what cannot be read at all throws.
 *
 * Errors   those of sources, SQL, memory and deadline, and HOSPITAL_KEY_MISSING.
 */
export async function loadFeatures(suite: Suite, request: DataRequest): Promise<LoadedFeatures> {
  const { schema, mapping, policy } = request;
  const keys = dataKeys(suite, request.hospitalKey);
  const open = isOpen(request);
  const profile = appliedProfile(request);
  const problems: Finding[] = [...checkMapping(schema, mapping, policy.maxLevel)];
  return withEngine(request.limits, async (engine) => {
    const rowCounts = await stage(engine, request);
    const locked = await engine.lock();
    const types = await locked.createFeatures(mapping.sql, mapping.sources, 'mapping');
    const shape = checkShape(schema, types);
    problems.push(...shape);
    const none = { patients: [], patientOf: new Uint32Array(0), held: new Uint8Array(0) };
    const publishedSplit = types.some((type) => type.name === 'split');
    if (shape.length > 0)
      return {
        profile,
        problems,
        rowCounts,
        viewRowCount: 0,
        checked: undefined,
        publishedSplit,
        ...none,
      };
    const view = await readView(locked, schema, publishedSplit);
    if (view.ids.length === 0) throw new PlexusError('DATA_EMPTY', 'mapping: the view has no rows');
    problems.push(...checkPatientIds(view.ids, profile));
    const checked = checkColumns(schema, view.columns, view.infinite, profile);
    problems.push(...checked.problems);
    // no consent is deny, and without a consent source nobody has given one
    const usable = schema.consent.mode === 'opt-in' ? [] : Array.from(checked.rows);
    const patients = usable.map((row) =>
      pseudonym(suite, keys, policy.namespace, view.ids[row] ?? ''),
    );
    problems.push(...checkPatients(patients.length, profile));
    const held = publishedSplit
      ? publishedSides(
          usable.map((row) => view.splits[row]),
          open,
          profile,
        )
      : Uint8Array.from(patients, (key) => sideOf(suite, keys, key, policy.heldOutFraction));
    return {
      profile,
      problems,
      rowCounts,
      viewRowCount: view.ids.length,
      checked,
      patients,
      patientOf: Uint32Array.from(patients.keys()), // unit: patient — one row each
      held,
      publishedSplit,
    };
  });
}

/** `open` asks for open sources; on others the least profile is `standard`. */
export function appliedProfile(request: DataRequest): SuppressionProfile {
  const agreed = stricterProfile(request.schema.suppression, request.policy.suppression);
  return isOpen(request) ? agreed : stricterProfile(agreed, 'standard');
}

function isOpen({ mapping, sources }: DataRequest): boolean {
  return mapping.sources.every((name) => sources.get(name)?.open === true);
}

async function stage(
  engine: LoadingEngine,
  request: DataRequest,
): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  for (const name of request.mapping.sources) {
    const source = request.sources.get(name);
    if (source === undefined)
      throw new PlexusError('DATA_CONFIG_INVALID', `mapping.source: ${name} is not configured`);
    counts.set(name, (await loadCsv(engine, name, source)).rowCount);
  }
  return counts;
}

const NUMBERS = /^(U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|FLOAT|DOUBLE|DECIMAL\(.*\))$/;

/** The view must have exactly the schema's columns, each of a type that can hold them. */
function checkShape(schema: DataSchema, types: readonly ColumnType[]): readonly Finding[] {
  const fields = schemaFields(schema);
  const problems: Finding[] = [];
  const expect = (name: string, what: string, accepts: (type: string) => boolean): void => {
    const column = types.find((type) => type.name === name);
    if (column === undefined)
      problems.push({ code: 'DATA_COLUMN_MISSING', text: `column ${name}: the SELECT lacks it` });
    else if (!accepts(column.type))
      problems.push({
        code: 'DATA_COLUMN_TYPE',
        text: `column ${name}: expected ${what}, got ${kindOfType(column.type)}`,
      });
  };
  expect('patient', 'a text or a whole number', (type) => type === 'VARCHAR' || /INT/.test(type));
  for (const field of fields)
    if (field.type === 'category') expect(field.name, 'a text', (type) => type === 'VARCHAR');
    else if (field.type === 'binary')
      expect(field.name, 'true and false', (type) => type === 'BOOLEAN' || NUMBERS.test(type));
    else expect(field.name, 'a number', (type) => NUMBERS.test(type));
  if (types.some((type) => type.name === 'split'))
    expect('split', 'a text', (type) => type === 'VARCHAR');
  const allowed = new Set(['patient', 'split', ...fields.map((field) => field.name)]);
  for (const { name } of types)
    if (!allowed.has(name))
      problems.push({
        code: 'DATA_COLUMN_UNEXPECTED',
        text: `column ${name}: the study does not name it`,
      });
  return problems;
}

function kindOfType(type: string): string {
  return type === 'VARCHAR' ? 'text' : NUMBERS.test(type) ? 'a number' : type.toLowerCase();
}

interface ViewRows {
  /** Canonical ids in order; empty where the view had none. Secret. */
  readonly ids: readonly string[];
  readonly splits: readonly (string | undefined)[];
  readonly columns: readonly Float64Array[];
  readonly infinite: readonly number[];
}

async function readView(
  engine: LockedEngine,
  schema: DataSchema,
  withSplit: boolean,
): Promise<ViewRows> {
  const fields = schemaFields(schema);
  const select = [
    'CAST(patient AS VARCHAR)',
    withSplit ? 'split' : 'NULL',
    ...fields.map(numericColumn),
  ].join(', ');
  const ids: string[] = [];
  const splits: (string | undefined)[] = [];
  const read: number[][] = fields.map(() => []);
  const infinite = fields.map(() => 0);
  // one thread and a stable sort below: rows of equal ids keep the order of the file
  await engine.stream(
    `SELECT ${select} FROM features`,
    'mapping',
    ([patient, split, ...values]) => {
      for (const id of patient ?? []) ids.push(typeof id === 'string' ? canonicalId(id) : '');
      for (const word of split ?? []) splits.push(typeof word === 'string' ? word : undefined);
      values.forEach((column, i) => {
        for (const value of column) {
          const number = typeof value === 'number' ? value : NaN;
          if (value !== null && !Number.isFinite(number)) infinite[i] = (infinite[i] ?? 0) + 1;
          read[i]?.push(Number.isFinite(number) ? number : NaN);
        }
      });
    },
  );
  const order = Array.from(ids.keys()).sort((a, b) => compareIds(ids[a] ?? '', ids[b] ?? ''));
  return {
    ids: order.map((row) => ids[row] ?? ''),
    splits: order.map((row) => splits[row]),
    columns: read.map((column) => Float64Array.from(order, (row) => column[row] ?? NaN)),
    infinite,
  };
}

/** Categories leave the engine as the index of the declared value, −1 for any other: their texts never reach the agent. */
function numericColumn(field: Feature): string {
  const name = quoteName(field.name);
  if (field.type !== 'category') return `CAST(${name} AS DOUBLE)`;
  const cases = field.values.map((value, i) => `WHEN ${quoteText(value)} THEN ${String(i)}`);
  return `CAST(CASE WHEN ${name} IS NULL THEN NULL ELSE CASE ${name} ${cases.join(' ')} ELSE -1 END END AS DOUBLE)`;
}

/** By UTF-16 code unit: no locale, the same on every machine. */
function compareIds(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function checkPatientIds(ids: readonly string[], profile: SuppressionProfile): readonly Finding[] {
  const without = ids.filter((id) => id === '').length;
  const present = ids.filter((id) => id !== '');
  const repeated = present.length - new Set(present).size;
  const problems: Finding[] = [];
  if (without > 0)
    problems.push({
      code: 'DATA_PATIENT_KEY_MISSING',
      text: `column patient: ${shownCount(without, profile)} rows have no key`,
    });
  if (repeated > 0)
    problems.push({
      code: 'DATA_PATIENT_REPEATED',
      text: `column patient: ${shownCount(repeated, profile)} rows repeat a patient, and the study allows one each`,
    });
  return problems;
}

/** Names the rows for the hospital's own books; salt it before it leaves (I9). */
function digestOf(
  suite: Suite,
  columns: readonly Float64Array[],
  patientOf: Uint32Array,
  held: Uint8Array,
): string {
  const writer = new EncWriter()
    .text('plexus/data/dataset')
    .list(columns, (w, column) => w.bytes(littleEndian(column)))
    .list(Array.from(patientOf), (w, patient) => w.u32(patient))
    .bytes(held);
  return hex(suite.sha256(writer.done()));
}

function littleEndian(column: Float64Array): Bytes {
  const view = new DataView(new ArrayBuffer(column.length * 8));
  column.forEach((x, i) => {
    view.setFloat64(8 * i, x, true);
  });
  return new Uint8Array(view.buffer);
}

/** How many patients lie on each side. */
export function sideCounts(held: Uint8Array): {
  readonly training: number;
  readonly heldOut: number;
} {
  const heldOut = held.reduce((count, side) => count + (side === HELD_OUT ? 1 : 0), 0);
  return { training: held.length - heldOut, heldOut };
}
