/**
 * Reads a manifest that somebody signed or sent: canonical bytes in, a Manifest out, or every problem with its path.
 *
 * Strict: unknown fields are refused, and the data section must already be in its one spelling, so that equal studies have equal digests.
 * Source: secure-aggregation.md section 3. Leaves to others: model, tasks and secagg as values (task/study-check.ts).
 */
import { hex, type Bytes } from '../base/bytes.js';
import {
  canonicalBytes,
  canonicalJson,
  parseCanonical,
  type Json,
} from '../base/canonical-json.js';
import { PlexusError } from '../base/error.js';
import { isFields, isList } from '../base/fields.js';
import { hospitalId, studyId, type Digest, digest } from '../base/ids.js';
import type { Suite } from '../base/suite.js';
import { parseDataSchema } from '../data-schema/parse.js';
import type { Manifest, RosterMember } from './manifest.js';
import { describe, join, ProblemList } from './problem.js';

/** HL7 v3 PurposeOfUse codes that a study may have: research and quality, never treatment, payment or marketing. */
export const PURPOSES = [
  'HRESCH',
  'BIORCH',
  'CLINTRCH',
  'DSRCH',
  'POARCH',
  'PRECLINTRCH',
  'TRANSRCH',
  'HOUTCOMS',
  'HQUALIMP',
  'PATSFTY',
  'PUBHLTH',
] as const;

/** One line of 1 to 200 characters. */
export const TITLE: RegExp = /^[^\p{Cc}\p{Zl}\p{Zp}\p{Surrogate}]{1,200}$/u;
/** 32 bytes in hex. */
export const SEED: RegExp = /^[0-9a-f]{64}$/;
/** C2SP origins have neither white space nor plus. */
const ORIGIN = /^[^\s+\p{Cc}]{1,200}$/u;
const VKEY = /^[^\s+\p{Cc}]{1,200}\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}$/u;
/** 32 bytes in strict base64: the last character before the padding has its two low bits zero. */
export const PUBLIC_KEY: RegExp = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/;
const MANIFEST_KEYS = [
  'v',
  'study',
  'title',
  'purpose',
  'data',
  'model',
  'tasks',
  'secagg',
  'privacy',
  'seed',
  'roster',
  'log',
];

/**
 * Parses the canonical bytes of a manifest.
 *
 * Errors   peer/ENCODING_INVALID if they are not canonical JSON; operator/MANIFEST_INVALID, naming every field that is wrong.
 */
export function parseManifest(bytes: Bytes): Manifest {
  const list = new ProblemList('MANIFEST_INVALID');
  const manifest = readManifest(list, parseCanonical(bytes));
  if (manifest === undefined || list.found.length > 0)
    throw new PlexusError('MANIFEST_INVALID', `manifest: ${describe(list.found)}`);
  return manifest;
}

/** The bytes that are approved, sent and hashed. */
export function manifestBytes(manifest: Manifest): Bytes {
  return canonicalBytes(asJson(manifest));
}

/** SHA-256 of the canonical bytes: what each agent pins. */
export function manifestDigest(suite: Suite, manifest: Manifest): Digest {
  return digest(hex(suite.sha256(manifestBytes(manifest))));
}

function readManifest(list: ProblemList, value: Json): Manifest | undefined {
  const fields = list.fields(value, '', MANIFEST_KEYS);
  if (fields === undefined) return undefined;
  if (fields['v'] !== 1) list.note('v', 'expected 1');
  const study = list.id(fields['study'], 'study', studyId);
  const title = list.text(fields['title'], 'title', TITLE, 'one line of 1 to 200 characters');
  const purpose = list.oneOf(fields['purpose'], 'purpose', PURPOSES);
  const data = readData(list, fields['data']);
  const model = readJson(list, fields['model'], 'model');
  const tasks = list.list(fields['tasks'], 'tasks')?.map((task, i) => {
    return readJson(list, task, `tasks[${String(i)}]`);
  });
  const secagg = readJson(list, fields['secagg'], 'secagg');
  const privacy = list.fields(fields['privacy'], 'privacy', ['mode']);
  const mode = privacy && list.oneOf(privacy['mode'], 'privacy.mode', ['none'] as const);
  const seed = list.text(fields['seed'], 'seed', SEED, '64 lower-case hex digits');
  const roster = readRoster(list, fields['roster']);
  const log = list.fields(fields['log'], 'log', ['origin', 'vkey']);
  const origin = log && list.text(log['origin'], 'log.origin', ORIGIN, 'a log origin');
  const vkey = log && list.text(log['vkey'], 'log.vkey', VKEY, 'a verifier key of that origin');
  if (origin !== undefined && vkey?.startsWith(`${origin}+`) === false)
    list.note('log.vkey', 'expected the key name to be the origin');
  if (!study || !title || !purpose || !data || !mode || !seed || !roster) return undefined;
  if (!origin || !vkey || model === undefined || secagg === undefined) return undefined;
  const known = tasks?.filter((task) => task !== undefined);
  if (known === undefined || known.length !== tasks?.length) return undefined;
  return {
    v: 1,
    study,
    title,
    purpose,
    data,
    model,
    tasks: known,
    secagg,
    privacy: { mode },
    seed,
    roster,
    log: { origin, vkey },
  };
}

