import { describe, expect, it } from 'vitest';
import { nodeSuite as suite } from '@plexus/suite';
import { approved, isOver } from '../../../../core/src/round/coordinator/approvals.ts';
import { closing } from '../../../../core/src/round/coordinator/outcome.ts';
import { fewest, PATIENCE_MS } from '../../../../core/src/round/coordinator/round.ts';
import { nextTickMs, studyMachine } from '../../../../core/src/round/coordinator/study.ts';
import type { StudyState } from '../../../../core/src/round/coordinator/study-state.ts';
import { canonicalJson } from '../../../../core/src/base/canonical-json.ts';
import { asJson } from '../../../../core/src/study/parse.ts';
import { initialState } from '../../../../core/src/task/task.ts';
import { decodeTensors, encodeTensors } from '../../../../core/src/task/tensors.ts';
import { playRound } from '../../task/federation.ts';
import { plainEngine } from '../../task/plain-engine.ts';
import { settingsOf } from '../../../../core/src/round/coordinator/study.ts';
import { HOSPITALS, smallManifest } from '../study.ts';
import { createFederation, type Federation } from './federation.ts';

function running(secagg: Readonly<Record<string, unknown>> = {}): Federation {
  const federation = createFederation(smallManifest(secagg));
  federation.submit();
  for (const hospital of HOSPITALS) expect(federation.decide(hospital)).toBeUndefined();
  return federation;
}

function typesOf({ leaves }: Federation): readonly string[] {
  return leaves.map(({ type }) => type);
}

describe('a study at the coordinator', () => {
  it('runs from submission to the end, and its model is the one of the plain sums', () => {
    const federation = running();
    federation.run();
    expect(federation.state()).toMatchObject({ phase: 'completed', roundsDone: 4, round: 4 });
    const { study, setting } = settingsOf(suite, smallManifest());
    const { tasks, manifest } = study;
    let state = initialState(suite, { ...study, schema: manifest.data });
    for (const [task, rounds] of [1, 2, 1].entries())
      for (let roundInTask = 0; roundInTask < rounds; roundInTask++)
        ({ state } = playRound(setting({ task, roundInTask }).taskContext, state, plainEngine()));
    expect(tasks).toHaveLength(3);
    expect(decodeTensors(federation.model())).toEqual(decodeTensors(encodeTensors(state)));
    const types = typesOf(federation);
    expect(types.slice(0, 6)).toEqual([
      'study.submitted',
      'study.approved',
      'study.approved',
      'study.approved',
      'study.approved',
      'study.activated',
    ]);
    expect(types.filter((type) => type === 'round.aggregated')).toHaveLength(4);
    expect(types.at(-1)).toBe('study.closed');
    const heard = federation.told
      .filter(({ to }) => to === 'north')
      .map(({ message }) => message.kind);
    expect(heard.slice(0, 2)).toEqual(['study-offer', 'round-offer']);
    expect(heard.at(-1)).toBe('study-ended');
  });

  it('replays from its journal to the same state (I7)', () => {
    const federation = running();
    federation.run();
    const machine = studyMachine(suite);
    let state: StudyState = machine.initial;
    for (const input of federation.journal) ({ state } = machine.step(state, input));
    expect(canonicalJson(asJson(state))).toBe(canonicalJson(asJson(federation.state())));
  });

  it('loses one hospital at every message and goes on with the others; the lost one is in the next round', () => {
    for (const kind of ['round-offer', 'open', 'keys', 'shares', 'agree', 'unmask'] as const) {
      const federation = running();
      federation.silent = (hospital, message) => {
        const { state } = federation;
        const now = state();
        return (
          hospital === 'west' && message.kind === kind && now.phase === 'running' && now.round === 2
        );
      };
      federation.run();
      expect(federation.state(), kind).toMatchObject({ phase: 'completed', roundsDone: 4 });
      const sums = federation.leaves.filter(({ type }) => type === 'round.aggregated');
      const inSum = kind === 'agree' || kind === 'unmask';
      expect(sums[1]?.data['survivors'], kind).toEqual(inSum ? [1, 2, 3, 4] : [1, 2, 4]);
      expect(sums[2]?.data['survivors'], kind).toEqual([1, 2, 3, 4]);
      expect(typesOf(federation), kind).toContain('round.hospital_dropped');
    }
  });

  it('tries a round again, later each time, while no vector of it was committed', () => {
    const federation = running();
    federation.silent = (hospital, message) =>
      message.kind === 'keys' && (hospital === 'west' || hospital === 'east') && sessions() < 3;
    const sessions = (): number =>
      federation.leaves.filter(({ type }) => type === 'session.opened').length;
    federation.run();
    expect(federation.state()).toMatchObject({ phase: 'completed', roundsDone: 4 });
    const aborted = federation.leaves.filter(({ type }) => type === 'round.aborted');
    expect(aborted.map(({ data }) => data['attempt'])).toEqual([1, 2]);
    expect(aborted.map(({ code }) => code)).toEqual(['SURVIVORS_TOO_FEW', 'SURVIVORS_TOO_FEW']);
    const ended = federation.told.filter(({ message }) => message.kind === 'session-ended');
    expect(ended.some(({ message }) => 'outcome' in message && message.outcome === 'aborted')).toBe(
      true,
    );
  });

  it('fails when two sessions of a round died after somebody had signed their survivors (4.7)', () => {
    const federation = running();
    federation.silent = (hospital, message) =>
      message.kind === 'agree' && hospital !== 'north' && hospital !== 'south';
    federation.run();
    expect(federation.state()).toMatchObject({ phase: 'failed', code: 'RETRY_EXHAUSTED' });
    const aborted = federation.leaves.filter(({ type }) => type === 'round.aborted');
    expect(aborted.map(({ code }) => code)).toEqual(['SURVIVORS_TOO_FEW', 'SURVIVORS_TOO_FEW']);
    expect(typesOf(federation).slice(-2)).toEqual(['round.aborted', 'study.closed']);
    expect(federation.told.at(-1)?.message).toMatchObject({ outcome: 'failed' });
  });

  it('gives a round up before its session when too few are ready, and says so', () => {
    const federation = running({ minCohort: 3 });
    federation.silent = (hospital, message) =>
      message.kind === 'round-offer' && message.attempt === 1 && hospital > 'o';
    federation.run();
    const [first] = federation.leaves.filter(({ type }) => type === 'round.aborted');
    expect(first).toMatchObject({ code: 'COHORT_TOO_SMALL', data: { phase: 'ready' } });
    expect(federation.state()).toMatchObject({ phase: 'completed' });
  });

  it('waits for enough hospitals, a little for all of them, and never twice for one that is away', () => {
    const federation = running();
    federation.present.delete('east');
    federation.present.delete('west');
    federation.run();
    expect(typesOf(federation).at(-1)).toBe('study.activated');
    federation.present.add('west');
    const before = federation.nowMs;
    expect(fewest(settingsOf(suite, smallManifest()))).toBe(3);
    federation.run();
    expect(federation.state()).toMatchObject({ phase: 'completed' });
    expect(federation.nowMs - before).toBeLessThan(2 * PATIENCE_MS);
    const offers = federation.leaves.filter(({ type }) => type === 'round.offered');
    expect(offers.map(({ data }) => data['invited'])).toEqual(Array(4).fill([1, 2, 3]));
  });
});

