import { expect, test } from 'vitest';
import { hex, type Bytes, type LeafDraft } from '@plexus/core';
import { nodeSuite as suite } from '@plexus/suite';
import { leafBytes } from '../../../../core/src/audit/leaf.ts';
import { openMasks } from '../../../../core/src/round/coordinator/open-masks.ts';
import { hospitalOf } from '../../../../core/src/round/coordinator/effects.ts';
import { answered, expected, missing } from '../../../../core/src/round/coordinator/exchange.ts';
import { openSession } from '../../../../core/src/round/coordinator/open.ts';
import { expand, type Outgoing } from '../../../../core/src/round/coordinator/outgoing.ts';
import { firstTranscript } from '../../../../core/src/round/coordinator/receive.ts';
import type {
  SessionContext,
  SessionState,
  SessionStep,
} from '../../../../core/src/round/coordinator/session-state.ts';
import { stepSession, type SessionInput } from '../../../../core/src/round/coordinator/session.ts';
import { refuseAnswer } from '../../../../core/src/round/coordinator/take.ts';
import {
  layoutBytes,
  layoutHash,
  layoutWords,
  makeLayout,
} from '../../../../core/src/secagg/layout.ts';
import { encodeVector } from '../../../../core/src/secagg/quantise.ts';
import { sumAndUnmask } from '../../../../core/src/secagg/unmasking.ts';
import { got, rulesOf, SESSION, seedOf } from '../../secagg/session.ts';
import { createHospital, type Answer } from './hospital.ts';

const layout = makeLayout([
  { name: 'update/w', length: 5, encoding: 'fixed24', clip: '1' },
  { name: 'weight', length: 1, encoding: 'count32' },
]);
const rules = rulesOf({
  timeoutsMs: { ready: 10, advertise: 10, share: 10, masked: 10, agree: 10, unmask: 10 },
});
const HEART = { round: 3, attempt: 1, model: '0b'.repeat(32), session: SESSION };

interface Play {
  readonly state: SessionState;
  readonly leaves: readonly string[];
  readonly words: Uint32Array | undefined;
  readonly plain: (members: readonly number[]) => Uint32Array;
  readonly context: SessionContext;
  readonly lastAnswers: readonly { readonly from: number; readonly answer: Answer }[];
}

