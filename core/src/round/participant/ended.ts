/**
 * How a session and a study end at the hospital, and that what was secret of them is forgotten.
 *
 * Source: secure-aggregation.md 4.8. Peer-controlled: the coordinator may say that a session ended when it did not; then this hospital
 * takes no further part in it, which costs the round and nothing else.
 */
import { reject } from '../../base/machine.js';
import type { ToAgent } from '../messages.js';
import { sessionLeaf, siteLeaf } from './common.js';
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
  const { kept, wipes } = forgetAll(state);
  return { state: kept, effects: [leaf, { kind: 'retract', topic: id }, ...wipes] };
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
  const { kept, wipes } = forgetAll(state);
  const topics = state.session === undefined ? [] : [state.session.session];
  return {
    state: { ...kept, phase: 'ended', outcome },
    effects: [leaf, ...topics.map((topic) => ({ kind: 'retract' as const, topic })), ...wipes],
  };
}

/** The state without round and session, and the deletion of their secrets. */
export function forgetAll<S extends KnownStudy>(
  state: S,
): { readonly kept: S; readonly wipes: readonly ParticipantEffect[] } {
  const { session, round, ...rest } = state;
  const prefixes = [
    ...(session === undefined ? [] : [sessionPrefix(session.session)]),
    ...(round === undefined ? [] : [updatePrefix(state.manifest.study)]),
  ];
  return {
    kept: rest as unknown as S, // both members are optional
    wipes: prefixes.map((prefix) => ({ kind: 'wipe', prefix })),
  };
}
