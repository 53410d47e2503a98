import { describe, expect, it } from 'vitest';
import { nodeSuite as suite } from '@plexus/suite';
import { base64, fromHex, hex } from '../../../../core/src/base/bytes.ts';
import { canonicalBytes, type JsonObject } from '../../../../core/src/base/canonical-json.ts';
import type { Envelope } from '../../../../core/src/base/dsse.ts';
import type { Code } from '../../../../core/src/base/error.ts';
import { isRefusal, membersOf, refused } from '../../../../core/src/round/participant/common.ts';
import { readShares } from '../../../../core/src/round/participant/masked.ts';
import { backs, leafOf } from '../../../../core/src/round/participant/open.ts';
import type { ParticipantState } from '../../../../core/src/round/participant/state.ts';
import { participantMachine } from '../../../../core/src/round/participant/study.ts';
import type { Bodies } from '../../../../core/src/secagg/bodies.ts';
import { neighbourGraph } from '../../../../core/src/secagg/graph.ts';
import { sessionKeys } from '../../../../core/src/secagg/keys.ts';
import { dealShares } from '../../../../core/src/secagg/sharing.ts';
import { peekStatement } from '../../../../core/src/secagg/statements.ts';
import { createFederation } from '../coordinator/federation.ts';
import { HOSPITALS, keySeed, smallManifest } from '../study.ts';

import { checkUnmask } from '../../../../core/src/round/participant/unmask.ts';
import { dealing } from '../../../../core/src/round/participant/share.ts';
import { enterAgree } from '../../../../core/src/round/participant/agree.ts';
import {
  inSession as inTheSession,
  type InSession,
} from '../../../../core/src/round/participant/common.ts';
import {
  at,
  code,
  federation,
  HEAD,
  inSession,
  known,
  logged,
  machine,
  north,
  resigned,
  sealed,
  settings,
} from './moments.ts';

function machineSession(kind: 'shares' | 'unmask', phase: 'shared' | 'agreed'): InSession {
  const { state, message } = at(kind);
  const inside = inTheSession(settings, state, message, phase);
  if ('kind' in inside) throw new Error(inside.kind);
  return inside;
}

describe('R0 open (secure-aggregation.md 4.1)', () => {
  it('checks manifest, leaf, session, round, model, layout and cohort in this order', () => {
    const { state, message } = at('open');
    const cohort = (members: readonly number[]) =>
      code('open', logged('open', { cohort: members }, { cohort: [...members] }));
    expect(code('open', {})).toBe('perform');
    expect(code('open', { manifestHash: '00'.repeat(32) })).toBe('MANIFEST_MISMATCH');
    expect(machine.plan(state, message, undefined, federation.nowMs)).toMatchObject({
      code: 'LOG_HEAD_REFUSED',
    });
    expect(code('open', { cohort: [1, 2, 3] })).toBe('LOG_LEAF_MISSING');
    expect(code('open', {}, known(state, { seen: [message.session] }))).toBe('SESSION_REUSED');
    expect(code('open', {}, known(at('keys').state, {}))).toBe('repeated');
    expect(code('open', {}, inSession('keys', { session: '0f'.repeat(32) }))).toBe(
      'SESSION_REUSED',
    );
    expect(
      code('open', {}, known(inSession('keys', { session: '0f'.repeat(32) }), { seen: [] })),
    ).toBe('SESSION_OPEN');
    expect(code('open', logged('open', { round: 1 }, {}, { round: 1 }))).toBe('ROUND_STALE');
    const model = '0d'.repeat(32);
    expect(code('open', logged('open', { modelHash: model }, { model_in: model }))).toBe(
      'MODEL_MISMATCH',
    );
    expect(code('open', logged('open', { layoutHash: model }, { layout_sha256: model }))).toBe(
      'LAYOUT_MISMATCH',
    );
    expect(cohort([2, 1, 3])).toBe('LOG_LEAF_MISSING'); // such a list stands in no leaf
    expect(cohort([1, 2, 3, 9])).toBe('MEMBER_NOT_ALLOWED');
    expect(cohort([2, 3, 4])).toBe('COHORT_EXCLUDES_SELF');
    expect(cohort([1, 2])).toBe('COHORT_TOO_SMALL');
    expect(backs(undefined, 'session.opened', {}, {})).toBe(false);
  });

  it('takes no cohort above the signed maximum', () => {
    const small = smallManifest({ maxCohort: 3 });
    const { state, message } = at('open');
    const other = participantMachine(suite, {
      hospital: 'north',
      identityKey: north?.identityKey ?? '',
      cosignerKey: north?.cosignerKey ?? '',
      log: small.log,
    });
    const play = createFederation(small);
    let found: Code | undefined;
    play.silent = (hospital, heard) => {
      const north = play.hospitals.get('north')?.state();
      if (hospital === 'north' && heard.kind === 'open' && north !== undefined) {
        const leaf = leafOf(heard.evidence);
        if (leaf === undefined || heard.evidence === undefined) throw new Error('no leaf');
        const data = { ...(leaf['data'] as JsonObject), cohort: [1, 2, 3, 4] };
        const bytes = base64(canonicalBytes({ ...leaf, data }));
        const evidence = { ...heard.evidence, leaf: { ...heard.evidence.leaf, bytes } };
        const plan = other.plan(
          north,
          { ...heard, cohort: [1, 2, 3, 4], evidence },
          HEAD,
          play.nowMs,
        );
        found = plan.kind === 'rejected' ? plan.code : undefined;
      }
      return false;
    };
    play.submit();
    for (const hospital of HOSPITALS) play.decide(hospital);
    play.run(() => found !== undefined);
    expect(found).toBe('COHORT_TOO_LARGE');
    expect([state.phase, message.kind]).toEqual(['approved', 'open']);
  });
});

