/** Events about the log itself and about whoever reads or runs it. Source: audit-log.md section 5. */
import { digest, integer, list, object, oneOf, optional, text } from '../shape.js';
import type { EventTable } from './event.js';

const software = object({
  package: text('id'),
  version: text('version'),
  build_sha256: digest,
});

export const LOG_EVENTS: EventTable = {
  'log.genesis': {
    action: 'C',
    fields: {
      origin: text('origin'),
      vkeys: list(text('vkey'), 16),
      software,
      policy_sha256: optional(digest),
      /** After a recovery: the last cosigned head of the log that this one continues. */
      previous: optional(
        object({
          origin: text('origin'),
          size: integer(),
          root: text('hash'),
          approvals: list(digest, 64),
        }),
      ),
    },
  },
  'log.key_rotated': {
    action: 'U',
    signed: true,
    fields: { origin: text('origin'), old: text('vkey'), new: text('vkey') },
  },
  'log.policy_changed': {
    action: 'U',
    fields: { origin: text('origin'), policy_sha256: digest, old_sha256: optional(digest) },
  },
  'study.log_created': {
    action: 'C',
    needs: ['study'],
    fields: { study: text('name'), origin: text('origin'), vkey: text('vkey') },
  },
  'log.cosigned': {
    action: 'C',
    fields: {
      barrier: oneOf('offer', 'survivors'),
      size: integer(1),
      root: text('hash'),
      lines: list(text('noteLine'), 512),
      policy_sha256: digest,
    },
  },
  'role.changed': {
    action: 'U',
    fields: {
      subject: text('actor'),
      role: oneOf('hospital', 'researcher', 'auditor', 'operator', 'none'),
      second_approver: optional(text('person')),
    },
  },
  'config.changed': {
    action: 'U',
    fields: { old_sha256: digest, new_sha256: digest, second_approver: optional(text('person')) },
  },
  'software.changed': { action: 'U', fields: { old: software, new: software } },
  'access.granted': {
    action: 'R',
    fields: { resource: text('id'), rule: text('id'), subject: optional(text('actor')) },
  },
  'refusals.recorded': {
    action: 'E',
    fields: {
      items: list(
        object({
          kind: oneOf('protocol', 'access', 'login'),
          /** `unknown` for a peer that never proved who it is; never an address. */
          peer: text('actor'),
          code: text('code'),
          count: integer(1),
          first: text('time'),
          last: text('time'),
          input_sha256: optional(digest),
        }),
        256,
      ),
    },
  },
};
