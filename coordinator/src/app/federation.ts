/**
 * The machine `federation`: members, and the events that belong to the log itself rather than to one study's rounds.
 *
 * Pure. One transition has one leaf, so an enrolment writes `site.enrolled` and wakes itself for each key's leaf; nothing else is fed in
 * between. Source: audit-log.md sections 5 and 7. Leaves to others: drawing tokens, signing certificates, the clock (coordinator.ts).
 */
import { reject, type Json, type LeafDraft, type Suite } from '@plexus/core';
import type { Machine } from '@plexus/runtime/drive';
import {
  type FederationInput,
  type FederationState,
  type FederationStep,
  type InputOf,
  type OpenFederation,
} from './federation-state.js';
import { enrol, invite, logKey, remove, renew } from './membership.js';

export const FEDERATION_ID = 'federation';

const COORDINATOR = { kind: 'coordinator', id: 'coordinator', authn: 'local' };

export function federationMachine<Work>(suite: Suite): Machine<Work> {
  const initial: FederationState = { phase: 'absent' };
  const machine = {
    id: FEDERATION_ID,
    initial: initial as Json,
    step: (state: FederationState, input: FederationInput) => stepFederation(suite, state, input),
  };
  return machine; // a driver hands back only states it was given, and inputs of this program
}

export function stepFederation(
  suite: Suite,
  state: FederationState,
  input: FederationInput,
): FederationStep {
  if (input.kind === 'genesis')
    return state.phase === 'absent' ? genesis(input) : { state, effects: [] };
  if (state.phase === 'absent') return reject(state, 'FEDERATION_ABSENT');
  switch (input.kind) {
    case 'invite':
      return invite(state, input);
    case 'enrol':
      return enrol(suite, state, input);
    case 'renew':
      return renew(state, input);
    case 'remove':
      return remove(state, input);
    case 'tick':
      return logKey(suite, state);
    case 'refusals':
      return input.items.length === 0
        ? { state, effects: [] }
        : happened(state, 'refusals.recorded', 'E', COORDINATOR, { items: input.items });
    case 'export':
      return happened(state, 'export.performed', 'R', personOf(input.recipient), {
        profile: input.profile,
        range: { from: 0, to: input.to },
        recipient: input.recipient,
      });
    case 'release':
      return release(state, input);
    case 'fetch':
      return fetched(state, input);
  }
}

function genesis({ origin, vkey, software }: InputOf<'genesis'>): FederationStep {
  const state: OpenFederation = {
    phase: 'open',
    ...{ origin, vkey },
    ...{ invites: [], members: [], knownKeys: [], pending: [], released: {} },
  };
  return happened(state, 'log.genesis', 'C', COORDINATOR, { origin, vkeys: [vkey], software });
}

function release(state: OpenFederation, input: InputOf<'release'>): FederationStep {
  const { study, model, roundLeaf } = input;
  if (state.released[study] !== undefined) return { state, effects: [] };
  const released = { ...state.released, [study]: model };
  const data = { model_sha256: model, round_leaf: roundLeaf };
  return happened({ ...state, released }, 'model.released', 'C', COORDINATOR, data, study);
}

function fetched(state: OpenFederation, { study, by }: InputOf<'fetch'>): FederationStep {
  const model = state.released[study];
  if (model === undefined) return reject(state, 'MODEL_NOT_RELEASED');
  return happened(state, 'model.fetched', 'R', personOf(by), { model_sha256: model }, study);
}

function happened(
  state: FederationState,
  type: string,
  action: LeafDraft['action'],
  actor: LeafDraft['actor'],
  data: LeafDraft['data'],
  study?: string,
): FederationStep {
  const about = study === undefined ? {} : { study };
  const leaf = { type, action, outcome: 'success', actor, ...about, data } as const;
  return { state, effects: [{ kind: 'leaf', leaf }] };
}

/** Who did something over a connection, or the operator at the machine itself. */
function personOf(id: string): LeafDraft['actor'] {
  const [kind = ''] = id.split('/');
  return { kind, id, authn: id === kind ? 'local' : 'mtls' };
}
