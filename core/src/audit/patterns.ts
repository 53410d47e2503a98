/**
 * What a string of a leaf may look like. Every string field names one of these; there is no free text (rules P1 and P3).
 *
 * The patterns are narrow on purpose: a name as people write it, a resident id, a record or telephone number, an e-mail address
 * or a birth date fits none of them. Source: audit-log.md section 4.
 */
import { isCanonicalDecimal } from '../base/decimal.js';
import { CATALOGUE } from '../base/error.js';
import { parseRfc3339 } from './time.js';

const NAME = '[a-z][a-z0-9]*(?:-[a-z0-9]+)*';
const ORIGIN = `[a-z0-9][a-z0-9-]*(?:\\.[a-z0-9-]+)*(?::\\d{1,5})?/plexus/${NAME}(?:/site/${NAME})?`;
const ID = /^[a-z][a-z0-9-]*(?:[./:][a-z0-9-]+)*$/;
const PERSON = /^person:[a-z2-7]{16}$/;
const LONG_NUMBER = /\d{7}/;
const hash = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/;

const named = new RegExp(`^${NAME}$`);
const origin = new RegExp(`^${ORIGIN}$`);
const keyName = '[a-z0-9][a-z0-9-]*(?:[./:][a-z0-9-]+)*';
const vkey = new RegExp(`^${keyName}\\+[0-9a-f]{8}\\+[A-Za-z0-9+/]{44}$`);
const noteLine = new RegExp(`^\u2014 ${keyName} [A-Za-z0-9+/]{88,200}={0,2}$`);

/** HL7 v3 PurposeOfUse codes that a study can have. */
const PURPOSES: readonly string[] = [
  'HRESCH',
  'BIORCH',
  'CLINTRCH',
  'CLINTRCHNPC',
  'CLINTRCHPC',
  'PRECLINTRCH',
  'DSRCH',
  'POARCH',
  'TRANSRCH',
  'HQUALIMP',
  'PUBHLTH',
  'TREAT',
];

function isId(text: string): boolean {
  return text.length <= 128 && (PERSON.test(text) || (ID.test(text) && !LONG_NUMBER.test(text)));
}

export type PatternName =
  | 'id'
  | 'name'
  | 'person'
  | 'actor'
  | 'version'
  | 'engine'
  | 'suite'
  | 'digest'
  | 'hash'
  | 'salt'
  | 'signature'
  | 'payload'
  | 'payloadType'
  | 'keyid'
  | 'mediaType'
  | 'decimal'
  | 'time'
  | 'origin'
  | 'vkey'
  | 'noteLine'
  | 'purpose'
  | 'code';

export const PATTERNS: Readonly<Record<PatternName, (text: string) => boolean>> = {
  id: isId,
  /** Study and hospital ids, as base/ids.ts makes them. */
  name: (text) => text.length <= 64 && named.test(text) && !LONG_NUMBER.test(text),
  person: (text) => PERSON.test(text),
  /** A person or a party: `hospital/h07`, `coordinator`, `person:…`. */
  actor: isId,
  version: (text) =>
    /^(?:0|[1-9]\d{0,2})(?:\.(?:0|[1-9]\d{0,2})){2}(?:-[a-z0-9.]{1,20})?$/.test(text),
  engine: (text) => /^[a-z][a-z0-9-]{0,31}\/\d{1,3}(?:\.\d{1,3}){2}$/.test(text),
  suite: (text) => /^SA\d\.\d$/.test(text),
  digest: (text) => /^[0-9a-f]{64}$/.test(text),
  /** A Merkle hash: base64 of 32 bytes, unused bits zero. */
  hash: (text) => hash.test(text),
  salt: (text) => /^[A-Za-z0-9_-]{21}[AQgw]$/.test(text),
  signature: (text) => /^[A-Za-z0-9+/]{85}[AQgw]==$/.test(text),
  /** Long enough that no number or name of a person is one by accident. */
  payload: (text) =>
    /^(?:[A-Za-z0-9+/]{4}){7,}(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$/.test(
      text,
    ),
  payloadType: (text) =>
    /^application\/vnd\.plexus(?:\.[a-z][a-z0-9-]{0,31}){1,3}(?:\+json)?$/.test(text),
  /** A hint, never trusted: the public key in base64, its SHA-256 in hex, or the id of its owner. */
  keyid: (text) => hash.test(text) || /^[0-9a-f]{64}$/.test(text) || isId(text),
  mediaType: (text) => isId(text.endsWith('+json') ? text.slice(0, -5) : text),
  /** At most six digits before the point: longer sums enter as integers, longer strings could be record numbers. */
  decimal: (text) => isCanonicalDecimal(text) && /^-?\d{1,6}(?:\.\d{1,40})?$/.test(text),
  time: (text) => parseRfc3339(text) !== undefined,
  origin: (text) => text.length <= 200 && origin.test(text) && !LONG_NUMBER.test(text),
  vkey: (text) =>
    text.length <= 300 && vkey.test(text) && !LONG_NUMBER.test(text.split('+', 1)[0] ?? ''),
  noteLine: (text) => text.length <= 400 && noteLine.test(text),
  purpose: (text) => PURPOSES.includes(text),
  code: (text) => Object.hasOwn(CATALOGUE, text),
};