function readData(list: ProblemList, value: unknown): Manifest['data'] | undefined {
  const parsed = parseDataSchema(value, 'data');
  if (parsed.kind === 'refused') {
    for (const { path, code, text } of parsed.problems) list.note(path, text, code);
    return undefined;
  }
  if (canonicalJson(asJson(parsed.schema)) === canonicalJson(asJson(value))) return parsed.schema;
  list.note('data', 'expected the one spelling: decimals as canonical text, no default left out');
  return undefined;
}

/** A mapping of JSON; its members are read by task/. */
function readJson(list: ProblemList, value: unknown, path: string): Json | undefined {
  return list.fields(value, path, Object.keys(value ?? {})) && asJson(value);
}

/**
 * The hospitals in the order of their indexes. A key has one role and one owner: who could sign as two hospitals would be two of cAbs + 1.
 */
export function readRoster(list: ProblemList, value: unknown): readonly RosterMember[] | undefined {
  const members = list.list(value, 'roster')?.map((item, i): RosterMember | undefined => {
    const path = `roster[${String(i)}]`;
    const fields = list.fields(item, path, ['index', 'hospital', 'identityKey', 'cosignerKey']);
    if (fields === undefined) return undefined;
    const index = list.integer(fields['index'], join(path, 'index'), 1, 65_535);
    const hospital = list.id(fields['hospital'], join(path, 'hospital'), hospitalId);
    const identityKey = readKey(list, fields['identityKey'], join(path, 'identityKey'));
    const cosignerKey = readKey(list, fields['cosignerKey'], join(path, 'cosignerKey'));
    if (!index || !hospital || !identityKey || !cosignerKey) return undefined;
    return { index, hospital, identityKey, cosignerKey };
  });
  const roster = members?.filter((member) => member !== undefined);
  if (roster === undefined || roster.length !== members?.length) return undefined;
  if (roster.length < 3) list.note('roster', 'expected three or more hospitals');
  const hospitals = new Set<string>();
  const keys = new Set<string>();
  roster.forEach(({ index, hospital, identityKey, cosignerKey }, i) => {
    const path = `roster[${String(i)}]`;
    if (index <= (roster[i - 1]?.index ?? 0))
      list.note(join(path, 'index'), 'expected more than the index before it');
    if (hospitals.has(hospital))
      list.note(join(path, 'hospital'), 'expected a hospital named once');
    if (keys.has(identityKey)) list.note(join(path, 'identityKey'), 'expected a key used once');
    keys.add(identityKey);
    if (keys.has(cosignerKey)) list.note(join(path, 'cosignerKey'), 'expected a key used once');
    keys.add(cosignerKey);
    hospitals.add(hospital);
  });
  return roster;
}

/** That the point is a strict Ed25519 key is checked where it verifies something. */
function readKey(list: ProblemList, value: unknown, path: string): string | undefined {
  return list.text(value, path, PUBLIC_KEY, 'an Ed25519 public key: 32 bytes in base64');
}

/** A value of the JSON kinds, as such. Errors: bug/CANONICAL_JSON if something else is in it. */
export function asJson(value: unknown): Json {
  if (isJson(value)) return value;
  throw new PlexusError('CANONICAL_JSON', `expected JSON, got ${typeof value}`);
}

function isJson(value: unknown): value is Json {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return true;
  if (isList(value)) return value.every(isJson);
  return isFields(value) && Object.values(value).every((v) => v === undefined || isJson(v));
}
