/** Events of a hospital's membership and keys. Here a hospital is named by its id: it may not be in any roster yet. */
import { digest, optional, text, oneOf } from '../shape.js';
import type { EventTable } from './event.js';

/** What a registered key is for (audit-log.md 9.4); none is used for two purposes. */
export const KEY_ROLES = ['statement', 'cosign', 'approval', 'site-log'] as const;
export type KeyRole = (typeof KEY_ROLES)[number];

const hospital = text('name');

export const SITE_EVENTS: EventTable = {
  'site.enrolled': {
    action: 'C',
    fields: { hospital, certificate_sha256: digest, invite_sha256: digest },
    unknownAtSite: ['certificate_sha256', 'invite_sha256'],
  },
  'site.key_registered': {
    action: 'C',
    signed: true,
    fields: {
      hospital,
      role: oneOf(...KEY_ROLES),
      vkey: text('vkey'),
      owner: optional(text('actor')),
    },
  },
  'site.key_revoked': {
    action: 'D',
    fields: { hospital, role: oneOf(...KEY_ROLES), vkey: text('vkey'), reason: text('id') },
  },
  'site.left': { action: 'D', fields: { hospital, reason: text('id') } },
};
