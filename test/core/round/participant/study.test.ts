import { describe, expect, it } from 'vitest';
import { nodeSuite as suite } from '@plexus/suite';
import type { Head } from '../../../../core/src/audit/heads.ts';
import { base64, fromBase64, fromUtf8 } from '../../../../core/src/base/bytes.ts';
import { canonicalBytes, canonicalJson } from '../../../../core/src/base/canonical-json.ts';
import type { Code } from '../../../../core/src/base/error.ts';
import { refuseUnapproved } from '../../../../core/src/round/participant/decision.ts';
import { forgetAll } from '../../../../core/src/round/participant/ended.ts';
import { trainWork } from '../../../../core/src/round/participant/round.ts';
import {
  releaseSecret,
  rootSecret,
  sessionPrefix,
  sharesSecret,
  updateBytes,
  updatePrefix,
  updateSecret,
  updateWords,
} from '../../../../core/src/round/participant/secrets.ts';
import type { KnownStudy, ParticipantState } from '../../../../core/src/round/participant/state.ts';
import { participantMachine } from '../../../../core/src/round/participant/study.ts';
import { asJson } from '../../../../core/src/study/parse.ts';
import { smallManifest } from '../study.ts';

import {
  at,
  code,
  federation,
  HEAD,
  known,
  logged,
  machine,
  manifest,
  moments,
  north,
  type Of,
} from './moments.ts';

describe('a study at the hospital', () => {
  it('is taken when its manifest names this hospital with its own keys and the pinned log', () => {
    const { message } = moments.get('study-offer') ?? {};
    if (message?.kind !== 'study-offer') throw new Error('no offer');
    const offer = (text: string) =>
      machine.plan({ phase: 'absent' }, { ...message, manifest: text }, undefined, 0);
    expect(offer(message.manifest)).toEqual({ kind: 'feed' });
    expect(offer('AAAA')).toEqual({ kind: 'rejected', code: 'MANIFEST_INVALID' });
    const text = fromUtf8(fromBase64(message.manifest));
    const forged = base64(
      new TextEncoder().encode(
        text.replace(north?.identityKey ?? '', manifest.roster[1]?.cosignerKey ?? ''),
      ),
    );
    expect(['MANIFEST_INVALID', 'MANIFEST_MISMATCH']).toContain(
      (offer(forged) as { readonly code?: Code }).code,
    );
    const other = base64(canonicalBytes(asJson(smallManifest({ minCohort: 4 }))));
    const { state } = at('round-offer');
    const stepped = machine.step(state, {
      kind: 'message',
      message: { ...message, manifest: other },
      nowMs: 0,
    });
    expect(stepped.effects).toMatchObject([{ kind: 'reject', code: 'STUDY_EXISTS' }]);
    expect(
      machine.plan({ phase: 'absent' }, { ...message, study: 'another' }, undefined, 0),
    ).toEqual({
      kind: 'rejected',
      code: 'MANIFEST_MISMATCH',
    });
    expect(machine.plan({ phase: 'absent' }, at('open').message, HEAD, 0)).toEqual({
      kind: 'rejected',
      code: 'STUDY_UNKNOWN',
    });
  });

  it('runs to its end, replays to the same state (I7), and keeps no secret', () => {
    const participant = federation.hospitals.get('north');
    expect(federation.state().phase).toBe('completed');
    expect(participant?.state()).toMatchObject({ phase: 'ended', outcome: 'completed' });
    expect([...(participant?.secrets.keys() ?? [])]).toEqual([]);
    const fresh = participantMachine(suite, {
      hospital: 'north',
      identityKey: north?.identityKey ?? '',
      cosignerKey: north?.cosignerKey ?? '',
      log: manifest.log,
    });
    let state = fresh.initial;
    for (const input of participant?.journal ?? []) ({ state } = fresh.step(state, input));
    expect(canonicalJson(asJson(state))).toBe(canonicalJson(asJson(participant?.state())));
    expect(federation.refusals).toEqual([]);
    expect(fresh.pendingWork(state)).toEqual([]);
  });

  it('names what is secret so that a session is forgotten whole', () => {
    for (const name of [rootSecret('a'), sharesSecret('a'), releaseSecret('a')])
      expect(name.startsWith(sessionPrefix('a'))).toBe(true);
    expect(updateSecret('s').startsWith(updatePrefix('s'))).toBe(true);
    const words = Uint32Array.of(0, 1, 0xffffffff);
    expect(updateWords(updateBytes(words))).toEqual(words);
    const { kept, effects } = forgetAll(at('unmask').state);
    expect([kept.session, kept.round]).toEqual([undefined, undefined]);
    expect(effects.map(({ kind }) => kind)).toEqual(['retract', 'wipe', 'wipe']);
  });

  it('a steward’s word is taken once; a withdrawal is for good and forgets what was not yet sent', () => {
    const participant = federation.hospitals.get('north');
    if (participant === undefined) throw new Error('no north');
    const nowMs = federation.nowMs;
    const decide = (state: ParticipantState, what: 'approve' | 'withdraw') =>
      machine.step(state, { kind: 'decided', envelope: participant.sign(what, nowMs), nowMs });
    const { state } = at('keys');
    const gone = decide(state, 'withdraw');
    expect(gone.state).toMatchObject({ phase: 'withdrawn' });
    expect(gone.state).not.toHaveProperty('session');
    expect(decide(gone.state, 'approve').effects).toMatchObject([{ code: 'STUDY_WITHDRAWN' }]);
    const late = decide(at('agree').state, 'withdraw');
    expect(late.state).toHaveProperty('session'); // its vector is out: it may help to open the sum
    expect(decide(participant.state(), 'withdraw').effects).toMatchObject([
      { code: 'STUDY_ENDED' },
    ]);
    const offered = known(state, { phase: 'offered', statement: '' });
    expect(decide(offered, 'withdraw').state).toMatchObject({ phase: 'refused' });
    const south = federation.hospitals.get('south')?.sign('approve', nowMs);
    if (south === undefined) throw new Error('no south');
    expect(
      machine.step(offered, { kind: 'decided', envelope: south, nowMs }).effects,
    ).toMatchObject([{ code: 'STATEMENT_MISMATCH' }]);
    expect(refuseUnapproved(known(state, { phase: 'refused' }) as KnownStudy, 0)).toBe(
      'STUDY_NOT_APPROVED',
    );
  });
});

