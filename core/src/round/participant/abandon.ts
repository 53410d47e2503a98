/**
 * A hospital leaves its session by itself: the session's time is over (M6), or the database came from a backup and cannot be trusted.
 *
 * Source: secure-aggregation.md 4, 4.7 and 4.8. Leaves to others: noticing either (node-agent/), the end that the coordinator names (ended.ts).
 */
import type { Envelope, Signer } from '../../base/dsse.js';
import { PlexusError } from '../../base/error.js';
import { reject } from '../../base/machine.js';
import { signStatement } from '../../secagg/statements.js';
import { myHeader, sessionLeaf, siteLeaf, toCoordinator, type InSession } from './common.js';
import { forgetAll, leaveSession } from './ended.js';
import type { KnownStudy, ParticipantInput, ParticipantStep, Settings } from './state.js';

type Of<K extends ParticipantInput['kind']> = Extract<ParticipantInput, { readonly kind: K }>;

/** True once the session may not be answered any more: the agent's only clock. */
export function isExpired(settings: Settings, { session }: KnownStudy, nowMs: number): boolean {
  return session !== undefined && nowMs >= session.openedMs + settings.study.rules.sessionTtlMs;
}

/** M6. Errors: bug/STATE_UNEXPECTED without a session. */
export function signAbandon(settings: Settings, state: KnownStudy, signer: Signer): Envelope {
  const at = sessionOf(settings, state);
  if (at === undefined) throw new PlexusError('STATE_UNEXPECTED', 'abandon: expected a session');
  const body = { phase: at.session.phase, code: 'SESSION_EXPIRED' };
  return signStatement(settings.suite, signer, 'abandon', myHeader(at), body);
}

export function takeExpired(
  settings: Settings,
  state: KnownStudy,
  { envelope, nowMs }: Of<'expired'>,
): ParticipantStep {
  const at = sessionOf(settings, state);
  if (at === undefined || !isExpired(settings, state, nowMs)) return reject(state, 'ROUND_STALE');
  const leaf = sessionLeaf(at, {
    type: 'session.abandoned',
    action: 'E',
    outcome: 'minor',
    code: 'SESSION_EXPIRED',
    signed: [envelope],
    data: { hospital: state.self, phase: at.session.phase },
  });
  const { study } = settings.study.manifest;
  const answer = { kind: 'abandon', study, session: at.session.session, envelope } as const;
  const { kept, effects } = leaveSession(state);
  return { state: kept, effects: [leaf, ...effects, toCoordinator(study, answer)] };
}

/**
 * What was signed after the backup is not known here, so nothing that was open goes on, and the round under way is sat out: this hospital
 * could not declare truthfully what it signed in it.
 */
export function takeRestored(
  settings: Settings,
  state: KnownStudy,
  { nowMs }: Of<'restored'>,
): ParticipantStep {
  const { round } = state.last;
  const leaf = siteLeaf(
    { settings, state },
    {
      type: 'round.hospital_dropped',
      action: 'E',
      round,
      outcome: 'serious',
      code: 'STORE_ROLLED_BACK',
      data: { hospital: state.self, phase: state.session?.phase ?? 'waiting', cause: 'restored' },
    },
  );
  const { kept, effects } = forgetAll(state);
  return { state: { ...kept, restoredMs: nowMs }, effects: [leaf, ...effects] };
}

function sessionOf(settings: Settings, state: KnownStudy): InSession | undefined {
  const { session, round } = state;
  return session === undefined || round === undefined
    ? undefined
    : { settings, state, round, session };
}
