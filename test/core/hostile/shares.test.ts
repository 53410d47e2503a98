/** Dealt shares (T22) and late vectors (T11) of secure-aggregation.md section 10: what is relayed must be what was dealt, and what is late is lost. */
import { describe, expect, test } from 'vitest';
import { nodeSuite as suite } from '@plexus/suite';
import { base64, fromBase64, fromHex, hex, type Bytes } from '../../../core/src/base/bytes.ts';
import { EncWriter } from '../../../core/src/base/enc.ts';
import type { Dealing, FromAgent, ToAgent } from '../../../core/src/round/messages.ts';
import { sessionKeys } from '../../../core/src/secagg/keys.ts';
import { labelledHash, labelledKey } from '../../../core/src/secagg/labels.ts';
import { shareCommitment } from '../../../core/src/secagg/sharing.ts';
import { peekStatement } from '../../../core/src/secagg/statements.ts';
import { createFederation } from '../round/coordinator/federation.ts';
import { at, federation, resigned, sealed } from '../round/participant/moments.ts';
import { HOSPITALS, smallManifest } from '../round/study.ts';
import { victimBefore } from './victim.ts';

const { message, state } = at('shares');
const { session } = state;
if (session === undefined) throw new Error('no session');
const DEALER = 2;

/** What the victim answers when the dealing of one dealer is another, with or without that dealer's own signature over it. */
function answerTo(dealing: Dealing, isSigned: boolean) {
  const victim = victimBefore('shares');
  const listHash = hex(listHashOf(dealing.entries));
  const shares = message.shares.map((envelope, i) =>
    isSigned && i === DEALER - 1 ? resigned('share', envelope, { listHash }) : envelope,
  );
  const dealings = message.dealings.map((one) => (one.dealer === DEALER ? dealing : one));
  return { answer: victim.ask({ ...message, shares, dealings }), victim };
}

function dealingOf(dealer: number): Dealing {
  const found = message.dealings.find((one) => one.dealer === dealer);
  if (found === undefined) throw new Error('no dealing');
  return found;
}

/** H("list", h1, u, entries), written out again from the definition. */
function listHashOf(entries: Dealing['entries']): Bytes {
  return labelledHash(suite, 'list', (writer) => {
    writer
      .bytes(fromHex(session?.h1 ?? ''))
      .u16(DEALER)
      .list(entries, (w, { receiver, box, self, pair }) => {
        w.u16(receiver).bytes(fromHex(box)).bytes(fromHex(self)).bytes(fromHex(pair));
      });
  });
}

/** A box of the dealer's own making for the victim: from both ends of the key agreement the sealing key is the same. */
function sealedBy(
  inside: { readonly dealer?: number; readonly receiver?: number; readonly h1?: string },
  committed: (share: Bytes) => Bytes = (share) => share,
): Dealing {
  const h1 = fromHex(session?.h1 ?? '');
  const keys = sessionKeys(suite, sealed.z, session?.session ?? '');
  const peer = session?.u1.find(({ index }) => index === DEALER)?.cPublic ?? '';
  const agreed = suite.x25519(keys.cSecret, fromHex(peer));
  if (agreed === undefined) throw new Error('no key');
  const both = labelledKey(suite, agreed, h1, 'share', (w) => void w.u16(DEALER).u16(1), 56);
  const [b, s] = [new Uint8Array(32).fill(3), new Uint8Array(32).fill(4)];
  const text = new EncWriter()
    .u16(inside.dealer ?? DEALER)
    .u16(inside.receiver ?? 1)
    .bytes(inside.h1 === undefined ? h1 : fromHex(inside.h1))
    .bytes(b)
    .bytes(s)
    .done();
  const box = suite.secretboxSeal(both.slice(0, 32), both.slice(32), text);
  const entries = dealingOf(DEALER).entries.map((entry) =>
    entry.receiver === 1
      ? {
          receiver: 1,
          box: hex(suite.sha256(box)),
          self: shareCommitment(suite, 'b', h1, DEALER, 1, committed(b)),
          pair: shareCommitment(suite, 's', h1, DEALER, 1, s),
        }
      : entry,
  );
  return { dealer: DEALER, entries, box: base64(box) };
}

