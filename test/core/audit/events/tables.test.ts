import { describe, expect, it } from 'vitest';
import { EVENTS } from '../../../../core/src/audit/event-schema.ts';
import type { EventShape, EventTable } from '../../../../core/src/audit/events/event.ts';
import { LOCAL_EVENTS } from '../../../../core/src/audit/events/local.ts';
import { LOG_EVENTS } from '../../../../core/src/audit/events/log.ts';
import { MODEL_EVENTS } from '../../../../core/src/audit/events/model.ts';
import { ROUND_EVENTS } from '../../../../core/src/audit/events/round.ts';
import { SITE_EVENTS } from '../../../../core/src/audit/events/site.ts';
import { STUDY_EVENTS } from '../../../../core/src/audit/events/study.ts';

const TABLES: readonly EventTable[] = [
  LOG_EVENTS,
  SITE_EVENTS,
  STUDY_EVENTS,
  ROUND_EVENTS,
  MODEL_EVENTS,
  LOCAL_EVENTS,
];
const entries: readonly (readonly [string, EventShape])[] = TABLES.flatMap((table) =>
  Object.entries(table),
);

describe('the tables of events (audit-log.md section 5)', () => {
  it('share no type: joined, none hides another', () => {
    expect(new Set(entries.map(([type]) => type)).size).toBe(entries.length);
    expect(Object.keys(EVENTS)).toHaveLength(entries.length);
  });

  it.each(entries)('%s is named subject.what_happened, in small letters', (type) => {
    expect(type).toMatch(/^[a-z]+(_[a-z]+)*([.][a-z]+(_[a-z]+)*)+$/);
  });

  it('what may be unknown at a site is a field of that event', () => {
    for (const [type, { fields, unknownAtSite = [] }] of entries)
      for (const name of unknownAtSite)
        expect([type, Object.keys(fields)]).toEqual([type, expect.arrayContaining([name])]);
  });

  it('an event that only a site logs needs no exception for sites', () => {
    const both = entries.filter(([, { siteOnly, unknownAtSite }]) => siteOnly && unknownAtSite);
    expect(both.map(([type]) => type)).toEqual([]);
  });
});
