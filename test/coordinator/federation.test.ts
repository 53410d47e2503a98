/** The machine of members: who is let in, with which leaves, and what is refused without a trace. */
import { expect, test } from 'vitest';
import {
  canonicalJson,
  leafBytes,
  rfc3339,
  type Code,
  type Json,
  type LeafDraft,
} from '@plexus/core';
import { nodeSuite as suite } from '@plexus/suite';
import type {
  FederationInput,
  FederationState,
} from '../../coordinator/src/app/federation-state.ts';
import { stepFederation } from '../../coordinator/src/app/federation.ts';
import { keysOf } from './hospitals.ts';
import { LOG_VKEY, ORIGIN } from './surroundings.ts';

const NOW = Date.UTC(2026, 2, 2);
const HOUR = 3_600_000;
const TOKEN = 'aa'.repeat(32);
const certificate = { sha256: 'bb'.repeat(32), sizeBytes: 500, notAfterMs: NOW + HOUR };
const about = { tokenSha256: TOKEN, subject: 'hospital', id: 'north' } as const;
const software = { package: 'plexus-coordinator', version: '0.1.0', build_sha256: '00'.repeat(32) };

/** Feeds inputs and everything they wake; every leaf must fit its schema. */
function play(...inputs: readonly FederationInput[]) {
  let state: FederationState = { phase: 'absent' };
  const leaves: LeafDraft[] = [];
  const refused: Code[] = [];
  const feed = (input: FederationInput): void => {
    const before = canonicalJson(state);
    const stepped = stepFederation(suite, state, input);
    const drafts = stepped.effects.flatMap((one) => (one.kind === 'leaf' ? [one.leaf] : []));
    for (const effect of stepped.effects) if (effect.kind === 'reject') refused.push(effect.code);
    if (drafts.length === 0) {
      expect(canonicalJson(stepped.state as Json)).toBe(before); // I10
      return;
    }
    expect(drafts).toHaveLength(1); // I6
    for (const draft of drafts) {
      const transition = { machine: 'federation', n: leaves.length, input: TOKEN, state: TOKEN };
      const stamp = { seq: leaves.length, log: ORIGIN, time: rfc3339(NOW), transition };
      const source = { system: 'coordinator', version: '0.1.0', build_sha256: TOKEN, node: 'a' };
      leafBytes(draft, { ...stamp, salt: 'AAAAAAAAAAAAAAAAAAAAAA', source });
      leaves.push(draft);
    }
    state = stepped.state;
    if (stepped.effects.some(({ kind }) => kind === 'wake')) feed({ kind: 'tick', nowMs: NOW });
  };
  for (const input of inputs) feed(input);
  return {
    state: state as FederationState,
    types: leaves.map(({ type }) => type),
    leaves,
    refused,
  };
}

const genesis: FederationInput = {
  kind: 'genesis',
  ...{ origin: ORIGIN, vkey: LOG_VKEY, software, nowMs: NOW },
};
const invite: FederationInput = { kind: 'invite', ...about, expiresMs: NOW + HOUR, nowMs: NOW };
const keys = keysOf(1, 'north');
const enrol: FederationInput = { kind: 'enrol', ...about, keys, certificate, nowMs: NOW };
const FOUR_KEYS = Array.from({ length: 4 }, () => 'site.key_registered');

test('an enrolment writes one leaf for the site and one for each key, with the proof of possession', () => {
  const { types, leaves, state } = play(genesis, invite, enrol);
  expect(types).toEqual(['log.genesis', 'access.granted', 'site.enrolled', ...FOUR_KEYS]);
  expect(leaves.slice(3).map(({ signed }) => signed?.length)).toEqual([1, 1, 1, 1]);
  expect(state).toMatchObject({
    members: [{ kind: 'hospital', id: 'north', certificates: [certificate] }],
    pending: [],
  });
});

test('a hint beside a signature is the peer’s to choose, and does not reach the log', () => {
  const marked = keys.map((key) => ({
    ...key,
    statement: {
      ...key.statement,
      signatures: key.statement.signatures.map(({ sig }) => ({ keyid: 'Dr. Jane Doe', sig })),
    },
  }));
  const { leaves } = play(genesis, invite, { ...enrol, keys: marked });
  expect(leaves).toHaveLength(7);
  expect(JSON.stringify(leaves)).not.toContain('Jane');
});

test('an invite is used once, ends in time, and is good for one name', () => {
  expect(play(genesis, invite, enrol, enrol).refused).toEqual(['INVITE_USED']);
  expect(play(genesis, invite, { ...enrol, nowMs: NOW + HOUR }).refused).toEqual([
    'INVITE_EXPIRED',
  ]);
  expect(play(genesis, invite, { ...enrol, id: 'south' }).refused).toEqual(['INVITE_UNKNOWN']);
  expect(play(genesis, enrol).refused).toEqual(['INVITE_UNKNOWN']);
  expect(play(genesis, invite, invite).refused).toEqual(['INVITE_USED']);
});

