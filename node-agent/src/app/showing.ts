/**
 * What the commands show of the agent's store: studies and what left. The running agent answers it, since it alone holds the database.
 *
 * Leaves to others: asking (cli/reader.ts), how it looks (cli/).
 */
import { fromUtf8, type Json, type JsonObject, type ParticipantState } from '@plexus/core';
import type { Store } from '@plexus/runtime/drive';
import { OUTBOUND, readOutboundRow, type OutboundRow } from './outbound.js';
import { isStudyMachine, partyState } from './party.js';

export interface Shown {
  readonly studies: readonly Exclude<ParticipantState, { readonly phase: 'absent' }>[];
  readonly outbound: readonly OutboundRow[];
}

const PAGE = 1000;

/** Everything the commands may need, as one JSON value. */
export async function showing(store: Store): Promise<JsonObject> {
  const studies: Json[] = [];
  for (const { machine, state } of await store.states())
    if (isStudyMachine(machine)) studies.push(JSON.parse(fromUtf8(state)) as Json);
  const outbound: Json[] = [];
  for (let from = 0; ;) {
    const page = await store.records(OUTBOUND, from, PAGE);
    const last = page.at(-1);
    if (last === undefined) return { studies, outbound };
    outbound.push(...page.map(({ row }) => row));
    from = last.id + 1;
  }
}

/** Reads back what showing wrote; undefined if the value is something else. */
export function readShown(value: Json): Shown | undefined {
  const [studies, outbound] = [listOf(value, 'studies'), listOf(value, 'outbound')];
  if (studies === undefined || outbound === undefined) return undefined;
  return {
    studies: studies.flatMap((json) => {
      const state = partyState(json);
      return state.phase === 'absent' ? [] : [state];
    }),
    outbound: outbound.flatMap((row) => readOutboundRow(row) ?? []),
  };
}

function listOf(value: Json, name: string): readonly Json[] | undefined {
  if (typeof value !== 'object' || Array.isArray(value)) return undefined;
  const list = (value as JsonObject)[name];
  return Array.isArray(list) ? (list as readonly Json[]) : undefined;
}
