/**
 * What the schema knows of one kind of event. The tables beside this file hold one entry for each type of audit-log.md section 5.
 */
import type { Fields } from '../shape.js';

export interface EventShape {
  readonly action: 'C' | 'R' | 'U' | 'D' | 'E';
  /** The event's own fields, the member `data` of its leaf. */
  readonly fields: Fields;
  /** Members of the leaf that this event must have besides the common ones. */
  readonly needs?: readonly ('study' | 'round' | 'session')[];
  /** True if at least one envelope must stand in `signed` in the federation log: the event is a statement, not the coordinator's word. */
  readonly signed?: true;
  /**
   * Fields that may be absent in a site log. An agent logs rounds, sessions and studies as it sees them; what only the
   * coordinator knows is left out there, never invented.
   */
  readonly unknownAtSite?: readonly string[];
  /** True if only a site log holds such events. */
  readonly siteOnly?: true;
}

export type EventTable = Readonly<Record<string, EventShape>>;