test('nothing happens before the first leaf of the log', () => {
  expect(play(invite).refused).toEqual(['FEDERATION_ABSENT']);
  expect(play(genesis, genesis).types).toEqual(['log.genesis']);
});

test('a hospital that enrols again has its old keys revoked before the new ones are registered', () => {
  const second = 'cc'.repeat(32);
  const again: FederationInput = { ...invite, tokenSha256: second };
  const fresh = { ...certificate, sha256: 'dd'.repeat(32) };
  const enrolAgain: FederationInput = {
    ...enrol,
    ...{ tokenSha256: second, certificate: fresh, keys: keysOf(1, 'north', 9) },
  };
  const { types, state } = play(genesis, invite, enrol, again, enrolAgain);
  const four = Array.from({ length: 4 }, () => 'site.key_revoked');
  expect(types.slice(7)).toEqual(['access.granted', 'site.enrolled', ...four, ...FOUR_KEYS]);
  expect(state).toMatchObject({ members: [{ certificates: [fresh] }] });
  const stolen = { ...enrolAgain, keys } as FederationInput;
  expect(play(genesis, invite, enrol, again, stolen).refused).toEqual(['KEY_ALREADY_KNOWN']);
});

test('a renewed certificate stands beside the old one until that ends', () => {
  const renewed = { ...certificate, sha256: 'ee'.repeat(32), notAfterMs: NOW + 2 * HOUR };
  const renew = { kind: 'renew', subject: 'hospital', id: 'north', certificate: renewed } as const;
  const early = play(genesis, invite, enrol, { ...renew, nowMs: NOW + 1 });
  expect(early.types.at(-1)).toBe('access.granted');
  expect(early.state).toMatchObject({ members: [{ certificates: [certificate, renewed] }] });
  const late = play(genesis, invite, enrol, { ...renew, nowMs: NOW + HOUR });
  expect(late.state).toMatchObject({ members: [{ certificates: [renewed] }] });
  expect(play(genesis, { ...renew, nowMs: NOW }).refused).toEqual(['CERTIFICATE_REVOKED']);
});

test('whoever is removed has no certificate left, and its keys are revoked', () => {
  const remove = { kind: 'remove', subject: 'hospital', id: 'north', nowMs: NOW } as const;
  const { types, state } = play(genesis, invite, enrol, remove);
  expect(types.slice(7)).toEqual([
    'site.left',
    ...Array.from({ length: 4 }, () => 'site.key_revoked'),
  ]);
  expect(state).toMatchObject({ members: [] });
  expect(play(genesis, remove).refused).toEqual(['MEMBER_UNKNOWN']);
});

test('a researcher has no keys here, and changes a role', () => {
  const person = { tokenSha256: TOKEN, subject: 'researcher', id: 'r1' } as const;
  const { types, leaves } = play(
    genesis,
    { kind: 'invite', ...person, expiresMs: NOW + HOUR, nowMs: NOW },
    { kind: 'enrol', ...person, keys: [], certificate, nowMs: NOW },
    { kind: 'remove', subject: 'researcher', id: 'r1', nowMs: NOW },
  );
  expect(types.slice(2)).toEqual(['role.changed', 'role.changed']);
  expect(leaves.at(-1)?.data).toEqual({ subject: 'researcher/r1', role: 'none' });
});

test('refusals, exports, releases and fetches are leaves; a model that was not released is not fetched', () => {
  const first = rfc3339(NOW);
  const item = { kind: 'access', peer: 'unknown', code: 'INVITE_USED', count: 3 } as const;
  const release = {
    kind: 'release',
    study: 'heart',
    model: 'ff'.repeat(32),
    roundLeaf: 7,
  } as const;
  const { types, refused } = play(
    genesis,
    { kind: 'refusals', items: [{ ...item, first, last: first }], nowMs: NOW },
    { kind: 'refusals', items: [], nowMs: NOW },
    { kind: 'export', profile: 'log', to: 2, recipient: 'auditor/a1', nowMs: NOW },
    { kind: 'fetch', study: 'heart', by: 'researcher/r1', nowMs: NOW },
    { ...release, nowMs: NOW },
    { ...release, nowMs: NOW },
    { kind: 'fetch', study: 'heart', by: 'researcher/r1', nowMs: NOW },
  );
  expect(types.slice(1)).toEqual([
    'refusals.recorded',
    'export.performed',
    'model.released',
    'model.fetched',
  ]);
  expect(refused).toEqual(['MODEL_NOT_RELEASED']);
});
