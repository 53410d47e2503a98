/** Events of a study's life. Hospitals are roster indexes of its manifest. Source: audit-log.md section 5. */
import { always, digest, integer, list, member, object, oneOf, optional, text } from '../shape.js';
import type { EventTable, EventShape } from './event.js';

const privacy = object({
  mode: text('id'),
  unit: optional(text('id')),
  epsilon: optional(text('decimal')),
  delta: optional(text('decimal')),
});

const proposal: EventShape['fields'] = {
  manifest_sha256: digest,
  purpose: text('purpose'),
  roster_sha256: digest,
  privacy,
  data_classes: list(text('id'), 32),
  protocol_sha256: optional(digest),
  legal_basis: optional(text('id')),
  ropa_sha256: optional(digest),
  dpia_sha256: optional(digest),
  recipients: optional(list(text('id'), 64)),
  retention_days: optional(integer(0, 100_000)),
  policy_sha256: optional(digest),
};

const decision: EventShape['fields'] = {
  hospital: member,
  manifest_sha256: digest,
  committee_sha256: optional(digest),
  agreement_sha256: optional(digest),
  scope: optional(text('id')),
  expires: optional(text('time')),
  meaning: optional(oneOf('review', 'approval', 'responsibility', 'authorship')),
  signer: optional(text('person')),
  signed_at: optional(text('time')),
};

const turn: EventShape['fields'] = { manifest_sha256: digest };

export const STUDY_EVENTS: EventTable = {
  'study.submitted': {
    action: 'C',
    needs: ['study'],
    fields: proposal,
    unknownAtSite: ['roster_sha256', 'data_classes', 'privacy'],
  },
  'study.amended': { action: 'U', needs: ['study'], fields: { ...proposal, old_sha256: digest } },
  'study.assessed': {
    action: 'C',
    needs: ['study'],
    fields: {
      kind: oneOf('PIA', 'DPIA', 'RoPA', 'security'),
      document_sha256: digest,
      date: text('time'),
    },
  },
  'study.approved': { action: 'E', needs: ['study'], signed: true, fields: decision },
  'study.refused': { action: 'E', needs: ['study'], signed: true, fields: decision },
  'study.withdrawn': { action: 'E', needs: ['study'], signed: true, fields: decision },
  'study.activated': { action: 'U', needs: ['study'], fields: turn },
  'study.suspended': { action: 'U', needs: ['study'], fields: turn },
  'study.closed': {
    action: 'U',
    needs: ['study'],
    fields: { ...turn, result: oneOf('completed', 'failed') },
  },
  'study.cancelled': { action: 'U', needs: ['study'], fields: turn },
  'cohort.recorded': {
    action: 'R',
    needs: ['study'],
    signed: true,
    fields: {
      hospital: member,
      cohort_sha256: digest,
      query_sha256: digest,
      consent_policy: text('id'),
      deid_profile: text('id'),
      taken_at: text('time'),
      meets_minimum: always,
    },
  },
};