describe('R1 keys (4.2)', () => {
  it('refuses lists, signatures, cohorts and keys that are not as they must be', () => {
    const { message, state } = at('keys');
    const ads = message.advertisements;
    const keys = (advertisements: readonly Envelope[], on: ParticipantState = state) =>
      code('keys', { advertisements }, on);
    const second = (change: Partial<Bodies['advertise']>, by?: number) =>
      keys(ads.map((ad, i) => (i === 1 ? resigned('advertise', ad, change, by) : ad)));
    expect(keys(ads)).toBe('perform');
    expect(code('keys', { session: '0e'.repeat(32) })).toBe('SESSION_UNKNOWN');
    expect(code('keys', {}, known(state, { session: undefined }))).toBe('SESSION_CLOSED');
    expect(keys([...ads].reverse())).toBe('LIST_MALFORMED');
    expect(keys(ads.map((ad) => ({ ...ad, payload: 'AAAA' })))).toBe('ENCODING_INVALID');
    expect(keys(ads, inSession('keys', { u0: [1, 2, 3] }))).toBe('MEMBER_NOT_ALLOWED');
    expect(second({}, 3)).toBe('SIGNATURE_INVALID');
    expect(second({ cohortHash: '00'.repeat(32) })).toBe('HEADER_MISMATCH');
    expect(keys(ads, known(state, { round: { ...state.round, model: '00'.repeat(32) } }))).toBe(
      'MODEL_MISMATCH',
    );
    expect(keys(ads.slice(1))).toBe('COHORT_EXCLUDES_SELF');
    expect(keys(ads.slice(0, 2))).toBe('COHORT_TOO_SMALL');
    expect(second({ cPublic: 'ff'.repeat(32) })).toBe('KEY_NON_CANONICAL');
    const first = ads[0] && peekStatement('advertise', ads[0]);
    if (first?.kind !== 'statement') throw new Error('no M0');
    expect(second({ cPublic: first.body.sPublic })).toBe('KEY_DUPLICATE');
    expect(second({ sPublic: '00'.repeat(32) })).toBe('KEY_LOW_ORDER');
    expect(code('shares', {}, state)).toBe('PHASE_UNEXPECTED');
    expect(code('keys', {}, at('shares').state)).toBe('repeated');
  });
});

describe('R2 shares (4.3)', () => {
  it('refuses what is not as its dealer signed it; that is the coordinator’s fault', () => {
    const { message, state } = at('shares');
    expect(code('shares', {})).toBe('perform');
    expect(code('shares', {}, inSession('shares', { h1: '00'.repeat(32) }))).toBe(
      'TRANSCRIPT_MISMATCH',
    );
    expect(code('shares', { shares: message.shares.slice(1) })).toBe('COHORT_EXCLUDES_SELF');
    expect(code('shares', { shares: message.shares.slice(0, 2) })).toBe('COHORT_TOO_SMALL');
    const { dealings } = message;
    const second = (change: object) =>
      code('shares', {
        dealings: dealings.map((one, i) => (i === 1 ? { ...one, ...change } : one)),
      });
    expect(code('shares', { dealings: dealings.slice(1) })).toBe('SHARE_NOT_AS_SIGNED');
    expect(second({ box: dealings[2]?.box })).toBe('SHARE_NOT_AS_SIGNED');
    expect(second({ box: 'not base64' })).toBe('SHARE_NOT_AS_SIGNED');
    expect(second({ entries: dealings[2]?.entries })).toBe('SHARE_NOT_AS_SIGNED');
    const own = dealings.find(({ dealer }) => dealer === 1);
    expect(dealing(machineSession('shares', 'shared'), sealed.z).entries).toEqual(own?.entries);
    expect(membersOf(state.session?.u1 ?? [])).toEqual([1, 2, 3, 4]);
  });

  it('a sealed share that does not open gives a signed complaint, and the session is forgotten', () => {
    const { message, state } = at('shares');
    const { session } = state;
    if (session === undefined) throw new Error('no session');
    const graph = neighbourGraph([1, 2, 3, 4], { cAbs: 1, maxLoss: 2, graph: 'auto' });
    const dealt = dealShares(
      suite,
      sessionKeys(suite, suite.sha256(Uint8Array.of(99)), session.session),
      {
        h1: fromHex(session.h1),
        self: 2,
        receivers: graph.receivers(2),
        threshold: graph.threshold,
        cPublicOf: (member) =>
          fromHex(session.u1.find(({ index }) => index === member)?.cPublic ?? ''),
      },
    );
    const m1 = message.shares.map((envelope, i) =>
      i === 1 ? resigned('share', envelope, { listHash: hex(dealt.listHash) }) : envelope,
    );
    const box = dealt.boxes.get(1);
    if (box === undefined) throw new Error('no box');
    const changed = {
      ...message,
      shares: m1,
      dealings: message.dealings.map((one, i) =>
        i === 1 ? { ...one, entries: dealt.entries, box: base64(box) } : one,
      ),
    };
    expect(machine.plan(state, changed, HEAD, federation.nowMs).kind).toBe('perform');
    const done = machine.perform(state, changed, HEAD, {
      signer: { keyid: 'hospital/north', seed: keySeed(1, 'identity') },
      random: new Uint8Array(32),
      read: (name) => (name.endsWith('/z') ? sealed.z : new Uint8Array(0)),
    });
    expect(done.performed).toMatchObject({ kind: 'complain', accused: 2 });
    const stepped = machine.step(state, {
      kind: 'message',
      message: changed,
      performed: done.performed,
      nowMs: federation.nowMs,
    });
    expect(stepped.state).not.toHaveProperty('session');
    expect(stepped.effects).toMatchObject([
      { leaf: { type: 'round.complaint', data: { accused: 2 } } },
      { kind: 'retract' },
      { kind: 'wipe' },
      { kind: 'wipe' },
      { message: { kind: 'complaint' } },
    ]);
  });
});