describe('T22 a sealed share that is not the one dealt', () => {
  test('T22 swapped, altered or taken from another session by the coordinator: refused, and nobody is accused', () => {
    const own = dealingOf(DEALER);
    const bytes = fromBase64(own.box);
    const earlier = federation.told.flatMap(({ to, message: told }) =>
      to === 'north' && told.kind === 'shares' && told.session !== message.session
        ? told.dealings.filter(({ dealer }) => dealer === DEALER)
        : [],
    )[0];
    if (earlier === undefined) throw new Error('no other session');
    const flipped = base64(bytes.map((byte, i) => (i === 20 ? byte ^ 1 : byte)));
    for (const dealing of [
      { ...own, box: dealingOf(3).box },
      { ...own, box: flipped },
      { ...own, box: earlier.box },
      earlier,
      { ...own, entries: dealingOf(3).entries },
    ]) {
      const { answer, victim } = answerTo(dealing, false);
      expect(answer).toBe('SHARE_NOT_AS_SIGNED');
      expect(victim.sent).toEqual([]);
    }
  });

  test.each([
    ['SHARE_UNOPENABLE', { ...sealedBy({}), box: dealingOf(3).box }],
    ['SHARE_MISADDRESSED', sealedBy({ receiver: 3 })],
    ['SHARE_MISADDRESSED', sealedBy({ dealer: 3 })],
    ['SHARE_MISADDRESSED', sealedBy({ h1: '0c'.repeat(32) })],
    ['SHARE_COMMITMENT_MISMATCH', sealedBy({}, (share) => share.map((byte) => byte ^ 1))],
  ])(
    'T22 made wrong by its dealer: a signed complaint %s that names the dealer, and no vector',
    (complaint, made) => {
      const digest = hex(suite.sha256(fromBase64(made.box)));
      const entries = made.entries.map((entry) =>
        entry.receiver === 1 ? { ...entry, box: digest } : entry,
      );
      const { answer, victim } = answerTo({ ...made, entries }, true);
      expect(answer).toBe('answered');
      expect(victim.signed('complaint')).toMatchObject([
        { accused: DEALER, code: complaint, phase: 'masked' },
      ]);
      expect(victim.vectors).toEqual([]);
      expect(victim.signed('masked')).toEqual([]);
      expect(victim.ask(message)).toBe('SESSION_CLOSED');
    },
  );

  test('T22 made as it should be: the victim goes on', () => {
    expect(answerTo(sealedBy({}), true).answer).toBe('answered');
    expect(answerTo(dealingOf(DEALER), true).victim.signed('masked')).toHaveLength(1);
  });
});

describe('T11 a vector after U3 is fixed', () => {
  test('T11 is neither taken nor opened: its mask key is rebuilt, and the sum is that of the survivors', () => {
    const play = createFederation(smallManifest());
    const late: ToAgent[] = [];
    play.silent = (hospital, heard) => {
      const now = play.state();
      const isFirst = now.phase === 'running' && now.round === 1;
      if (!isFirst || hospital !== 'east' || heard.kind !== 'shares') return false;
      late.push(heard);
      return true;
    };
    play.submit();
    for (const hospital of HOSPITALS) expect(play.decide(hospital)).toBeUndefined();
    const isFixed = () => play.leaves.some(({ type }) => type === 'round.survivors_fixed');
    play.run(isFixed);
    const [shares] = late;
    const east = play.hospitals.get('east');
    if (shares === undefined || east === undefined) throw new Error('nothing is late');
    const heard = east.hear(shares, undefined, play.nowMs, () => new Uint8Array());
    if (heard.kind === 'refused') throw new Error(heard.code);
    const [vector] = heard.vectors;
    const said: FromAgent | undefined = heard.said[0];
    if (vector === undefined || said?.kind !== 'masked') throw new Error('no vector');
    const stored = { sha256: hex(suite.sha256(vector)), bytes: vector.length };
    const input = { kind: 'message', hospital: 'east', message: said, stored } as const;
    expect(play.feed({ ...input, nowMs: play.nowMs })).toBe('PHASE_CLOSED');
    play.run();
    const [sum] = play.leaves.filter(({ type }) => type === 'round.aggregated');
    expect(sum?.data).toMatchObject({ survivors: [1, 2, 3], dropped: [4] });
    const opened = play.leaves.filter(
      ({ type, round }) => type === 'round.unmask_answered' && round === 1,
    );
    for (const { data } of opened)
      expect(data).toMatchObject({ for_survivors: [1, 2, 3], for_dropped: [4] });
    const named = new Set(
      play.leaves.flatMap(({ type, data, round }) =>
        type === 'round.masked_update.received' && round === 1 ? [data['hospital']] : [],
      ),
    );
    expect(named).toEqual(new Set([1, 2, 3]));
    expect(peekStatement('masked', said.envelope).kind).toBe('statement');
  });
});