describe('what hospitals decide', () => {
  it('starts by itself when all have answered, and by the researcher when enough have', () => {
    const federation = createFederation(smallManifest());
    federation.submit();
    const start = { kind: 'start', by: 'researcher/r1', nowMs: federation.nowMs } as const;
    expect(federation.feed(start)).toBe('STUDY_NOT_APPROVED');
    for (const hospital of ['north', 'south', 'west']) federation.decide(hospital);
    expect(federation.state().phase).toBe('approval');
    expect(federation.feed(start)).toBeUndefined();
    expect(federation.feed(start)).toBe('STUDY_RUNNING');
    federation.run();
    expect(federation.state()).toMatchObject({ phase: 'completed' });
    expect(federation.feed(start)).toBe('STUDY_ENDED');
    expect(federation.decide('east')).toBe('STUDY_ENDED');
    expect(federation.feed({ ...start, kind: 'cancel' })).toBe('STUDY_ENDED');
  });

  it('takes a first withdrawal for a refusal, and lets a hospital think again', () => {
    const federation = createFederation(smallManifest());
    federation.submit();
    federation.decide('north', 'withdraw');
    expect(typesOf(federation).at(-1)).toBe('study.refused');
    expect(federation.decide('north')).toBeUndefined();
    const state = federation.state();
    if (state.phase === 'absent') throw new Error('absent');
    expect(approved(state, federation.nowMs)).toEqual([1]);
    expect(approved(state, federation.nowMs + 2 * 86_400_000)).toEqual([]);
    expect(isOver(state)).toBe(false);
  });

  it('a withdrawal is for good, ends the hospital’s part at once, and too many end the study', () => {
    const federation = running();
    federation.run(() => typesOf(federation).includes('session.opened'));
    federation.decide('west', 'withdraw');
    federation.silent = (hospital) => hospital === 'west';
    expect(federation.decide('west')).toBe('STUDY_WITHDRAWN');
    federation.run(() => typesOf(federation).includes('round.aggregated'));
    const [sum] = federation.leaves.filter(({ type }) => type === 'round.aggregated');
    expect(sum?.data['survivors']).toEqual([1, 2, 4]);
    const drop = federation.leaves.find(({ type }) => type === 'round.hospital_dropped');
    expect(drop?.data).toMatchObject({ hospital: 3, cause: 'withdrawn' });
    federation.decide('east', 'withdraw');
    federation.run();
    expect(federation.state()).toMatchObject({ phase: 'failed', code: 'STUDY_NOT_APPROVED' });
  });

  it('refuses a decision of a stranger, of another hospital, and one that cannot stand in a leaf', () => {
    const federation = createFederation(smallManifest());
    const nowMs = federation.nowMs;
    const study = 'heart-small';
    expect(federation.feed({ kind: 'start', by: 'researcher/r1', nowMs })).toBe('STUDY_UNKNOWN');
    federation.submit();
    federation.decide('north');
    const said = federation.journal.at(-1);
    if (said?.kind !== 'message' || said.message.kind !== 'decision')
      throw new Error('no decision');
    const { envelope } = said.message;
    const as = (hospital: string, over: object = {}) =>
      federation.feed({
        kind: 'message',
        hospital,
        message: { kind: 'decision', study, envelope: { ...envelope, ...over } },
        nowMs,
      });
    expect(as('nowhere')).toBe('MEMBER_NOT_ALLOWED');
    expect(as('south')).toBe('SENDER_MISMATCH');
    expect(as('south', { payloadType: 'text/html' })).toBe('ENCODING_INVALID');
    expect(as('south', { payload: 'A'.repeat(30_000) })).toBe('ENCODING_INVALID'); // leaf too long
    expect(as('north')).toBeUndefined(); // again: nothing
    expect(typesOf(federation)).toHaveLength(2);
  });

  it('the same study again is no error, another of its name is', () => {
    const federation = running();
    const nowMs = federation.nowMs;
    const before = federation.leaves.length;
    const again = { kind: 'submit', model: '00'.repeat(32), by: 'researcher/r1', nowMs } as const;
    expect(federation.feed({ ...again, manifest: smallManifest() })).toBeUndefined();
    expect(federation.feed({ ...again, manifest: smallManifest({ minCohort: 4 }) })).toBe(
      'STUDY_EXISTS',
    );
    expect(federation.leaves).toHaveLength(before);
  });

  it('is cancelled at any time; nothing more is offered', () => {
    const federation = running();
    federation.run(() => typesOf(federation).includes('session.opened'));
    const { nowMs } = federation;
    const now = federation.state();
    if (now.phase !== 'running') throw new Error(now.phase);
    expect(closing(now)).not.toHaveProperty('current');
    expect(nextTickMs(closing(now), nowMs)).toBe(nowMs);
    expect(federation.feed({ kind: 'cancel', by: 'researcher/r1', nowMs })).toBeUndefined();
    federation.run();
    expect(federation.state().phase).toBe('cancelled');
    expect(typesOf(federation).at(-1)).toBe('study.cancelled');
    expect(nextTickMs(federation.state(), nowMs)).toBeUndefined();
  });
});

