/** T17 as stories: a session dies with vectors in it, and the round is tried again under the rule of secure-aggregation.md 4.7. */
import { describe, expect, test } from 'vitest';
import { canonicalJson } from '../../../../core/src/base/canonical-json.ts';
import type { ToAgent } from '../../../../core/src/round/messages.ts';
import {
  checkRetry,
  declarations,
  exposedSessions,
  isExhausted,
  isExposed,
  keepsDistance,
} from '../../../../core/src/round/participant/retry.ts';
import type { KnownStudy } from '../../../../core/src/round/participant/state.ts';
import { isRefusal } from '../../../../core/src/round/participant/common.ts';
import { peekStatement } from '../../../../core/src/secagg/statements.ts';
import { asJson } from '../../../../core/src/study/parse.ts';
import { createFederation, type Federation } from '../coordinator/federation.ts';
import { HOSPITALS, smallManifest } from '../study.ts';
import { at, settings } from './moments.ts';

type Silence = (hospital: string, message: ToAgent, session: number) => boolean;

/** A study in which hospitals do not answer some messages of its first round; `session` counts its sessions from 1. */
function play(silent: Silence, prepare: (federation: Federation) => void = () => undefined) {
  const federation = createFederation(smallManifest());
  const sessions: string[] = [];
  federation.silent = (hospital, message) => {
    if (message.kind === 'open' && !sessions.includes(message.session))
      sessions.push(message.session);
    const now = federation.state();
    const isFirst = now.phase === 'running' && now.round === 1;
    return isFirst && silent(hospital, message, sessions.length);
  };
  federation.submit();
  for (const hospital of HOSPITALS) expect(federation.decide(hospital)).toBeUndefined();
  prepare(federation);
  federation.run();
  return federation;
}

function leaves(federation: Federation, type: string) {
  return federation.leaves.filter((leaf) => leaf.type === type);
}

/** `previous` of the M0 of each session. */
function declaredBy(federation: Federation, hospital: string) {
  return leaves(federation, 'round.keys_advertised')
    .filter(({ actor }) => actor['id'] === `hospital/${hospital}`)
    .flatMap(({ signed }) => signed ?? [])
    .map((envelope) => {
      const statement = peekStatement('advertise', envelope);
      return statement.kind === 'statement' ? statement.body.previous : [];
    });
}

const away =
  (kind: ToAgent['kind'], ...names: readonly string[]): Silence =>
  (hospital, message, session) =>
    session === 1 && message.kind === kind && names.includes(hospital);

describe('T17 a round whose first session died after vectors were committed', () => {
  test('T17 nobody signed its survivors: the retry is free, and each exposed hospital declares it', () => {
    // two never send their vector, so U3 is never fixed
    const federation = play(away('shares', 'west', 'east'));
    expect(federation.state()).toMatchObject({ phase: 'completed', roundsDone: 4 });
    expect(leaves(federation, 'round.aborted')).toMatchObject([{ code: 'SURVIVORS_TOO_FEW' }]);
    const [, second] = declaredBy(federation, 'north');
    expect(second).toMatchObject([{ session: expect.any(String) as string }]);
    expect(second?.[0]).not.toHaveProperty('agreed');
    expect(declaredBy(federation, 'west')[1]).toEqual([]);
    expect(federation.refusals).toEqual([]);
  });

  test('T17 the second session sends the same numbers under other masks: one look at the rows, one sum', () => {
    const federation = play(away('shares', 'west', 'east'));
    const quiet = play(() => false);
    expect(federation.model()).toEqual(quiet.model());
    const ofFirstRound = (hospital: string) =>
      federation.hospitals
        .get(hospital)
        ?.leaves.filter(({ type, round }) => type === 'rows.read' && round === 1);
    for (const hospital of HOSPITALS) expect(ofFirstRound(hospital)).toHaveLength(1);
    const vectors = leaves(federation, 'round.masked_update.received')
      .filter(({ actor, round }) => actor['id'] === 'hospital/north' && round === 1)
      .map(({ data }) => canonicalJson(asJson(data['upload'])));
    expect(new Set(vectors).size).toBe(2);
  });

  test('T17 somebody signed: the next sum is over the same survivors', () => {
    const federation = play(away('agree', 'west', 'east'));
    expect(federation.state()).toMatchObject({ phase: 'completed' });
    const [sum] = leaves(federation, 'round.aggregated');
    expect(sum?.data['survivors']).toEqual([1, 2, 3, 4]);
    expect(declaredBy(federation, 'north')[1]).toMatchObject([
      { agreed: { survivors: [1, 2, 3, 4] } },
    ]);
  });

  test('T17 a hospital that was lost before it, and comes back for the retry, is left out of the sum rather than isolated', () => {
    // first session: east is lost before its vector, so U3 = 1, 2, 3 is signed by one; then the session dies in R3
    const federation = play(
      (hospital, message, session) =>
        session === 1 &&
        ((message.kind === 'shares' && hospital === 'east') ||
          (message.kind === 'agree' && hospital !== 'north')),
    );
    expect(federation.state()).toMatchObject({ phase: 'completed' });
    const fixed = leaves(federation, 'round.survivors_fixed').filter(({ round }) => round === 1);
    expect(fixed.map(({ data }) => data['survivors'])).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ]);
    expect(
      leaves(federation, 'round.masked_update.received').filter(({ round }) => round === 1),
    ).toHaveLength(7);
  });

  test('T17 where no set keeps its distance the session ends with SURVIVORS_DIFFERENCING, and nobody is asked to sign', () => {
    const federation = play(
      (hospital, message, session) =>
        (session === 1 &&
          ((message.kind === 'shares' && hospital === 'east') ||
            (message.kind === 'agree' && hospital !== 'north'))) ||
        (session === 2 && message.kind === 'shares' && hospital === 'west'),
    );
    expect(leaves(federation, 'round.aborted').map(({ code }) => code)).toEqual([
      'SURVIVORS_TOO_FEW',
      'SURVIVORS_DIFFERENCING',
    ]);
    expect(federation.state()).toMatchObject({ phase: 'completed' });
    expect(federation.refusals).toEqual([]);
  });

  test('T17 without enough of the earlier session no round is offered: RETRY_UNRESOLVED would be the answer', () => {
    const federation = play(away('shares', 'west', 'east'), (one) => {
      const { silent } = one;
      one.silent = (hospital, message) => {
        if (message.kind === 'session-ended')
          for (const name of ['west', 'east']) one.present.delete(name);
        return silent(hospital, message);
      };
    });
    expect(federation.state()).toMatchObject({ phase: 'running', round: 1 });
    expect(leaves(federation, 'session.opened')).toHaveLength(1);
  });
});

