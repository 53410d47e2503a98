/**
 * How a session and a study end at the hospital, and that what was secret of them is forgotten.
 *
 * Source: secure-aggregation.md 4.8. Peer-controlled: the coordinator may say that a session ended when it did not; then this hospital
 * takes no further part in it, which costs the round and nothing else.
 */
import { reject } from '../../base/machine.js';
import type { ToAgent } from '../messages.js';
import { sessionLeaf, siteLeaf } from './common.js';
import { exposedSessions } from './retry.js';
import { sessionPrefix, updatePrefix } from './secrets.js';
import type { KnownStudy, ParticipantEffect, ParticipantStep, Settings } from './state.js';

type Of<K extends ToAgent['kind']> = Extract<ToAgent, { readonly kind: K }>;

export function takeSessionEnded(
  settings: Settings,
  state: KnownStudy,
  { session: id, outcome, code }: Of<'session-ended'>,
): ParticipantStep {
  const { session, round } = state;
  if (session?.session !== id || round === undefined)
    return state.seen.includes(id) ? { state, effects: [] } : reject(state, 'SESSION_UNKNOWN');
  const at = { settings, state, round, session };
  const leaf = sessionLeaf(at, {
    type: `round.${outcome}`,
    action: outcome === 'aggregated' ? 'C' : 'E',
    ...(code === undefined ? {} : { outcome: 'minor', code }),
    data: outcome === 'aggregated' ? {} : { attempt: round.attempt },
  });
  // what was trained may go out again under other masks, unless the round is done
  const { kept, effects } = outcome === 'aggregated' ? forgetAll(state) : leaveSession(state);
  return { state: kept, effects: [leaf, ...effects] };
}

export function takeStudyEnded(
  settings: Settings,
  state: KnownStudy,
  { outcome, code }: Of<'study-ended'>,
): ParticipantStep {
  if (state.phase === 'ended') return { state, effects: [] };
  const { manifestHash } = settings.study;
  const leaf = siteLeaf(
    { settings, state },
    {
      type: outcome === 'cancelled' ? 'study.cancelled' : 'study.closed',
      action: 'U',
      ...(code === undefined ? {} : { outcome: 'minor', code }),
      data: {
        manifest_sha256: manifestHash,
        ...(outcome === 'cancelled' ? {} : { result: outcome }),
      },
    },
  );
  const { kept, effects } = forgetAll(state);
  return { state: { ...kept, phase: 'ended', outcome }, effects: [leaf, ...effects] };
}

interface Left<S> {
  readonly kept: S;
  readonly effects: readonly ParticipantEffect[];
}

/** The session is never answered again: what waits to be sent of it goes, its secrets are wiped; that it was exposed stays known. */
export function leaveSession<S extends KnownStudy>(state: S): Left<S> {
  const { session, ...rest } = state;
  if (session === undefined) return { kept: state, effects: [] };
  return {
    kept: { ...rest, past: exposedSessions(state) } as unknown as S, // the member is optional
    effects: [
      { kind: 'retract', topic: session.session },
      { kind: 'wipe', prefix: sessionPrefix(session.session) },
    ],
  };
}

/** Session and round are over: the update is forgotten too. */
export function forgetAll<S extends KnownStudy>(state: S): Left<S> {
  const left = leaveSession(state);
  const { round, ...rest } = left.kept;
  if (round === undefined) return left;
  return {
    kept: rest as unknown as S, // the member is optional
    effects: [...left.effects, { kind: 'wipe', prefix: updatePrefix(state.manifest.study) }],
  };
}