describe('what a hospital says at the wrong time', () => {
  it('about another round or attempt is ROUND_STALE, without an invitation MEMBER_NOT_ALLOWED', () => {
    const federation = running();
    federation.present.delete('east');
    federation.silent = (_, message) => message.kind === 'round-offer';
    federation.run(() => typesOf(federation).includes('round.offered'));
    const nowMs = federation.nowMs;
    const ready = {
      kind: 'ready',
      study: 'heart-small',
      round: 1,
      attempt: 1,
      engine: 'plain/1.0.0',
    } as const;
    const say = (hospital: string, message: object) =>
      federation.feed({ kind: 'message', hospital, message: { ...ready, ...message }, nowMs });
    expect(say('north', { round: 2 })).toBe('ROUND_STALE');
    expect(say('north', { attempt: 2 })).toBe('ROUND_STALE');
    expect(say('east', {})).toBe('MEMBER_NOT_ALLOWED');
    expect(say('north', { engine: 'Some Engine' })).toBe('ENCODING_INVALID');
    expect(say('north', {})).toBeUndefined();
    expect(say('north', {})).toBeUndefined();
    expect(typesOf(federation).filter((type) => type === 'round.ready')).toHaveLength(1);
    const unable = {
      kind: 'unable',
      study: 'heart-small',
      round: 1,
      attempt: 1,
      code: 'DATA_TIMEOUT',
    } as const;
    expect(
      federation.feed({ kind: 'message', hospital: 'south', message: unable, nowMs }),
    ).toBeUndefined();
    expect(federation.leaves.find(({ code }) => code === 'DATA_TIMEOUT')?.data).toMatchObject({
      hospital: 2,
      cause: 'unable',
    });
    expect(say('south', {})).toBe('ROUND_STALE'); // too few are left: the next attempt is due
  });

  it('a refusal of what it was sent counts as a loss at once, without waiting for the deadline', () => {
    const federation = running();
    federation.silent = (hospital, message) => message.kind === 'open' && hospital === 'west';
    const opened = () =>
      typesOf(federation).filter((type) => type === 'round.keys_advertised').length === 3;
    federation.run(opened);
    const state = federation.state();
    if (state.phase !== 'running' || state.current.phase !== 'session')
      throw new Error('no session');
    const { session } = state.current.session;
    const declined = {
      kind: 'declined',
      hospital: 'west',
      code: 'LOG_HEAD_REFUSED',
      nowMs: federation.nowMs,
    } as const;
    expect(federation.feed({ ...declined, hospital: 'x', of: { session } })).toBe(
      'MEMBER_NOT_ALLOWED',
    );
    const before = federation.leaves.length;
    federation.feed({ ...declined, of: { session: '00'.repeat(32) } });
    federation.feed({ ...declined, of: { round: 1, attempt: 1 } });
    expect(federation.leaves).toHaveLength(before);
    federation.feed({ ...declined, of: { session } });
    expect(federation.leaves.at(-1)).toMatchObject({
      type: 'round.hospital_dropped',
      code: 'LOG_HEAD_REFUSED',
      data: { hospital: 3, cause: 'declined' },
    });
    federation.run();
    expect(federation.state()).toMatchObject({ phase: 'completed' });
  });
});

