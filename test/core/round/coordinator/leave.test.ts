import { describe, expect, it } from 'vitest';
import { nodeSuite as suite } from '@plexus/suite';
import { lose, takeAbandon, takeComplaint } from '../../../../core/src/round/coordinator/leave.ts';
import { sessionContext } from '../../../../core/src/round/coordinator/session-context.ts';
import type { SessionState } from '../../../../core/src/round/coordinator/session-state.ts';
import { settingsOf } from '../../../../core/src/round/coordinator/study.ts';
import type { Bodies } from '../../../../core/src/secagg/bodies.ts';
import { signStatement } from '../../../../core/src/secagg/statements.ts';
import { HOSPITALS, keySeed, smallManifest } from '../study.ts';
import { createFederation } from './federation.ts';

const settings = settingsOf(suite, smallManifest());
const context = sessionContext(settings, { position: { task: 0, roundInTask: 0 } });

/** A session of the first round in which hospitals 3 and 4 have not yet sent their vectors. */
function inMasked(): SessionState {
  const federation = createFederation(smallManifest());
  federation.submit();
  for (const hospital of HOSPITALS) federation.decide(hospital);
  federation.silent = (hospital, message) => message.kind === 'shares' && hospital > 'south';
  federation.run(
    () =>
      federation.leaves.filter(({ type }) => type === 'round.masked_update.received').length === 2,
  );
  const state = federation.state();
  if (state.phase !== 'running' || state.current.phase !== 'session') throw new Error(state.phase);
  return state.current.session;
}

function said<K extends 'complaint' | 'abandon'>(
  session: SessionState,
  sender: number,
  kind: K,
  body: Bodies[K],
) {
  const { manifestHash, layoutHash, study, rules } = context;
  const header = {
    suite: rules.suite,
    study,
    session: session.session,
    round: session.round,
    manifestHash,
    modelHash: session.model,
    layoutHash,
    sender,
    head: { size: 1, root: '00'.repeat(32) },
  };
  const signer = {
    keyid: `hospital/${HOSPITALS[sender - 1] ?? ''}`,
    seed: keySeed(sender, 'identity'),
  };
  const envelope = signStatement(suite, signer, kind, header, body);
  return { kind, study, session: session.session, envelope } as const;
}

const COMPLAINT = {
  phase: 'masked',
  accused: 1,
  code: 'SHARE_UNOPENABLE',
  evidence: '0e'.repeat(32),
} as const;

describe('leaving a session', () => {
  const session = inMasked();

  it('a complaint (M5) is logged with its evidence and ends the session', () => {
    for (const code of [
      'SHARE_UNOPENABLE',
      'SHARE_MISADDRESSED',
      'SHARE_COMMITMENT_MISMATCH',
    ] as const) {
      const message = said(session, 3, 'complaint', { ...COMPLAINT, code });
      const { state, effects } = takeComplaint(context, session, 3, message);
      expect(state.failing).toBe(code);
      expect(effects).toMatchObject([
        { kind: 'leaf', leaf: { type: 'round.complaint', data: { hospital: 3, accused: 1 } } },
        { kind: 'wake' },
      ]);
    }
  });

  it('a complaint about oneself, a stranger, another exchange or nothing known is refused', () => {
    const refusal = (body: Partial<Bodies['complaint']>, from = 3, on = session) =>
      takeComplaint(context, on, from, said(on, 3, 'complaint', { ...COMPLAINT, ...body })).effects;
    expect(refusal({ accused: 3 })).toMatchObject([{ code: 'ENCODING_INVALID' }]);
    expect(refusal({ accused: 9 })).toMatchObject([{ code: 'ENCODING_INVALID' }]);
    expect(refusal({ phase: 'share' })).toMatchObject([{ code: 'ENCODING_INVALID' }]);
    expect(refusal({ code: 'PHASE_CLOSED' })).toMatchObject([{ code: 'ENCODING_INVALID' }]);
    expect(refusal({}, 4)).toMatchObject([{ code: 'SENDER_MISMATCH' }]);
    expect(refusal({}, 1)).toMatchObject([{ code: 'MEMBER_NOT_ALLOWED' }]);
    expect(refusal({}, 3, { ...session, phase: 'share' })).toMatchObject([
      { code: 'PHASE_UNEXPECTED' },
    ]);
  });

  it('a hospital that abandons (M6) or declines is lost, and the others go on', () => {
    const body = { phase: 'masked', code: 'LOG_HEAD_REFUSED' };
    const message = said(session, 4, 'abandon', body);
    const { state, effects } = takeAbandon(context, session, 4, message, 0);
    expect(state.lost).toEqual([4]);
    expect(effects[0]).toMatchObject({
      leaf: { type: 'session.abandoned', data: { hospital: 4 } },
    });
    expect(takeAbandon(context, session, 1, message, 0).effects).toMatchObject([
      { code: 'PHASE_UNEXPECTED' },
    ]);
    const forged = { ...message, envelope: said(session, 3, 'abandon', body).envelope };
    expect(takeAbandon(context, session, 4, forged, 0).effects).toMatchObject([
      { code: 'SENDER_MISMATCH' },
    ]);
    const second = lose(context, state, 3, { cause: 'declined', code: 'LOG_HEAD_REFUSED' }, 0);
    expect(second.state.failing).toBe('SURVIVORS_TOO_FEW'); // T = 3 of four
  });
});
