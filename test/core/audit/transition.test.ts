import { describe, expect, it } from 'vitest';
import { nodeSuite as suite } from '@plexus/suite';
import { canonicalBytes } from '../../../core/src/base/canonical-json.ts';
import { hex } from '../../../core/src/base/bytes.ts';
import { PlexusError } from '../../../core/src/base/error.ts';
import type { Effect, LeafDraft } from '../../../core/src/base/machine.ts';
import { parseLeaf } from '../../../core/src/audit/leaf.ts';
import { leafHash } from '../../../core/src/audit/merkle.ts';
import {
  checkReplay,
  prepareTransition,
  type StampBasics,
} from '../../../core/src/audit/transition.ts';

const draft: LeafDraft = {
  type: 'study.activated',
  action: 'U',
  outcome: 'success',
  actor: { kind: 'coordinator', id: 'coordinator', authn: 'local' },
  study: 'heart-07',
  data: { manifest_sha256: 'ab'.repeat(32) },
};

const basics: StampBasics = {
  seq: 3,
  log: 'coord.example.org/plexus/onco',
  time: '2026-03-02T10:15:04.120Z',
  salt: 'AAAAAAAAAAAAAAAAAAAAAA',
  source: {
    system: 'plexus-coordinator',
    version: '0.1.0',
    build_sha256: '00'.repeat(32),
    node: 'c1',
  },
};

const leaf: Effect<never, never> = { kind: 'leaf', leaf: draft };
const wake: Effect<never, never> = { kind: 'wake' };
const step = { input: { kind: 'tick', nowMs: 5 }, state: { phase: 'running' } };
const transition = { machine: 'study/heart-07', n: 2, ...step, effects: [leaf, wake] };

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (thrown) {
    if (thrown instanceof PlexusError) return thrown.code;
    throw thrown;
  }
  return 'none';
}

describe('one transition becomes one set of rows (audit-log.md L1 to L3)', () => {
  it('the leaf names machine, number, input and state, and hashes as RFC 6962 says', () => {
    const prepared = prepareTransition(suite, transition, basics);
    const parsed = parseLeaf(prepared.leaf);
    expect(parsed.transition).toEqual({
      machine: 'study/heart-07',
      n: 2,
      input: hex(suite.sha256(canonicalBytes(step.input))),
      state: hex(suite.sha256(canonicalBytes(step.state))),
    });
    expect(parsed.seq).toBe(3);
    expect(prepared.state).toEqual(canonicalBytes(step.state));
    expect(prepared.leafHash).toEqual(leafHash(suite, prepared.leaf));
    expect(prepared.journal.leafHash).toEqual(prepared.leafHash);
  });

  it.each([[[]], [[leaf, leaf]], [[wake]]])(
    'effects without exactly one leaf are refused (I6)',
    (effects) => {
      expect(codeOf(() => prepareTransition(suite, { ...transition, effects }, basics))).toBe(
        'TRANSITION_LEAF',
      );
    },
  );

  it('a draft outside the schema is a bug that names the field', () => {
    const wrong = { ...draft, data: { manifest_sha256: 'Wang Wei' } };
    expect(() =>
      prepareTransition(suite, { ...transition, effects: [{ kind: 'leaf', leaf: wrong }] }, basics),
    ).toThrow('data.manifest_sha256');
  });
});

describe('replay rebuilds every leaf (audit-log.md L6, I7)', () => {
  const { journal } = prepareTransition(suite, transition, basics);

  it('the same step is the same leaf', () => {
    const again = checkReplay(suite, basics.log, journal, { ...step, effects: [leaf] });
    expect(again.journal).toEqual(journal);
  });

  it.each([
    ['another state', { ...step, state: { phase: 'closed' }, effects: [leaf] }],
    ['another input', { ...step, input: { kind: 'tick', nowMs: 6 }, effects: [leaf] }],
    [
      'another leaf',
      {
        ...step,
        effects: [{ kind: 'leaf' as const, leaf: { ...draft, outcome: 'minor' as const } }],
      },
    ],
  ])('%s is refused', (_, again) => {
    expect(codeOf(() => checkReplay(suite, basics.log, journal, again))).toBe('REPLAY_MISMATCH');
  });
});
