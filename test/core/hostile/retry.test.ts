/** T17 (secure-aggregation.md section 10) against one hospital: a coordinator that tries for two sums that subtract to it. */
import { describe, expect, test } from 'vitest';
import { nodeSuite as suite } from '@plexus/suite';
import type { Envelope } from '../../../core/src/base/dsse.ts';
import type { KnownStudy, PastSession } from '../../../core/src/round/participant/state.ts';
import type { PreviousSession } from '../../../core/src/secagg/bodies.ts';
import { peekStatement, signStatement } from '../../../core/src/secagg/statements.ts';
import { at, logged, resigned } from '../round/participant/moments.ts';
import { keySeed } from '../round/study.ts';
import { victimBefore } from './victim.ts';

const EARLIER = 'e1'.repeat(32);
const { message: keys } = at('keys');

/** M3 of a hospital in the earlier session of the same round and model. */
function m3(signer: number, by = signer): Envelope {
  const m0 =
    keys.advertisements[signer - 1] && peekStatement('advertise', keys.advertisements[signer - 1]!);
  if (m0?.kind !== 'statement') throw new Error('no M0');
  const header = { ...m0.header, session: EARLIER };
  const key = { keyid: 'x', seed: keySeed(by, 'identity') };
  return signStatement(suite, key, 'agree', header, { h2: '01'.repeat(32), h3: '02'.repeat(32) });
}

function signedIn(session: string, survivors: readonly number[], signer: number): PreviousSession {
  return { session, agreed: { survivors, agreement: m3(signer) } };
}

function pastOf(session: string, survivors?: readonly number[]): PastSession {
  return {
    session,
    u1: [1, 2, 3, 4],
    ...(survivors && { agreed: { survivors, agreement: m3(1) } }),
  };
}

function exposed(...past: readonly PastSession[]): (state: KnownStudy) => KnownStudy {
  return (state) => ({ ...state, past });
}

/** R1 in which hospital 2 declares something. */
function declaring(previous: readonly PreviousSession[]) {
  const advertisements = keys.advertisements.map((one, i) =>
    i === 1 ? resigned('advertise', one, { previous }) : one,
  );
  return { ...keys, advertisements };
}

describe('T17 one hospital and a second session of its round', () => {
  test('T17 declares in M0 where it was exposed, with the set it signed', () => {
    const victim = victimBefore('open', exposed(pastOf(EARLIER, [1, 2, 3])));
    expect(victim.ask(at('open').message)).toBe('answered');
    expect(victim.signed('advertise')).toMatchObject([
      { previous: [{ session: EARLIER, agreed: { survivors: [1, 2, 3] } }] },
    ]);
  });

  test('T17 joins no third sum (RETRY_EXHAUSTED), by its own memory or by what others declare', () => {
    const two = exposed(pastOf(EARLIER, [1, 2, 3]), pastOf('e2'.repeat(32), [1, 2, 3]));
    expect(victimBefore('open', two).ask(at('open').message)).toBe('RETRY_EXHAUSTED');
    const victim = victimBefore('keys');
    const other = 'e3'.repeat(32);
    const m0 = keys.advertisements[1] && peekStatement('advertise', keys.advertisements[1]);
    if (m0?.kind !== 'statement') throw new Error('no M0');
    const second = signStatement(
      suite,
      { keyid: 'x', seed: keySeed(2, 'identity') },
      'agree',
      { ...m0.header, session: other },
      { h2: '01'.repeat(32), h3: '02'.repeat(32) },
    );
    const both = [
      signedIn(EARLIER, [1, 2, 3], 2),
      { session: other, agreed: { survivors: [1, 2, 3], agreement: second } },
    ];
    expect(victim.ask(declaring(both))).toBe('RETRY_EXHAUSTED');
    expect(victim.sent).toEqual([]);
  });

  test('T17 gives no keys away while too few of the earlier session are back (RETRY_UNRESOLVED)', () => {
    const cohort = [1, 2, 3, 4, 5, 6, 7, 8, 9]; // T = 6, so 5 of them are needed and 4 are here
    const many = { session: EARLIER, u1: cohort };
    expect(victimBefore('keys', exposed(many)).ask(keys)).toBe('RETRY_UNRESOLVED');
    expect(victimBefore('keys', exposed(pastOf(EARLIER))).ask(keys)).toBe('answered');
  });

  test('T17 believes no survivor set without its signer’s own M3 of that session', () => {
    const forged = { session: EARLIER, agreed: { survivors: [1, 2, 3], agreement: m3(2, 3) } };
    const borrowed = { session: EARLIER, agreed: { survivors: [1, 2, 3], agreement: m3(3) } };
    const elsewhere = signedIn('e4'.repeat(32), [1, 2, 3], 2);
    const absent = signedIn(EARLIER, [1, 3, 4], 2);
    for (const [lie, code] of [
      [forged, 'SIGNATURE_INVALID'],
      [borrowed, 'SIGNATURE_INVALID'],
      [elsewhere, 'HEADER_MISMATCH'],
      [absent, 'LIST_MALFORMED'],
    ] as const) {
      const victim = victimBefore('keys');
      expect(victim.ask(declaring([lie]))).toBe(code);
      expect(victim.sent).toEqual([]);
    }
    expect(victimBefore('keys').ask(declaring([signedIn(EARLIER, [1, 2, 3], 2)]))).toBe('answered');
  });

  test('T17 signs no survivor set that lies too near to a declared one (SURVIVORS_DIFFERENCING)', () => {
    const near = (state: KnownStudy): KnownStudy => {
      if (state.session === undefined) throw new Error('no session');
      return { ...state, session: { ...state.session, rivals: [[1, 2, 3]] } };
    };
    const victim = victimBefore('agree', near);
    expect(victim.ask(at('agree').message)).toBe('SURVIVORS_DIFFERENCING');
    expect(victim.sent).toEqual([]);
    const learned = victimBefore('keys');
    learned.ask(declaring([signedIn(EARLIER, [1, 2, 3], 2)]));
    expect(learned.state()).toMatchObject({ session: { rivals: [[1, 2, 3]] } });
  });

  test('T17 sums no place of the study twice, and no second model in one round', () => {
    const { message } = at('round-offer');
    const offer = (change: object, data: object, about: object = {}) =>
      victimBefore('open').ask({
        ...message,
        ...change,
        ...logged('round-offer', {}, { ...data }, { ...about }),
      });
    const again = { task: 0, roundInTask: 0 };
    const place = { task: 0, round_in_task: 0 };
    expect(offer({ round: 3, ...again }, place, { round: 3 })).toBe('ROUND_STALE');
    expect(offer({ round: 3 }, {}, { round: 3 })).toBe('ROUND_STALE'); // the same place under a new number
    const model = '0d'.repeat(32);
    expect(offer({ attempt: 2, model }, { attempt: 2, model_in: model })).toBe('MODEL_MISMATCH');
    expect(offer({ attempt: 2 }, { attempt: 2 })).toBe('answered');
  });
});
