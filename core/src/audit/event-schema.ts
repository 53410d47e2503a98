/**
 * The schema of leaves: the common fields of audit-log.md section 4 and, per type, those of section 5 (events/).
 *
 * Leaves to others: canonical bytes (leaf.ts), what may follow what (verify/).
 */
import type { EventShape, EventTable } from './events/event.js';
import { LOCAL_EVENTS } from './events/local.js';
import { LOG_EVENTS } from './events/log.js';
import { MODEL_EVENTS } from './events/model.js';
import { ROUND_EVENTS } from './events/round.js';
import { SITE_EVENTS } from './events/site.js';
import { STUDY_EVENTS } from './events/study.js';
import type { Json } from '../base/canonical-json.js';
import {
  checkObject,
  digest,
  integer,
  isObject,
  list,
  object,
  oneOf,
  optional,
  text,
  type Fields,
  type ShapeProblem,
} from './shape.js';

export const EVENTS: EventTable = {
  ...LOG_EVENTS,
  ...SITE_EVENTS,
  ...STUDY_EVENTS,
  ...ROUND_EVENTS,
  ...MODEL_EVENTS,
  ...LOCAL_EVENTS,
};

export function eventShape(type: string): EventShape | undefined {
  return Object.hasOwn(EVENTS, type) ? EVENTS[type] : undefined;
}

/** A site log names its hospital in its origin (section 2). */
export function isSiteLog(origin: string): boolean {
  return /\/site\/[^/]+$/.test(origin);
}

const envelope = object({
  payloadType: text('payloadType'),
  payload: text('payload'),
  signatures: list(object({ keyid: text('keyid'), sig: text('signature') }), 8),
});

/** Every member of a leaf but `data`, whose shape its type fixes. */
export const COMMON_FIELDS: Fields = {
  v: integer(1, 1),
  seq: integer(),
  log: text('origin'),
  time: text('time'),
  type: oneOf(...Object.keys(EVENTS)),
  action: oneOf('C', 'R', 'U', 'D', 'E'),
  outcome: oneOf('success', 'minor', 'serious', 'major'),
  code: optional(text('code')),
  actor: object({
    kind: oneOf('hospital', 'researcher', 'operator', 'auditor', 'coordinator', 'witness'),
    id: text('actor'),
    role: optional(text('id')),
    org: optional(text('id')),
    authn: text('id'),
    keyid: optional(text('keyid')),
  }),
  on_behalf_of: optional(text('actor')),
  purpose: optional(text('purpose')),
  source: object({
    system: text('id'),
    version: text('version'),
    build_sha256: digest,
    node: text('id'),
  }),
  study: optional(text('name')),
  round: optional(integer()),
  session: optional(digest),
  transition: object({ machine: text('id'), n: integer(), input: digest, state: digest }),
  entities: list(
    object({
      role: text('id'),
      sha256: digest,
      size: integer(),
      type: text('mediaType'),
      id: optional(text('id')),
    }),
    256,
  ),
  change: optional(list(object({ field: text('id'), old: digest, new: digest }), 64)),
  reason_sha256: optional(digest),
  signed: list(envelope, 64),
  links: list(
    object({
      rel: oneOf('offer', 'corrects', 'evidence', 'previous'),
      seq: integer(),
      leaf: text('hash'),
    }),
    64,
  ),
  salt: text('salt'),
};

/** The first way in which a value is not a leaf, or undefined. Total on peer input. */
export function checkLeaf(value: Json): ShapeProblem | undefined {
  if (!isObject(value)) return { code: 'A402', path: 'leaf', what: 'wrong type' };
  const { data, ...common } = value;
  const problem = checkObject(COMMON_FIELDS, common, '');
  if (problem !== undefined) return problem;
  if (data === undefined) return { code: 'A402', path: 'data', what: 'missing field' };
  const { type, log } = value;
  const event = typeof type === 'string' ? eventShape(type) : undefined;
  if (event === undefined) return { code: 'A402', path: 'type', what: 'wrong type' };
  if (value['action'] !== event.action) return { code: 'A402', path: 'action', what: 'wrong type' };
  const atSite = typeof log === 'string' && isSiteLog(log);
  if (event.siteOnly === true && !atSite)
    return { code: 'A402', path: 'type', what: 'unknown field' };
  for (const need of event.needs ?? [])
    if (value[need] === undefined) return { code: 'A402', path: need, what: 'missing field' };
  return checkObject(event.fields, data, 'data', atSite ? event.unknownAtSite : []);
}
