/**
 * One study's data at this hospital: the files its people wrote for it, checked for an approval or loaded for a round.
 *
 * Everything is read anew each time, so a withdrawn patient or a changed mapping counts from the next round on (data.md section 5).
 * Source: data.md sections 1, 3 and 6. Leaves to others: each step (features.ts, check.ts), who signs the digests (app/mapping-approval.ts).
 */
import { dirname, isAbsolute, join } from 'node:path';
import {
  disclosureRule,
  fromHex,
  hex,
  type Bytes,
  type DataSchema,
  type Dataset,
  type LocalRows,
  type Suite,
} from '@plexus/core';
import { checkData, type DataReport } from './check.js';
import {
  appliedProfile,
  loadDataset,
  sideCounts,
  type DataPolicy,
  type DataRequest,
} from './features.js';
import { approvalDigests, readMapping, type ApprovalDigests } from './mapping.js';
import { parseSources, type Sources } from './sources.js';
import { HELD_OUT } from './split.js';
import type { EngineLimits } from './duckdb.js';

export interface StudyDataOptions {
  readonly suite: Suite;
  readonly sourcesFile: string;
  /** The content of that file as plain values. */
  readonly readSources: (path: string) => unknown;
  /** Holds `<study>.yaml`. */
  readonly mappingsFolder: string;
  readonly policy: DataPolicy;
  readonly limits: EngineLimits;
  /** Secret. */
  readonly hospitalKey: Bytes;
}

export interface LoadedRows {
  /** Secret (I9). */
  readonly rows: LocalRows;
  /** Digest of the rows under the hospital data key, hex: nobody without the key can tell from it who was in them. */
  readonly cohort: string;
  /** Of the mapping file, hex. */
  readonly mapping: string;
}

/** The pre-flight, and the digests that a steward signs if it is ready. Errors: those of reading sources and mapping. */
export async function checkStudyData(
  options: StudyDataOptions,
  study: string,
  schema: DataSchema,
): Promise<{ readonly report: DataReport; readonly digests: ApprovalDigests }> {
  const request = await requestOf(options, study, schema, undefined);
  const { mapping, sources } = request;
  const digests = approvalDigests(options.suite, schema, mapping, sources);
  // what is checked now is what will be signed: the report must not complain that nobody has signed it yet
  const checked = await checkData(options.suite, { ...request, approved: digests });
  const lines = checked.lines.map((line) =>
    line.subject === 'mapping' ? { ...line, text: 'to be signed with the approval' } : line,
  );
  return { report: { ...checked, lines }, digests };
}

/** The rows of a round. Errors: the codes of loadDataset, operator/DATA_MAPPING_NOT_APPROVED among them. */
export async function loadStudyRows(
  options: StudyDataOptions,
  study: string,
  schema: DataSchema,
  approved: ApprovalDigests | undefined,
): Promise<LoadedRows> {
  const request = await requestOf(options, study, schema, approved);
  const dataset = await loadDataset(options.suite, request);
  const { cell } = disclosureRule(appliedProfile(request));
  const rows = sides(dataset, cell);
  const cohort = hex(options.suite.hmacSha256(options.hospitalKey, fromHex(dataset.digest)));
  return { rows, cohort, mapping: request.mapping.digest };
}

/** Fewer than k held-out patients are left out: such a hospital trains and adds zeros to the metrics (data.md section 6). */
function sides(dataset: Dataset, cell: number): LocalRows {
  const { columns, patientOf, held } = dataset;
  const isHeld = (row: number): boolean => held[patientOf[row] ?? 0] === HELD_OUT;
  const side = (wanted: boolean): readonly Float64Array[] =>
    columns.map((column) => column.filter((_, row) => isHeld(row) === wanted));
  const enough = sideCounts(held).heldOut >= cell;
  const heldOut = enough ? side(true) : columns.map(() => new Float64Array(0));
  return { training: side(false), heldOut };
}

async function requestOf(
  options: StudyDataOptions,
  study: string,
  schema: DataSchema,
  approved: ApprovalDigests | undefined,
): Promise<DataRequest> {
  const { suite, sourcesFile, mappingsFolder, policy, limits, hospitalKey } = options;
  const sources = besideFile(parseSources(options.readSources(sourcesFile)), sourcesFile);
  const mapping = await readMapping(suite, join(mappingsFolder, `${study}.yaml`));
  return { study, schema, mapping, sources, approved, policy, limits, hospitalKey };
}

function besideFile(sources: Sources, file: string): Sources {
  return new Map(
    [...sources].map(([name, source]) => {
      const path = isAbsolute(source.path) ? source.path : join(dirname(file), source.path);
      return [name, { ...source, path }] as const;
    }),
  );
}
