import { describe, expect, it } from 'vitest';
import { EVENTS } from '../../../core/src/audit/event-schema.ts';
import type { EventTable } from '../../../core/src/audit/events/event.ts';
import { LOCAL_EVENTS } from '../../../core/src/audit/events/local.ts';
import { LOG_EVENTS } from '../../../core/src/audit/events/log.ts';
import { MODEL_EVENTS } from '../../../core/src/audit/events/model.ts';
import { ROUND_EVENTS } from '../../../core/src/audit/events/round.ts';
import { KEY_ROLES, SITE_EVENTS } from '../../../core/src/audit/events/site.ts';
import { STUDY_EVENTS } from '../../../core/src/audit/events/study.ts';

const TABLES: readonly EventTable[] = [
  LOG_EVENTS,
  SITE_EVENTS,
  STUDY_EVENTS,
  ROUND_EVENTS,
  MODEL_EVENTS,
  LOCAL_EVENTS,
];

describe('the tables of events (audit-log.md 5)', () => {
  it('name each type once', () => {
    const types = TABLES.flatMap((table) => Object.keys(table));
    expect(new Set(types).size).toBe(types.length);
    expect(Object.keys(EVENTS).sort()).toEqual(types.sort());
  });

  it('a local event is in the local table, and the fields a site may leave out exist', () => {
    for (const table of TABLES)
      for (const [type, event] of Object.entries(table)) {
        if (type !== 'round.shares_accepted')
          expect(event.siteOnly === true, type).toBe(table === LOCAL_EVENTS);
        for (const field of event.unknownAtSite ?? [])
          expect(Object.keys(event.fields), type).toContain(field);
      }
  });

  it('no key has two roles (9.4)', () => {
    expect([...KEY_ROLES]).toEqual(['statement', 'cosign', 'approval', 'site-log']);
  });
});