/** Plays a session of n hospitals; `silent` names who stops answering from which message on. */
function play(n: number, silent: ReadonlyMap<number, Answer['kind']> = new Map()): Play {
  const cohort = Array.from({ length: n }, (_, i) => i + 1);
  const vectors = new Map(
    cohort.map((u) => {
      const values = new Map([
        ['update/w', Float64Array.from({ length: 5 }, (_, k) => Math.sin(u * 7 + k))],
        ['weight', Float64Array.of(10 * u)],
      ]);
      return [u, encodeVector(suite, layout, rules.maxCohort, values, seedOf(u)).words] as const;
    }),
  );
  const hospitals = new Map(
    cohort.map((u) => [u, createHospital(u, rules, layout, got(vectors, u))] as const),
  );
  const context: SessionContext = {
    suite,
    study: 'heart',
    manifestHash: '0a'.repeat(32),
    layoutHash: hex(layoutHash(suite, layout)),
    vectorBytes: layoutBytes(layout),
    vectorWords: layoutWords(layout),
    roster: cohort.map((index) => ({
      index,
      hospital: `h${String(index)}`,
      identityKey: got(hospitals, index).identityKey,
      cosignerKey: '',
    })),
    rules,
  };
  const kept = new Map<string, Bytes>();
  const blobs = new Map<number, Bytes>();
  const leaves: string[] = [];
  const outbox: { to: number; message: Outgoing }[] = [];
  const lastAnswers: { from: number; answer: Answer }[] = [];
  const mute = new Set<number>();
  let nowMs = 0;
  let awake = false as boolean;

  const take = (step: SessionStep): SessionState => {
    const drafts: LeafDraft[] = [];
    for (const effect of step.effects) {
      if (effect.kind === 'leaf') drafts.push(effect.leaf);
      if (effect.kind === 'keep') kept.set(effect.digest, effect.bytes);
      if (effect.kind === 'send')
        outbox.push({ to: Number(effect.to.slice('hospital/h'.length)), message: effect.message });
      if (effect.kind === 'wake') awake = true;
      if (effect.kind === 'reject') throw new Error(effect.code);
    }
    if (step.effects.length > 0) expect(drafts).toHaveLength(1); // I6
    for (const draft of drafts) {
      leafBytes(draft, stamp(leaves.length)); // throws if the leaf does not fit its schema
      leaves.push(draft.type);
    }
    return step.state;
  };
  const step = (state: SessionState, input: SessionInput): SessionState => {
    const before = JSON.stringify(state);
    const next = stepSession(context, state, input);
    expect(JSON.stringify(state)).toBe(before);
    return take(next);
  };

  let state = take(openSession(context, { ...HEART, cohort, nowMs }));
  for (let i = 0; i < 500 && state.phase !== 'summing' && state.phase !== 'aborted'; i++) {
    const next = outbox.shift();
    if (awake) {
      awake = false;
      if (next !== undefined) outbox.unshift(next);
      state = step(state, { kind: 'tick', nowMs });
    } else if (next === undefined) {
      nowMs = state.deadlineMs;
      state = step(state, { kind: 'tick', nowMs });
    } else {
      const message = expand(next.message, (digest) => got(kept, digest));
      const { answer, vector } = got(hospitals, next.to).hear(message);
      if (silent.get(next.to) === answer.kind) mute.add(next.to);
      if (mute.has(next.to)) continue;
      if (vector !== undefined) blobs.set(next.to, vector);
      const stored = vector && { sha256: hex(suite.sha256(vector)), bytes: vector.length };
      lastAnswers.push({ from: next.to, answer });
      state = step(state, {
        kind: 'message',
        from: next.to,
        message: answer,
        nowMs,
        ...(stored === undefined ? {} : { stored }),
        ...(answer.kind === 'release' ? { isAsDealt: true } : {}),
      });
    }
  }
  const opened =
    state.phase === 'summing'
      ? openMasks(context, state, (digest) => got(kept, digest))
      : undefined;
  if (opened?.kind === 'refused') throw new Error(opened.code);
  const vectorsOfU3 = state.u3.map((u) => got(blobs, u));
  const words = opened && sumAndUnmask(suite, layout, vectorsOfU3, opened.masks);
  return {
    state,
    leaves,
    words,
    context,
    lastAnswers,
    plain: (members) => {
      const sum = new Uint32Array(layoutWords(layout));
      for (const u of members)
        got(vectors, u).forEach((word, k) => {
          sum[k] = (sum[k] ?? 0) + word;
        });
      return sum;
    },
  };
}

function stamp(seq: number) {
  return {
    seq,
    log: 'coord.example.org/plexus/test',
    time: '2026-01-01T00:00:00.000Z',
    salt: 'AAAAAAAAAAAAAAAAAAAAAA',
    source: { system: 'coordinator', version: '0.1.0', build_sha256: '00'.repeat(32), node: 'a' },
    transition: { machine: 'study/heart', n: seq, input: '00'.repeat(32), state: '00'.repeat(32) },
  };
}

test('four hospitals: five exchanges give the exact integer sum, one leaf a transition (I6)', () => {
  const { state, words, plain, leaves } = play(4);
  expect(state.u3).toEqual([1, 2, 3, 4]);
  expect(words).toEqual(plain([1, 2, 3, 4]));
  expect(leaves.filter((type) => type === 'round.masked_update.received')).toHaveLength(4);
  expect(leaves.filter((type) => type === 'round.survivors_fixed')).toHaveLength(1);
});

test('T10: one of four lost at any exchange: the others finish, and the sum is exact over who sent a vector', () => {
  const after: readonly [Answer['kind'], readonly number[]][] = [
    ['advertise', [1, 2, 4]],
    ['share', [1, 2, 4]],
    ['masked', [1, 2, 4]],
    ['agreement', [1, 2, 3, 4]],
    ['release', [1, 2, 3, 4]],
  ];
  for (const [kind, survivors] of after) {
    const { state, words, plain, leaves } = play(4, new Map([[3, kind]]));
    expect(state.u3, kind).toEqual(survivors);
    expect(words, kind).toEqual(plain(survivors));
    expect(leaves.filter((type) => type === 'round.hospital_dropped').length, kind).toBe(1);
  }
});

