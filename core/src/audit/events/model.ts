/** Events of models, of exports and reviews, and of corrections. Source: audit-log.md section 5. */
import { digest, integer, list, mapOf, object, oneOf, optional, text } from '../shape.js';
import type { EventTable } from './event.js';

const range = object({ from: integer(), to: integer() });
const metrics = mapOf(text('decimal'));

export const MODEL_EVENTS: EventTable = {
  'evaluation.recorded': {
    action: 'C',
    needs: ['study'],
    fields: {
      model_sha256: digest,
      datasets_sha256: digest,
      metrics,
      subgroup: optional(text('id')),
    },
  },
  'model.released': {
    action: 'C',
    needs: ['study'],
    fields: {
      model_sha256: digest,
      /** Seq of the `round.aggregated` leaf whose model_out this is. */
      round_leaf: integer(),
      intended_use_sha256: optional(digest),
      version: optional(text('version')),
      registration: optional(text('id')),
      approver: optional(text('person')),
    },
  },
  'model.withdrawn': { action: 'D', needs: ['study'], fields: { model_sha256: digest } },
  'model.fetched': {
    action: 'R',
    needs: ['study'],
    fields: { model_sha256: digest, round_leaf: optional(integer()) },
  },
  'export.performed': {
    action: 'R',
    fields: {
      profile: oneOf('log', 'full'),
      range,
      recipient: optional(text('actor')),
      purpose: optional(text('purpose')),
    },
  },
  'log.reviewed': {
    action: 'R',
    fields: { range, findings_sha256: digest, result: oneOf('pass', 'fail', 'incomplete') },
  },
  'audit.performed': {
    action: 'R',
    signed: true,
    fields: { range, findings_sha256: digest, result: oneOf('pass', 'fail', 'incomplete') },
  },
  'incident.recorded': {
    action: 'C',
    fields: {
      class: text('id'),
      time: text('time'),
      ranges: list(range, 64),
      report_sha256: optional(digest),
    },
  },
  'incident.notified': {
    action: 'C',
    fields: {
      class: text('id'),
      time: text('time'),
      ranges: list(range, 64),
      authority: text('id'),
    },
  },
  'record.corrected': {
    action: 'U',
    fields: { old_sha256: digest, new_sha256: digest, approver: optional(text('person')) },
  },
  'blob.expired': {
    action: 'D',
    fields: { sha256: digest, rule: text('id'), approver: optional(text('person')) },
  },
  'identity.erased': {
    action: 'D',
    fields: { person: text('person'), rule: text('id'), approver: optional(text('person')) },
  },
};
