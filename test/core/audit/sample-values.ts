/** A value of every shape and pattern, from which a fixture of each event is built, and the paths of its strings. */
import type { Json, JsonObject } from '../../../core/src/base/canonical-json.ts';
import type { LeafDraft } from '../../../core/src/base/machine.ts';
import { COMMON_FIELDS, EVENTS, eventShape } from '../../../core/src/audit/event-schema.ts';
import type { LeafStamp } from '../../../core/src/audit/leaf.ts';
import type { PatternName } from '../../../core/src/audit/patterns.ts';
import { fieldOf, type Fields, type Shape } from '../../../core/src/audit/shape.ts';

const HASH = 'pT0+/vvZwN4kZ1bJ5n8eQ3m0x7yWc2hUoVtLr6aKsgA=';

export const SAMPLES: Readonly<Record<PatternName, string>> = {
  id: 'model/heart-07.v1',
  name: 'heart-07',
  person: 'person:abcdefgh234567ab',
  actor: 'hospital/h07',
  version: '1.20.3',
  engine: 'wasm/4.22.0',
  suite: 'SA1.1',
  digest: '9c'.repeat(32),
  hash: HASH,
  salt: 'Zm9vYmFyYmF6cXV4MTIzNA',
  signature: `${'Ab+/'.repeat(21)}Ag==`,
  payload: 'eyJ2IjoxLCJraW5kIjoia2V5IiwiZm9vIjoiYmFyIn0=',
  payloadType: 'application/vnd.plexus.key.v1+json',
  keyid: '5b'.repeat(32),
  mediaType: 'application/vnd.plexus.model+json',
  decimal: '0.79123456789',
  time: '2026-03-02T10:15:04.120Z',
  origin: 'coord.example.org/plexus/onco',
  vkey: `hospital/h07+530d903a+${HASH.slice(0, 43)}A`,
  noteLine: `\u2014 cosigner/h07 ${'Ab+/'.repeat(26)}`,
  purpose: 'HRESCH',
  code: 'LEAF_INVALID',
};

export function sampleOf(shape: Shape): Json {
  switch (shape.kind) {
    case 'text':
      return SAMPLES[shape.pattern];
    case 'enum':
      return shape.values[0] ?? '';
    case 'integer':
      return Math.max(shape.least, Math.min(7, shape.most));
    case 'boolean':
    case 'true':
      return true;
    case 'list':
      return [sampleOf(shape.of)];
    case 'members':
      return [1, 2, 7];
    case 'object':
      return sampleObject(shape.fields);
    case 'map':
      return { auc: sampleOf(shape.of) };
  }
}

function sampleObject(fields: Fields): JsonObject {
  return Object.fromEntries(
    Object.entries(fields).map(([key, entry]) => [key, sampleOf(fieldOf(entry).shape)]),
  );
}

export const TYPES: readonly string[] = Object.keys(EVENTS);

/** A leaf of the type with every field present, optional ones too. */
export function sampleLeaf(type: string): JsonObject {
  const event = eventShape(type);
  if (event === undefined) throw new Error(`${type}: expected a known event`);
  return {
    ...sampleObject(COMMON_FIELDS),
    type,
    action: event.action,
    log: event.siteOnly === true ? `${SAMPLES.origin}/site/h07` : SAMPLES.origin,
    data: sampleObject(event.fields),
  };
}

/** The path of every string inside a value. */
export function stringPaths(
  value: Json,
  at: readonly string[] = [],
): readonly (readonly string[])[] {
  if (typeof value === 'string') return [at];
  if (typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, member]) =>
    member === undefined ? [] : stringPaths(member, [...at, key]),
  );
}

/** The value with another one at the path. */
export function changed(value: Json, [first, ...rest]: readonly string[], to: Json): Json {
  if (first === undefined) return to;
  if (Array.isArray(value))
    return value.map((item: Json, i) => (String(i) === first ? changed(item, rest, to) : item));
  const object = value as JsonObject;
  return { ...object, [first]: changed(object[first] ?? '', rest, to) };
}

export const STAMP: LeafStamp = {
  seq: 0,
  log: SAMPLES.origin,
  time: SAMPLES.time,
  salt: SAMPLES.salt,
  source: {
    system: 'plexus-coordinator',
    version: '0.1.0',
    build_sha256: SAMPLES.digest,
    node: 'c1',
  },
  transition: { machine: 'study/heart-07', n: 0, input: SAMPLES.digest, state: SAMPLES.digest },
};

export const DRAFT: LeafDraft = {
  type: 'study.activated',
  action: 'U',
  outcome: 'success',
  actor: { kind: 'coordinator', id: 'coordinator', authn: 'local' },
  study: 'heart-07',
  data: { manifest_sha256: SAMPLES.digest },
};
