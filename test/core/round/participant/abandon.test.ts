import { describe, expect, test } from 'vitest';
import {
  isExpired,
  signAbandon,
  takeExpired,
  takeRestored,
} from '../../../../core/src/round/participant/abandon.ts';
import { peekStatement } from '../../../../core/src/secagg/statements.ts';
import { victimBefore } from '../../hostile/victim.ts';
import { keySeed } from '../study.ts';
import { at, code, federation, logged, machine, settings } from './moments.ts';

const signer = { keyid: 'hospital/north', seed: keySeed(1, 'identity') };

describe('a session whose time is over (secure-aggregation.md 4, sessionTtl)', () => {
  const { state } = at('agree');
  const endMs = (state.session?.openedMs ?? 0) + settings.study.rules.sessionTtlMs;

  test('is abandoned with a signed M6, its secrets are wiped, and that it was exposed stays known', () => {
    expect(machine.expiry(state, signer, endMs - 1)).toBeUndefined();
    expect(machine.expiry(at('round-offer').state, signer, endMs)).toBeUndefined();
    const envelope = machine.expiry(state, signer, endMs);
    if (envelope === undefined) throw new Error('no M6');
    const m6 = peekStatement('abandon', envelope);
    expect(m6.kind === 'statement' && m6.body).toEqual({
      phase: 'masked',
      code: 'SESSION_EXPIRED',
    });
    const early = takeExpired(settings, state, { kind: 'expired', envelope, nowMs: endMs - 1 });
    expect(early.effects).toMatchObject([{ kind: 'reject', code: 'ROUND_STALE' }]);
    const { state: after, effects } = takeExpired(settings, state, {
      kind: 'expired',
      envelope,
      nowMs: endMs,
    });
    expect(after).toMatchObject({ past: [{ u1: [1, 2, 3, 4] }] });
    expect(after).not.toHaveProperty('session');
    expect(effects).toMatchObject([
      { leaf: { type: 'session.abandoned', code: 'SESSION_EXPIRED' } },
      { kind: 'retract' },
      { kind: 'wipe' },
      { message: { kind: 'abandon' } },
    ]);
  });

  test('is answered to the end, and never after it', () => {
    expect(isExpired(settings, state, endMs - 1)).toBe(false);
    const victim = victimBefore('agree');
    const envelope = signAbandon(settings, state, signer);
    expect(victim.feed({ kind: 'expired', envelope, nowMs: endMs })).toBeUndefined();
    expect(victim.ask(at('agree').message)).toBe('SESSION_CLOSED');
    expect(victim.ask(at('unmask').message)).toBe('SESSION_CLOSED');
    expect(victim.ask(at('open').message)).toBe('SESSION_REUSED');
    expect(() => signAbandon(settings, at('open').state, signer)).toThrow(/session/);
  });
});

describe('a database from a backup (secure-aggregation.md 4.8)', () => {
  test('leaves what was open, and sits out the round that was under way (STORE_ROLLED_BACK)', () => {
    const { state } = at('agree');
    const { nowMs } = federation;
    const restored = takeRestored(settings, state, { kind: 'restored', nowMs });
    expect(restored.state).not.toHaveProperty('session');
    expect(restored.state).not.toHaveProperty('round');
    expect(restored.effects).toMatchObject([
      { leaf: { code: 'STORE_ROLLED_BACK' } },
      { kind: 'retract' },
      { kind: 'wipe' },
      { kind: 'wipe' },
    ]);
    const offer = at('round-offer').message;
    const next = { round: 3, roundInTask: offer.roundInTask + 1 };
    const asked = (attempt: number, time: string) =>
      code(
        'round-offer',
        logged(
          'round-offer',
          { ...next, attempt },
          { round_in_task: next.roundInTask, attempt },
          { round: 3, time },
        ),
        restored.state,
      );
    const after = new Date(nowMs + 1).toISOString();
    expect(asked(1, new Date(nowMs).toISOString())).toBe('STORE_ROLLED_BACK');
    expect(asked(2, after)).toBe('STORE_ROLLED_BACK');
    expect(asked(1, after)).toBe('feed');
  });

  test('a statement of one’s own that one does not know is noticed: OWN_MESSAGE_ALTERED', () => {
    for (const kind of ['keys', 'shares', 'agree'] as const) {
      const { state } = at(kind);
      if (state.session === undefined) throw new Error('no session');
      const said = { ...state.session.said, advertise: 'x', share: 'x', masked: 'x' };
      expect(code(kind, {}, { ...state, session: { ...state.session, said } })).toBe(
        'OWN_MESSAGE_ALTERED',
      );
    }
  });
});

describe('T8 one session, one answer an exchange', () => {
  test('T8 the same request again is acknowledged and answered no second time; another one is ALREADY_ANSWERED', () => {
    const victim = victimBefore('keys');
    const { message: keys } = at('keys');
    const { message: shares } = at('shares');
    expect(victim.ask(keys)).toBe('answered');
    expect(victim.ask(keys)).toBe('repeated');
    expect(victim.ask({ ...keys, advertisements: keys.advertisements.slice(0, 3) })).toBe(
      'ALREADY_ANSWERED',
    );
    expect(victim.signed('share')).toHaveLength(1);
    const masking = victimBefore('shares');
    expect(masking.ask(shares)).toBe('answered');
    expect(masking.ask(shares)).toBe('repeated');
    const fewer = { shares: shares.shares.slice(0, 3), dealings: shares.dealings.slice(0, 3) };
    expect(masking.ask({ ...shares, ...fewer })).toBe('ALREADY_ANSWERED');
    expect(masking.ask(keys)).toBe('repeated');
    expect([masking.vectors.length, masking.signed('masked').length]).toEqual([1, 1]);
  });

  test('T8 another cohort under the same session is ALREADY_ANSWERED', () => {
    const victim = victimBefore('open');
    const { message } = at('open');
    expect(victim.ask(message)).toBe('answered');
    expect(victim.ask(message)).toBe('repeated');
    const cohort = [1, 2, 3];
    const other = { ...message, cohort, ...logged('open', {}, { cohort }) };
    expect(victim.ask(other)).toBe('ALREADY_ANSWERED');
    expect(victim.signed('advertise')).toHaveLength(1);
  });
});