test('T10: one more than n − T lost is a clean abort, and before R4 no share was released', () => {
  for (const kind of ['advertise', 'share', 'masked', 'agreement'] as const) {
    const { state, leaves, words } = play(
      4,
      new Map([
        [2, kind],
        [3, kind],
      ]),
    );
    expect(state.phase, kind).toBe('aborted');
    expect(state.failing, kind).toBe(
      kind === 'advertise' ? 'COHORT_TOO_SMALL' : 'SURVIVORS_TOO_FEW',
    );
    expect(words).toBeUndefined();
    expect(state.releases, kind).toEqual([]);
    expect(leaves.at(-1), kind).toBe('round.aborted');
  }
});

test('an answer out of its exchange, from a stranger, twice or of another session is refused and changes nothing (I10)', () => {
  const { state, context, lastAnswers } = play(
    4,
    new Map([
      [2, 'share'],
      [3, 'share'],
    ]),
  );
  const first = lastAnswers.find(({ answer }) => answer.kind === 'advertise');
  if (first === undefined) throw new Error('nobody advertised');
  const fresh = openSession(context, { ...HEART, cohort: [1, 2, 3, 4], nowMs: 0 }).state;
  const message = { kind: 'message', from: first.from, message: first.answer, nowMs: 1 } as const;
  const code = (on: SessionState, input: SessionInput) => {
    const { state: after, effects } = stepSession(context, on, input);
    if (effects[0]?.kind === 'reject') expect(after).toBe(on);
    return effects[0]?.kind === 'reject' ? effects[0].code : undefined;
  };
  // the same message again is an acknowledgement that got lost, whatever the phase is now
  expect(stepSession(context, state, message)).toEqual({ state, effects: [] });
  const late = lastAnswers.find(({ from }) => from !== first.from);
  expect(
    code({ ...state, advertisements: [], failing: undefined } as unknown as SessionState, message),
  ).toBe('PHASE_UNEXPECTED');
  expect(late).toBeDefined();
  const other = { ...first.answer, session: '77'.repeat(32) };
  expect(code(fresh, { ...message, message: other })).toBe('SESSION_UNKNOWN');
  expect(code(fresh, { ...message, from: 9 })).toBe('MEMBER_NOT_ALLOWED');
  expect(code(fresh, { ...message, from: 2 })).toBe('SENDER_MISMATCH');
  expect(code(fresh, message)).toBeUndefined();
  const { envelope } = first.answer;
  const named = {
    ...envelope,
    signatures: envelope.signatures.map(({ sig }) => ({ keyid: 'Li Wei', sig })),
  };
  // the hint goes into our leaf: a peer must not be able to make the leaf unwritable
  expect(code(fresh, { ...message, message: { ...first.answer, envelope: named } })).toBe(
    'ENCODING_INVALID',
  );
  const once = stepSession(context, fresh, message).state;
  expect(stepSession(context, once, message)).toEqual({ state: once, effects: [] });
  const signatures = envelope.signatures.map(({ sig }) => ({ keyid: 'coordinator', sig }));
  const second = { ...first.answer, envelope: { ...envelope, signatures } };
  expect(code(once, { ...message, message: second })).toBe('ALREADY_ANSWERED');
  expect(answered(once)).toEqual([first.from]);
  expect(missing(once)).toHaveLength(3);
  expect(expected(once)).toEqual([1, 2, 3, 4]);
  expect(refuseAnswer({ ...once, phase: 'agree' }, 'masked', [1], [], 1)).toBe('PHASE_CLOSED');
  expect(hospitalOf(context, 2)).toBe('hospital/h2');
});

test('a vector that was not uploaded is VECTOR_DIGEST_MISMATCH; another transcript is TRANSCRIPT_MISMATCH; both change nothing', () => {
  const { context, lastAnswers, state } = play(4);
  const masked = lastAnswers.find(({ answer }) => answer.kind === 'masked');
  if (masked === undefined) throw new Error('no vector');
  const open: SessionState = { ...state, phase: 'masked', masked: [], lost: [] };
  const input = { kind: 'message', from: masked.from, message: masked.answer, nowMs: 0 } as const;
  expect(stepSession(context, open, input).effects).toMatchObject([
    { code: 'VECTOR_DIGEST_MISMATCH' },
  ]);
  const other = { ...open, h2: '00'.repeat(32) };
  expect(stepSession(context, other, input).effects).toMatchObject([
    { code: 'TRANSCRIPT_MISMATCH' },
  ]);
  expect(firstTranscript(context, state)).toBe(state.h1);
});