describe('a round offer', () => {
  it('is refused without approval, head, leaf, or when it is not newer', () => {
    const { state } = at('round-offer');
    const offer = (change: Partial<Of<'round-offer'>>, on = state, head: Head | undefined = HEAD) =>
      code('round-offer', change, on, head);
    expect(offer({})).toBe('feed');
    expect(offer({}, known(state, { phase: 'offered' }) as KnownStudy)).toBe('STUDY_NOT_APPROVED');
    expect(offer({}, known(state, { phase: 'withdrawn' }) as KnownStudy)).toBe('STUDY_WITHDRAWN');
    expect(offer({}, known(state, { phase: 'ended', outcome: 'failed' }) as KnownStudy)).toBe(
      'STUDY_ENDED',
    );
    expect(offer({}, known(state, { expiresMs: 1 }) as KnownStudy)).toBe('APPROVAL_EXPIRED');
    expect(machine.plan(state, at('round-offer').message, undefined, federation.nowMs)).toEqual({
      kind: 'rejected',
      code: 'LOG_HEAD_REFUSED',
    });
    expect(offer({ model: '00'.repeat(32) })).toBe('LOG_LEAF_MISSING');
    expect(offer({ round: 9 })).toBe('LOG_LEAF_MISSING');
    const { evidence } = at('round-offer').message;
    if (evidence === undefined) throw new Error('no evidence');
    expect(offer({ evidence: { ...evidence, leaf: { seq: 0, bytes: 'AAAA' } } })).toBe(
      'LOG_LEAF_MISSING',
    );
    expect(offer(logged('round-offer', { task: 7 }, { task: 7 }))).toBe('ROUND_STALE');
    expect(offer(logged('round-offer', { round: 1 }, {}, { round: 1 }))).toBe('ROUND_STALE');
    expect(offer(logged('round-offer', { round: 0 }, {}, { round: 0 }))).toBe('ROUND_STALE');
    const training = machine.step(state, {
      kind: 'message',
      message: at('round-offer').message,
      head: HEAD,
      nowMs: federation.nowMs,
    }).state;
    expect(code('round-offer', {}, training)).toBe('repeated');
    const model = '0d'.repeat(32);
    expect(
      code('round-offer', logged('round-offer', { model }, { model_in: model }), training),
    ).toBe('MODEL_MISMATCH');
    expect(machine.pendingWork(training)).toMatchObject([{ kind: 'train', round: 2 }]);
    if (training.phase === 'absent' || training.round === undefined) throw new Error('no round');
    expect(trainWork(training.round).model).toBe(at('round-offer').message.model);
    const done = { round: 2, attempt: 1, nowMs: federation.nowMs };
    expect(
      machine.step(training, { kind: 'trained', ...done, engine: 'no engine' }).effects,
    ).toMatchObject([{ code: 'ENCODING_INVALID' }]);
    expect(
      machine.step(training, { kind: 'trained', ...done, round: 3, engine: 'wasm/4.22.0' }).effects,
    ).toMatchObject([{ code: 'ROUND_STALE' }]);
    const unable = machine.step(training, { kind: 'unable', ...done, code: 'DATA_TIMEOUT' });
    expect(unable.effects[1]).toMatchObject({ message: { kind: 'unable', code: 'DATA_TIMEOUT' } });
    expect(
      machine.step(unable.state, { kind: 'unable', ...done, code: 'DATA_TIMEOUT' }).effects,
    ).toMatchObject([{ code: 'ROUND_STALE' }]);
    expect(code('open', {}, unable.state)).toBe('UPDATE_NOT_READY');
  });
});