describe('R3 agree (4.4) and R4 unmask (4.5)', () => {
  it('signs one survivor set a session, and only one that the log fixed (I2)', () => {
    const { message, state } = at('agree');
    expect(code('agree', {})).toBe('perform');
    expect(code('agree', {}, at('unmask').state)).toBe('repeated');
    expect(code('agree', { survivors: [1, 2, 3] }, at('unmask').state)).toBe(
      'SURVIVORS_ALREADY_SIGNED',
    );
    expect(code('agree', { survivors: [1, 2, 3] })).toBe('LIST_MALFORMED');
    const without = (index: number) => ({
      masked: message.masked.filter((_, i) => i + 1 !== index),
      survivors: message.survivors.filter((member) => member !== index),
    });
    expect(code('agree', without(1))).toBe('SURVIVORS_EXCLUDE_SELF');
    expect(code('agree', {}, inSession('agree', { h2: '00'.repeat(32) }))).toBe(
      'TRANSCRIPT_MISMATCH',
    );
    expect(code('agree', { masked: message.masked.slice(0, 2), survivors: [1, 2] })).toBe(
      'SURVIVORS_TOO_FEW',
    );
    expect(machine.plan(state, message, undefined, 0)).toMatchObject({ code: 'LOG_HEAD_REFUSED' });
    expect(code('agree', without(4))).toBe('LOG_LEAF_MISSING');
    expect(code('agree', {}, inSession('agree', { u2: [1, 2, 3] }))).toBe('MEMBER_NOT_ALLOWED');
    const { state: signed } = at('unmask');
    expect(enterAgree(settings, signed, message)).toEqual({ kind: 'repeated' });
  });

  it('releases its shares to a quorum of survivors that signed the same set, and to nobody else', () => {
    const { message, state } = at('unmask');
    const { agreements } = message;
    expect(code('unmask', {})).toBe('perform');
    expect(code('unmask', {}, inSession('unmask', { u3: [1, 2, 3] }))).toBe('SIGNER_NOT_SURVIVOR');
    expect(code('unmask', {}, inSession('unmask', { h3: '00'.repeat(32) }))).toBe(
      'TRANSCRIPT_MISMATCH',
    );
    expect(code('unmask', { agreements: agreements.slice(0, 2) })).toBe('QUORUM_NOT_REACHED');
    expect(
      code('unmask', { agreements: [agreements[0], agreements[0], agreements[0]] as Envelope[] }),
    ).toBe('LIST_MALFORMED');
    const inside = machineSession('unmask', 'agreed');
    expect(checkUnmask(inside, message, HEAD)).toEqual({
      head: HEAD,
      lines: [1, 2, 3, 4].map((dealer) => ({ dealer, kind: 'b' })),
    });
    const held = readShares(sealed.shares);
    expect([...held.keys()].sort()).toEqual([1, 2, 3, 4]);
    expect(isRefusal(refused('PHASE_CLOSED'))).toBe(true);
    expect(state.session?.phase).toBe('agreed');
  });

  it('an end of a session that is not known is refused; of one that is over, acknowledged', () => {
    const { message, state } = at('session-ended');
    const ended = (session: string, on: ParticipantState = state) =>
      machine.step(on, { kind: 'message', message: { ...message, session }, nowMs: 0 });
    expect(ended('0e'.repeat(32)).effects).toMatchObject([{ code: 'SESSION_UNKNOWN' }]);
    const over = ended(message.session).state;
    expect(ended(message.session, over)).toEqual({ state: over, effects: [] });
  });
});
