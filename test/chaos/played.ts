/** What must hold after a study with kills (T9). */
import { expect } from 'vitest';
import { AGENT_INDEX, digestsIn, statementsIn, type Played } from './kills.ts';

const ONCE = ['advertise', 'share', 'masked', 'agreement', 'release', 'vector'];
/** What a peer that has missed something may rightly be told. */
const HARMLESS = new Set(['PHASE_CLOSED', 'SESSION_UNKNOWN', 'ROUND_STALE', 'LOG_HEAD_REFUSED']);

export function checkPlayed(played: Played): void {
  const { phase, code, rounds, planned, leaves, site, ledger } = played;
  expect({ phase, code, rounds }).toEqual({ phase: 'completed', code: undefined, rounds: planned });
  expect(played.verified).toBe(true);

  const logged = new Map([...statementsIn(leaves), ...digestsIn(leaves)]);
  const own = new Map([...statementsIn(site), ...digestsIn(site, AGENT_INDEX)]);
  for (const [key, payloads] of [...logged, ...own]) expect([key, payloads.size]).toEqual([key, 1]);
  // what the coordinator has of the agent is what the agent has written before it sent it (I1)
  for (const [key, payloads] of logged)
    if (key.endsWith(` ${String(AGENT_INDEX)}`) && !key.startsWith('masked'))
      expect([key, own.get(key)]).toEqual([key, payloads]); // of M2 the agent's log has the vector's digest

  // one M4 of a hospital in a session, and one transition for each other statement
  const told = leaves
    .filter(({ type }) => TRANSITIONS.includes(type))
    .map(
      ({ type, session, data }) => `${type} ${session ?? ''} ${JSON.stringify(data['hospital'])}`,
    );
  expect(told.length).toBeGreaterThan(0);
  expect(new Set(told).size).toBe(told.length);

  const sessions = new Map<number, number>();
  for (const { type, round } of leaves)
    if (type === 'session.opened') sessions.set(round ?? 0, (sessions.get(round ?? 0) ?? 0) + 1);
  for (const what of ONCE)
    for (const [round, opened] of sessions)
      expect(ledger.filter((row) => row === `${String(round)} ${what}`).length).toBeLessThanOrEqual(
        opened,
      );

  const refusals = [...leaves, ...site]
    .filter(({ type }) => type === 'refusals.recorded')
    .flatMap(
      ({ data }) => data['items'] as readonly { readonly kind: string; readonly code: string }[],
    )
    .filter(({ kind, code: why }) => kind === 'protocol' && !HARMLESS.has(why));
  expect(refusals).toEqual([]);
}

const TRANSITIONS: readonly string[] = [
  'round.keys_advertised',
  'round.shares_distributed',
  'round.masked_update.received',
  'round.survivors_agreed',
  'round.unmask_answered',
];
