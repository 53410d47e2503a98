/**
 * What an auditor reads of a study's manifest: who is in the roster with which key, and how many must survive.
 *
 * Source: secure-aggregation.md section 3; audit-log.md section 12 (`trust/manifests/`). The file's name is its SHA-256, and a leaf names
 * that. Leaves to others: whether the study made sense.
 */
import { hex, type Bytes } from '../../base/bytes.js';
import { parseCanonical, type Json } from '../../base/canonical-json.js';
import type { Suite } from '../../base/suite.js';
import { PATTERNS } from '../patterns.js';
import { isObject } from '../shape.js';
import type { BundleReader } from './files.js';
import { publicKeyOf } from './keys.js';

export interface AuditedManifest {
  /** Hex; its name. */
  readonly sha256: string;
  readonly study: string;
  /** The log's verifier key, as the hospitals approved it. */
  readonly logKey: string;
  /** Kinds of its tasks. */
  readonly tasks: readonly string[];
  readonly cAbs: number;
  readonly minSurvivors: number;
  readonly members: ReadonlyMap<
    number,
    { readonly hospital: string; readonly identityKey: string }
  >;
}

/** Undefined where the file is absent, is not the document of that digest, or is no manifest. */
export function readManifest(
  suite: Suite,
  reader: BundleReader,
  sha256: string,
): AuditedManifest | undefined {
  const bytes = reader.read(`trust/manifests/${sha256}.json`);
  if (bytes === undefined || hex(suite.sha256(bytes)) !== sha256) return undefined;
  return parse(sha256, bytes);
}

function parse(sha256: string, bytes: Bytes): AuditedManifest | undefined {
  let value: Json;
  try {
    value = parseCanonical(bytes);
  } catch {
    return undefined; // peer-controlled: no canonical JSON
  }
  if (!isObject(value)) return undefined;
  const { study, log, tasks, roster, secagg } = value;
  if (typeof study !== 'string' || !isObject(secagg) || !isObject(log)) return undefined;
  const { vkey } = log;
  if (typeof vkey !== 'string' || !isList(roster) || !isList(tasks)) return undefined;
  const kinds = tasks.map((task) => (isObject(task) ? task['kind'] : undefined));
  const members = new Map<number, { hospital: string; identityKey: string }>();
  for (const member of roster) {
    if (!isObject(member)) return undefined;
    const { index, hospital, identityKey } = member;
    if (
      typeof index !== 'number' ||
      typeof hospital !== 'string' ||
      !PATTERNS.name(hospital) || // it stands in findings
      typeof identityKey !== 'string'
    )
      return undefined;
    if (publicKeyOf(identityKey) === undefined || members.has(index)) return undefined;
    members.set(index, { hospital, identityKey });
  }
  const { cAbs, minSurvivors } = secagg;
  if (typeof cAbs !== 'number' || typeof minSurvivors !== 'number') return undefined;
  const named = kinds.filter((kind) => typeof kind === 'string');
  return { sha256, study, logKey: vkey, tasks: named, cAbs, minSurvivors, members };
}

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}
