/**
 * Events that only a site log holds: what the hospital checked, read, spent and sent.
 *
 * Even here rows, patients and files enter as digests (P2). Source: audit-log.md sections 5 and 9.2; privacy.md (budget).
 */
import { digest, integer, members, oneOf, optional, text } from '../shape.js';
import type { EventShape, EventTable } from './event.js';

const entry: EventShape['fields'] = {
  /** Number of the line in the hospital's own ledger. */
  ledger_entry: integer(),
  epsilon: optional(text('decimal')),
  delta: optional(text('decimal')),
};

const change: EventShape['fields'] = {
  new_sha256: digest,
  old_sha256: optional(digest),
  approver: optional(text('actor')),
};

export const LOCAL_EVENTS: EventTable = {
  'head.accepted': {
    action: 'E',
    siteOnly: true,
    fields: { size: integer(), root: text('hash'), note_sha256: optional(digest) },
  },
  'head.refused': {
    action: 'E',
    siteOnly: true,
    fields: {
      reason: oneOf(
        'malformed',
        'inconsistent',
        'forked',
        'stale',
        'not-cosigned',
        'leaf-missing',
        'own-history-missing',
      ),
      note_sha256: digest,
      held_size: optional(integer()),
      held_root: optional(text('hash')),
    },
  },
  'agent.trust_reset': {
    action: 'U',
    siteOnly: true,
    signed: true,
    fields: { origin: text('origin'), size: integer(), root: text('hash') },
  },
  'rows.read': {
    action: 'R',
    siteOnly: true,
    needs: ['study'],
    fields: {
      manifest_sha256: digest,
      mapping_sha256: optional(digest),
      cohort_sha256: optional(digest),
    },
  },
  'budget.reserved': { action: 'C', siteOnly: true, needs: ['study'], fields: entry },
  'budget.spent': { action: 'U', siteOnly: true, needs: ['study'], fields: entry },
  'budget.released': { action: 'U', siteOnly: true, needs: ['study'], fields: entry },
  'budget.refused': { action: 'E', siteOnly: true, needs: ['study'], fields: entry },
  'upload.sent': {
    action: 'C',
    siteOnly: true,
    needs: ['study', 'round', 'session'],
    fields: { sha256: digest, bytes: integer() },
  },
  'unmask.answered': {
    action: 'E',
    siteOnly: true,
    needs: ['study', 'round', 'session'],
    fields: { for_survivors: members, for_dropped: members, answer_sha256: digest },
  },
  'policy.changed': { action: 'U', siteOnly: true, fields: change },
  'mapping.changed': { action: 'U', siteOnly: true, fields: change },
  'consent.refreshed': {
    action: 'U',
    siteOnly: true,
    fields: { consent_policy: text('id'), taken_at: text('time'), cohort_sha256: optional(digest) },
  },
};
