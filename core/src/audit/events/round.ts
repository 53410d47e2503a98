/**
 * Events of rounds and of the sessions inside them. No number of one hospital but its roster index stands here (I9, P5).
 *
 * Source: audit-log.md section 5; secure-aggregation.md section 4. A site log holds the same types from the hospital's own point
 * of view: it lacks deadlines and recipes, which only the coordinator sets, and other hospitals' drop-outs.
 */
import {
  boolean,
  digest,
  integer,
  mapOf,
  member,
  members,
  object,
  optional,
  text,
} from '../shape.js';
import type { EventShape, EventTable } from './event.js';

const inRound: EventShape['needs'] = ['study', 'round'];
const inSession: EventShape['needs'] = ['study', 'round', 'session'];
const phase = text('id');
const attempt = integer(1, 1_000_000);

export const ROUND_EVENTS: EventTable = {
  'round.offered': {
    action: 'E',
    needs: inRound,
    fields: {
      /** Position in the manifest's tasks, and the round within that task, from 0. */
      task: integer(),
      round_in_task: optional(integer()),
      attempt,
      model_in: digest,
      layout_sha256: digest,
      config_sha256: optional(digest),
      suite: text('suite'),
      recipe: optional(text('id')),
      invited: members,
      roster_sha256: digest,
      ready_at: optional(text('time')),
      deadline: text('time'),
    },
    unknownAtSite: ['layout_sha256', 'suite', 'invited', 'roster_sha256'],
  },
  'round.ready': {
    action: 'E',
    needs: inRound,
    fields: {
      hospital: member,
      attempt: optional(attempt),
      engine: text('engine'),
      engine_sha256: optional(digest),
    },
  },
  'session.opened': {
    action: 'E',
    needs: inSession,
    fields: {
      session: digest,
      cohort: members,
      attempt: optional(attempt),
      c_abs: integer(1, 65535),
      min_cohort: integer(1, 65535),
      min_survivors: integer(0, 65535),
      model_in: optional(digest),
      layout_sha256: optional(digest),
      closes: optional(digest),
    },
    unknownAtSite: ['c_abs', 'min_cohort', 'min_survivors'],
  },
  'session.abandoned': {
    action: 'E',
    needs: inSession,
    signed: true,
    fields: { hospital: member, phase },
  },
  'round.complaint': {
    action: 'E',
    needs: inSession,
    signed: true,
    fields: { hospital: member, accused: member, phase, evidence_sha256: digest },
  },
  'round.keys_advertised': {
    action: 'C',
    needs: inSession,
    signed: true,
    fields: { hospital: member },
  },
  'round.shares_distributed': {
    action: 'C',
    needs: inSession,
    signed: true,
    fields: { hospital: member, list_sha256: digest },
  },
  /** Site log: what the dealers sent this hospital has been opened and kept (secure-aggregation.md 4.3). */
  'round.shares_accepted': {
    action: 'E',
    needs: inSession,
    siteOnly: true,
    fields: { h2: digest, dealers: members },
  },
  'round.masked_update.received': {
    action: 'C',
    needs: inSession,
    signed: true,
    fields: {
      hospital: member,
      upload: object({ sha256: digest, bytes: integer(), words: integer() }),
    },
  },
  'round.hospital_dropped': {
    action: 'E',
    needs: inRound,
    fields: { hospital: member, phase, cause: text('id'), attempt: optional(attempt) },
  },
  'round.survivors_fixed': {
    action: 'E',
    needs: inSession,
    fields: { survivors: members, dropped: members, u3_sha256: digest },
    unknownAtSite: ['dropped'],
  },
  'round.survivors_agreed': {
    action: 'E',
    needs: inSession,
    signed: true,
    fields: { hospital: member, u3_sha256: digest, survivors: optional(members) },
  },
  'round.unmask_answered': {
    action: 'E',
    needs: inSession,
    fields: {
      hospital: member,
      for_survivors: members,
      for_dropped: members,
      answer_sha256: digest,
    },
  },
  'round.aggregated': {
    action: 'C',
    needs: inSession,
    fields: {
      survivors: members,
      dropped: members,
      sum_sha256: digest,
      secrets_sha256: optional(digest),
      model_in: digest,
      model_out: digest,
      recipe: optional(text('id')),
      code_sha256: optional(digest),
      privacy: optional(
        object({
          q: optional(text('decimal')),
          z: optional(text('decimal')),
          n_h: optional(text('decimal')),
          epsilon: optional(text('decimal')),
          delta: optional(text('decimal')),
        }),
      ),
      /** Sums and means over all survivors, after the small-cell rule (data.md). */
      metrics: optional(mapOf(text('decimal'))),
    },
    unknownAtSite: ['survivors', 'dropped', 'sum_sha256', 'model_in', 'model_out'],
  },
  'round.aborted': {
    action: 'E',
    needs: inRound,
    fields: {
      phase,
      attempt: optional(attempt),
      shares_released: boolean,
      /** Dealer whose committed shares rebuild another secret. */
      accused: optional(member),
    },
    unknownAtSite: ['phase', 'shares_released'],
  },
};
