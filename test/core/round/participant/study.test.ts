import { beforeAll, describe, expect, it } from 'vitest';
import { nodeSuite as suite } from '@plexus/suite';
import type { Evidence } from '../../../../core/src/audit/evidence.ts';
import type { Head } from '../../../../core/src/audit/heads.ts';
import { base64, fromBase64, fromHex, fromUtf8, hex } from '../../../../core/src/base/bytes.ts';
import {
  canonicalBytes,
  canonicalJson,
  type JsonObject,
} from '../../../../core/src/base/canonical-json.ts';
import type { Envelope } from '../../../../core/src/base/dsse.ts';
import type { Code } from '../../../../core/src/base/error.ts';
import type { ToAgent } from '../../../../core/src/round/messages.ts';
import { isRefusal, membersOf, refused } from '../../../../core/src/round/participant/common.ts';
import { refuseUnapproved } from '../../../../core/src/round/participant/decision.ts';
import { forgetAll } from '../../../../core/src/round/participant/ended.ts';
import { readShares } from '../../../../core/src/round/participant/masked.ts';
import { backs, leafOf } from '../../../../core/src/round/participant/open.ts';
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
import type { Bodies, StatementKind } from '../../../../core/src/secagg/bodies.ts';
import { neighbourGraph } from '../../../../core/src/secagg/graph.ts';
import { sessionKeys } from '../../../../core/src/secagg/keys.ts';
import { dealShares } from '../../../../core/src/secagg/sharing.ts';
import { peekStatement, signStatement } from '../../../../core/src/secagg/statements.ts';
import { asJson } from '../../../../core/src/study/parse.ts';
import { createFederation, type Federation } from '../coordinator/federation.ts';
import { HOSPITALS, keySeed, smallManifest } from '../study.ts';

type Kind = Exclude<ToAgent['kind'], 'study-ended'>;
type Of<K extends ToAgent['kind']> = Extract<ToAgent, { readonly kind: K }>;

/** State of north just before each kind of message, the message, and the head it came under: of round 2, whose task is `train`. */
interface Moment {
  readonly state: ParticipantState;
  readonly message: ToAgent;
}

const HEAD: Head = { size: 1, root: base64(new Uint8Array(32)) };
const manifest = smallManifest();
const north = manifest.roster[0];
const machine = participantMachine(suite, {
  hospital: 'north',
  identityKey: north?.identityKey ?? '',
  cosignerKey: north?.cosignerKey ?? '',
  log: manifest.log,
});
const moments = new Map<Kind, Moment>();
let federation: Federation;
let shares: Uint8Array;

beforeAll(() => {
  federation = createFederation(manifest);
  const participant = federation.hospitals.get('north');
  if (participant === undefined) throw new Error('no north');
  federation.silent = (hospital, message) => {
    const round = participant.state().phase === 'approved' ? federation.state() : undefined;
    const isSecond = round?.phase === 'running' && round.round === 2;
    if (hospital === 'north' && (isSecond || message.kind === 'study-offer')) {
      moments.set(message.kind as Kind, { state: participant.state(), message });
      const sealed = [...participant.secrets].find(([name]) => name.endsWith('/shares'))?.[1];
      if (message.kind === 'unmask' && sealed !== undefined) shares = sealed.slice();
    }
    return false;
  };
  federation.submit();
  for (const hospital of HOSPITALS) expect(federation.decide(hospital)).toBeUndefined();
  federation.run();
}, 60_000);

function at<K extends Kind>(kind: K): { readonly state: KnownStudy; readonly message: Of<K> } {
  const moment = moments.get(kind);
  if (moment?.message.kind !== kind || moment.state.phase === 'absent') throw new Error(kind);
  return { state: moment.state, message: moment.message as Of<K> };
}

/** The code that north answers to a changed message, or in a changed state. */
function code<K extends Kind>(
  kind: K,
  change: Partial<Of<K>>,
  state: ParticipantState = at(kind).state,
  head: Head | undefined = HEAD,
  nowMs = federation.nowMs,
): Code | 'perform' | 'feed' | 'repeated' {
  const message = { ...at(kind).message, ...change } as ToAgent;
  const plan = machine.plan(state, message, head, nowMs);
  const before = canonicalJson(asJson(state));
  const input = { kind: 'message', message, nowMs, ...(head && { head }) } as const;
  if (plan.kind === 'rejected') {
    const stepped = machine.step(state, input);
    expect(stepped.effects).toMatchObject([{ kind: 'reject', code: plan.code }]);
    expect(canonicalJson(asJson(stepped.state))).toBe(before); // I10
    return plan.code;
  }
  return plan.kind;
}

/** The message with a leaf that says the same, as a coordinator that logs its lies would send it. */
function logged<K extends 'round-offer' | 'open' | 'agree'>(
  kind: K,
  change: Partial<Of<K>>,
  data: JsonObject,
  about: JsonObject = {},
): Partial<Of<K>> {
  const { evidence: given } = at(kind).message as { readonly evidence?: Evidence };
  const leaf = leafOf(given);
  if (leaf === undefined || given === undefined) throw new Error('no leaf');
  const old = leaf['data'] as JsonObject;
  const bytes = base64(canonicalBytes({ ...leaf, ...about, data: { ...old, ...data } }));
  const evidence = { ...given, leaf: { ...given.leaf, bytes } };
  return { ...change, evidence } as Partial<Of<K>>;
}

/** A statement of another hospital with another body, signed as that hospital would. */
function resigned<K extends StatementKind>(
  kind: K,
  envelope: Envelope | undefined,
  change: Partial<Bodies[K]>,
  by?: number,
): Envelope {
  const statement = envelope && peekStatement(kind, envelope);
  if (statement?.kind !== 'statement') throw new Error('no statement');
  const { header, body } = statement;
  const signer = { keyid: 'hospital/x', seed: keySeed(by ?? header.sender, 'identity') };
  return signStatement(suite, signer, kind, header, { ...body, ...change });
}

function known(state: ParticipantState, change: object): ParticipantState {
  return { ...state, ...change } as ParticipantState;
}

function inSession(kind: Kind, change: object): ParticipantState {
  const { state } = at(kind);
  return known(state, { session: { ...state.session, ...change } });
}

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
    const { kept, wipes } = forgetAll(at('unmask').state);
    expect([kept.session, kept.round]).toEqual([undefined, undefined]);
    expect(wipes).toHaveLength(2);
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
    expect(offer(logged('round-offer', { round: 1 }, {}, { round: 1 }))).toBe('repeated');
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
    expect(membersOf(state.session?.u1 ?? [])).toEqual([1, 2, 3, 4]);
  });

  it('a sealed share that does not open gives a signed complaint, and the session is forgotten', () => {
    const { message, state } = at('shares');
    const { session } = state;
    if (session === undefined) throw new Error('no session');
    const graph = neighbourGraph([1, 2, 3, 4], rules());
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
      read: (name) =>
        name.endsWith('/z') ? suite.sha256(Uint8Array.of(1, 2, 0x7a)) : new Uint8Array(0),
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
      { message: { kind: 'complaint' } },
      { kind: 'wipe' },
      { kind: 'wipe' },
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
    const held = readShares(shares);
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

function rules() {
  return { cAbs: 1, maxLoss: 2, graph: 'auto' } as const;
}
