/**
 * What an author sees of a study as it goes: one event a leaf, with names of hospitals and aggregates, never a number of one of them (I9).
 *
 * Events are rows written with the transition they tell of, so they survive a restart and none is told twice.
 * Leaves to others: storing them (the driver's records), the stream to the author (studies.ts).
 */
import { parseRfc3339, type Code, type JsonObject, type StudyState } from '@plexus/core';
import type { Store, Transitioned } from '@plexus/runtime/drive';
import type { StudyEventView } from './ports.js';

/** The table of the rows; `seq` of a row is the leaf. */
export const EVENTS_TABLE = 'study-events';

const PAGE = 256;

/** A type alias, so that it is assignable to Json. */
export type StudyEventRow = {
  readonly study: string;
  readonly timeMs: number;
  readonly kind: string;
  readonly round: number;
  readonly attempt: number;
  readonly phase: string;
  readonly hospitals: readonly string[];
  readonly metrics: readonly { readonly name: string; readonly value: string }[];
  readonly code?: Code;
};

/** Leaf type → kind of event and phase of the round; what is not here is not told. */
const KINDS: Readonly<Record<string, readonly [kind: string, phase: string]>> = {
  'study.submitted': ['submitted', ''],
  'study.approved': ['approved', ''],
  'study.refused': ['refused', ''],
  'study.withdrawn': ['withdrawn', ''],
  'study.activated': ['activated', ''],
  'study.closed': ['ended', ''],
  'study.cancelled': ['ended', ''],
  'round.offered': ['offered', 'ready'],
  'round.ready': ['answered', 'ready'],
  'session.opened': ['opened', 'advertise'],
  'round.keys_advertised': ['answered', 'advertise'],
  'round.shares_distributed': ['answered', 'share'],
  'round.masked_update.received': ['answered', 'masked'],
  'round.survivors_fixed': ['survivors', 'agree'],
  'round.survivors_agreed': ['answered', 'agree'],
  'round.unmask_answered': ['answered', 'unmask'],
  'round.hospital_dropped': ['dropped', ''],
  'session.abandoned': ['abandoned', ''],
  'round.complaint': ['complained', ''],
  'round.aggregated': ['aggregated', ''],
  'round.aborted': ['aborted', ''],
};

/** The event of a study machine's transition, if an author is told of it. */
export function eventOf(
  { time, effects }: Pick<Transitioned<unknown>, 'time' | 'effects'>,
  state: Exclude<StudyState, { readonly phase: 'absent' }>,
): StudyEventRow | undefined {
  const leaf = effects.flatMap((effect) => (effect.kind === 'leaf' ? [effect.leaf] : []))[0];
  const told = leaf === undefined ? undefined : KINDS[leaf.type];
  if (leaf === undefined || told === undefined) return undefined;
  const [kind, phase] = told;
  const { study, roster } = state.manifest;
  const about = membersOf(leaf.data);
  const code = leaf.code ?? ('code' in state ? state.code : undefined);
  return {
    study,
    timeMs: parseRfc3339(time) ?? 0,
    kind,
    round: leaf.round ?? 0,
    attempt: leaf.round === undefined ? 0 : attemptOf(leaf.data, state.attempt),
    phase,
    hospitals: roster.filter(({ index }) => about.includes(index)).map(({ hospital }) => hospital),
    metrics: metricsOf(leaf.type === 'round.aggregated' ? state.metrics : {}),
    ...(code === undefined ? {} : { code }),
  };
}

export function metricsOf(metrics: Readonly<Record<string, string>>): StudyEventRow['metrics'] {
  return Object.entries(metrics)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => ({ name, value }));
}

/** `number` grows with the log, so an author can go on after the last one seen. */
export function viewOf(seq: number, event: StudyEventRow): StudyEventView {
  const { timeMs, kind, round, attempt, phase, hospitals, metrics, code } = event;
  const about = { kind, round, attempt, phase, hospitals, metrics };
  return { number: seq + 1, timeMs, ...about, ...(code === undefined ? {} : { code }) };
}

/** Nothing of this study comes after it. */
export function isLast(
  { kind, code }: StudyEventRow,
  phase: StudyState['phase'] | undefined,
): boolean {
  if (kind === 'released') return true;
  return kind === 'ended' && (code !== undefined || phase === 'cancelled');
}

/** Every event of the log, in order. */
export async function eachEvent(
  store: Pick<Store, 'records'>,
  visit: (event: StudyEventRow, seq: number) => void,
): Promise<void> {
  for (let from = 0; ;) {
    const rows = await store.records(EVENTS_TABLE, from, PAGE);
    if (rows.length === 0) return;
    for (const { id, seq, row } of rows) {
      from = id + 1;
      visit(row as unknown as StudyEventRow, seq); // the rows of this table are ours
    }
  }
}

/** What the leaf says; after an abort the state counts the next attempt already. */
function attemptOf({ attempt }: JsonObject, otherwise: number): number {
  return typeof attempt === 'number' ? attempt : otherwise;
}

/** Roster indices that a leaf speaks of. */
function membersOf(data: JsonObject): readonly unknown[] {
  const { hospital, invited, cohort, survivors } = data;
  if (hospital !== undefined) return [hospital];
  const list = survivors ?? cohort ?? invited;
  return Array.isArray(list) ? list : [];
}