describe('R4 that has begun', () => {
  /** All have agreed; two are gone before they release anything. */
  function halfReleased() {
    const federation = running();
    const agreed = () => typesOf(federation).filter((type) => type === 'round.survivors_agreed');
    federation.run(() => agreed().length === 4);
    federation.present.delete('west');
    federation.present.delete('east');
    const { state } = federation;
    const session = () => {
      const now = state();
      if (now.phase !== 'running' || now.current.phase !== 'session') throw new Error(now.phase);
      return now.current.session;
    };
    return { federation, session };
  }

  it('is finished by whoever comes back after its deadline, since finishing beats any retry (4.6)', () => {
    const { federation, session } = halfReleased();
    const { deadlineMs, lastMs } = session();
    expect(deadlineMs).toBeLessThan(lastMs);
    federation.run(() => federation.nowMs >= deadlineMs);
    expect(session()).toMatchObject({ phase: 'unmask', lost: [] });
    federation.present.add('west');
    federation.run();
    const [sum] = federation.leaves.filter(({ type }) => type === 'round.aggregated');
    expect(sum?.data['survivors']).toEqual([1, 2, 3, 4]);
    expect(typesOf(federation)).not.toContain('round.aborted');
  });

  it('waits for hospitals whose deadline passed while the coordinator was away', () => {
    const { federation, session } = halfReleased();
    const { lastMs } = session();
    const tick = { kind: 'tick', nowMs: lastMs, present: [] } as const;
    federation.feed({ ...tick, graceMs: lastMs + 1 });
    expect(session()).toMatchObject({ phase: 'unmask', lost: [] });
    federation.feed({ ...tick, graceMs: lastMs });
    expect(session().lost).not.toEqual([]);
  });

  it('does so before the session too', () => {
    const federation = running();
    federation.silent = (hospital, message) =>
      hospital === 'west' && message.kind === 'round-offer';
    const waiting = () => {
      const now = federation.state();
      return now.phase === 'running' && now.current.phase === 'ready' ? now.current : undefined;
    };
    federation.run(() => waiting()?.ready.length === 3);
    const deadlineMs = waiting()?.deadlineMs ?? 0;
    const tick = { kind: 'tick', nowMs: deadlineMs, present: HOSPITALS } as const;
    const before = federation.leaves.length;
    federation.feed({ ...tick, graceMs: deadlineMs + 1 });
    expect(federation.leaves).toHaveLength(before);
    federation.feed(tick);
    expect(federation.leaves.length).toBeGreaterThan(before);
  });

  it('is given up when the session’s time is over, and the leaf says that shares were released', () => {
    const { federation, session } = halfReleased();
    const { lastMs } = session();
    federation.run(() => typesOf(federation).includes('round.aborted'));
    expect(federation.nowMs).toBe(lastMs);
    const aborted = federation.leaves.find(({ type }) => type === 'round.aborted');
    expect(aborted).toMatchObject({
      code: 'SURVIVORS_TOO_FEW',
      data: { phase: 'unmask', shares_released: true },
    });
  });
});