describe('T17 the hospital by itself', () => {
  const { state } = at('keys');
  const past = (...agreed: readonly boolean[]): KnownStudy['past'] =>
    agreed.map((isSigned, i) => ({
      session: String(i).padStart(64, '0'),
      u1: [1, 2, 3, 4],
      ...(isSigned && {
        agreed: {
          survivors: [1, 2, 3],
          agreement: { payload: '', payloadType: '', signatures: [] },
        },
      }),
    }));

  test('T17 is exposed from its vector on, and remembers it when the session is left', () => {
    expect(
      [at('open'), at('shares'), at('agree'), at('unmask')].map((one) => isExposed(one.state)),
    ).toEqual([false, false, true, true]);
    const early = at('shares').state;
    const earlier = [{ session: '0d'.repeat(32), u1: [1, 2, 3] }];
    expect(exposedSessions({ ...early, past: earlier })).toEqual(earlier);
    expect(exposedSessions(at('shares').state)).toEqual([]);
    expect(exposedSessions(at('agree').state)).toMatchObject([{ u1: [1, 2, 3, 4] }]);
    expect(exposedSessions(at('unmask').state)).toMatchObject([
      { agreed: { survivors: [1, 2, 3, 4] } },
    ]);
    expect(declarations({ ...state, past: past(false) })).toEqual([{ session: '0'.repeat(64) }]);
  });

  test('T17 refuses a third sum, too few returners, and survivors too near', () => {
    expect(isExhausted({ ...state, past: past(true, false) })).toBe(false);
    expect(isExhausted({ ...state, past: past(true, true) })).toBe(true);
    const m0 = at('keys').message.advertisements.flatMap((envelope) => {
      const statement = peekStatement('advertise', envelope);
      return statement.kind === 'statement' ? [statement] : [];
    });
    const inside = (of: KnownStudy) => {
      const { session, round } = of;
      if (session === undefined || round === undefined) throw new Error('no session');
      return { settings, state: of, session, round };
    };
    expect(checkRetry(inside(state), m0)).toEqual([]);
    const unresolved = checkRetry(inside({ ...state, past: past(false) }), m0.slice(0, 2));
    expect(isRefusal(unresolved) && unresolved.code).toBe('RETRY_UNRESOLVED');
    const { state: agreeing } = at('agree');
    if (agreeing.session === undefined) throw new Error('no session');
    const near = { ...agreeing, session: { ...agreeing.session, rivals: [[1, 2, 3]] } };
    expect(keepsDistance(inside(near), [1, 2, 3, 4])).toBe(false);
    expect(keepsDistance(inside(near), [1, 2, 3])).toBe(true);
  });
});
