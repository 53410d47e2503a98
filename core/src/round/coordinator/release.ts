/**
 * Whether the shares of an M4 are those that were dealt to its sender: what the program says beside the message that it feeds.
 *
 * The commitments stand in share lists that are kept by digest, so the machine cannot look for itself (docs/adr/0002).
 * Source: secure-aggregation.md 4.6, step 1. Leaves to others: signature, lines and kinds of the message (take.ts).
 */
import { fromHex } from '../../base/bytes.js';
import type { Envelope } from '../../base/dsse.js';
import { neighbourGraph } from '../../secagg/graph.js';
import { releaseFor } from '../../secagg/release.js';
import { peekStatement } from '../../secagg/statements.js';
import { checkRelease } from '../../secagg/unmasking.js';
import type { ShareEntry } from '../messages.js';
import type { StudySettings, StudyState } from './study-state.js';

/** Undefined where there is nothing to compare: the machine refuses such a message itself. `listOf`: kept share lists by digest. */
export function releaseIsAsDealt(
  { study: { suite, rules } }: StudySettings,
  state: StudyState,
  hospital: string,
  envelope: Envelope,
  listOf: (digest: string) => readonly ShareEntry[],
): boolean | undefined {
  if (state.phase !== 'running' || state.current.phase !== 'session') return undefined;
  const { session } = state.current;
  const member = state.manifest.roster.find((one) => one.hospital === hospital)?.index;
  const statement = peekStatement('unmask', envelope);
  if (member === undefined || statement.kind === 'refused' || !session.u3.includes(member))
    return undefined;
  const answer = {
    h1: fromHex(session.h1),
    answerer: member,
    expected: releaseFor(neighbourGraph(session.u1, rules), session.u2, session.u3, member),
    shares: statement.body.shares,
    entryOf: (dealer: number) => {
      const list = session.shares.find((one) => one.hospital === dealer)?.list;
      const entries = list === undefined ? [] : listOf(list);
      return entries.find(({ receiver }) => receiver === member);
    },
  };
  return checkRelease(suite, answer) === undefined;
}

/** The lists that the session under way may ask for. */
export function keptLists(state: StudyState): readonly string[] {
  if (state.phase !== 'running' || state.current.phase !== 'session') return [];
  return state.current.session.shares.map(({ list }) => list);
}
