/** Release safety (secure-aggregation.md section 10, T1 to T4): whatever a coordinator asks, in whatever order, with every other key in its hands. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nodeSuite as suite } from '@plexus/suite';
import { base64, fromHex, hex } from '../../../core/src/base/bytes.ts';
import type { Envelope } from '../../../core/src/base/dsse.ts';
import type { ToAgent } from '../../../core/src/round/messages.ts';
import {
  peekStatement,
  signStatement,
  type Statement,
} from '../../../core/src/secagg/statements.ts';
import { cohortHash, transcript3 } from '../../../core/src/secagg/transcript.ts';
import { at, HEAD, logged, resigned, type Of } from '../round/participant/moments.ts';
import { keySeed } from '../round/study.ts';
import { victimBefore, type Victim } from './victim.ts';

const ALL = [1, 2, 3, 4];
const { message: honestAgree } = at('agree');
const { message: honestUnmask } = at('unmask');

function opened(envelope: Envelope | undefined): Statement<'masked'> {
  const statement = envelope && peekStatement('masked', envelope);
  if (statement?.kind !== 'statement') throw new Error('no M2');
  return statement;
}

/** R3 for a survivor set of the coordinator's choice, logged as such. */
function agree(survivors: readonly number[], masked = honestAgree.masked): Of<'agree'> {
  const chosen = masked.filter((one) => survivors.includes(opened(one).header.sender));
  const says = { survivors: [...survivors], u3_sha256: hex(cohortHash(suite, [...survivors])) };
  const { evidence } = logged('agree', {}, says);
  const also = (evidence?.also ?? []).filter((_, i) => survivors.includes(i + 1));
  return {
    ...honestAgree,
    survivors,
    masked: chosen,
    ...(evidence && { evidence: { ...evidence, also } }),
  };
}

/** M3 over a survivor set by any hospital but the victim. */
function m3(signer: number, survivors: readonly number[], session = honestAgree.session): Envelope {
  const list = honestAgree.masked
    .map(opened)
    .filter(({ header }) => survivors.includes(header.sender));
  const [first] = list;
  if (first === undefined) throw new Error('nobody');
  const { h2 } = first.body;
  const h3 = hex(transcript3(suite, fromHex(h2), list));
  const header = { ...first.header, sender: signer, session };
  const by = { keyid: 'x', seed: keySeed(signer, 'identity') };
  return signStatement(suite, by, 'agree', header, { h2, h3 });
}

/** R4 with M3 of the given signers over one set; the victim's own M3 is what it signed, if it did. */
function unmask(
  victim: Victim,
  signers: readonly number[],
  survivors: readonly number[],
): Of<'unmask'> {
  const own = victim.sent.find(({ kind }) => kind === 'agreement');
  const agreements = signers.flatMap((signer) => {
    if (signer !== 1) return [m3(signer, survivors)];
    return own?.kind === 'agreement' ? [own.envelope] : [];
  });
  return { ...honestUnmask, agreements };
}

function released(victim: Victim): Map<number, Set<string>> {
  const kinds = new Map<number, Set<string>>();
  for (const { shares } of victim.signed('unmask'))
    for (const { dealer, kind } of shares)
      kinds.set(dealer, (kinds.get(dealer) ?? new Set()).add(kind));
  return kinds;
}

const sets = fc.oneof(
  fc.constantFrom([1, 2, 3], [1, 2, 4], ALL), // what may be signed
  fc.subarray(ALL, { minLength: 1 }),
);
const request = fc.oneof(
  { weight: 4, arbitrary: sets.map((survivors) => (): ToAgent => agree(survivors)) },
  {
    weight: 6,
    arbitrary: fc.tuple(sets, fc.option(sets, { freq: 1 })).map(
      ([survivors, signers]) =>
        (victim: Victim): ToAgent =>
          unmask(victim, signers ?? survivors, survivors),
    ),
  },
  fc.constant((): ToAgent => at('shares').message),
  fc.constant((): ToAgent => at('keys').message),
  fc.constant((): ToAgent => at('open').message),
);

describe('T1 both secrets of one hospital', () => {
  test('T1 no sequence of requests makes a hospital give both kinds of share for one peer (I3), or answer R4 twice', () => {
    let answered = 0;
    fc.assert(
      fc.property(fc.array(request, { maxLength: 14 }), (requests) => {
        const victim = victimBefore('agree');
        for (const next of requests) victim.ask(next(victim));
        for (const [dealer, kinds] of released(victim))
          expect([dealer, kinds.size]).toEqual([dealer, 1]);
        expect(victim.signed('agree').length).toBeLessThan(2); // I2
        expect(victim.signed('unmask').length).toBeLessThan(2);
        expect(victim.vectors).toHaveLength(0);
        answered += victim.signed('unmask').length;
      }),
      { numRuns: 150 },
    );
    expect(answered).toBeGreaterThan(0); // else nothing was tried
  });

  test('T1 what is released follows from the set it signed: b of survivors, s of the lost, of nobody both', () => {
    const victim = victimBefore('agree');
    expect(victim.ask(agree([1, 2, 3]))).toBe('answered');
    expect(victim.ask(unmask(victim, [1, 2, 3], [1, 2, 3]))).toBe('answered');
    expect([...released(victim)].map(([dealer, kinds]) => [dealer, [...kinds].join('')])).toEqual([
      [1, 'b'],
      [2, 'b'],
      [3, 'b'],
      [4, 's'],
    ]);
  });

  test('T1 an M4 has one line a dealer: a statement with both kinds cannot even be written', () => {
    const share = new Uint8Array(32);
    const both = [
      { dealer: 2, kind: 'b', share },
      { dealer: 2, kind: 's', share },
    ] as const;
    const header = opened(honestAgree.masked[0]).header;
    const signer = { keyid: 'x', seed: keySeed(1, 'identity') };
    expect(() =>
      signStatement(suite, signer, 'unmask', header, { h3: '00'.repeat(32), shares: both }),
    ).toThrow(/ascending/);
  });
});

describe('T2 one survivor set a session', () => {
  test('T2 a second, different set is refused before R4 and after it; the same one again is not signed again (I2)', () => {
    const victim = victimBefore('agree');
    expect(victim.ask(agree([1, 2, 3]))).toBe('answered');
    for (const phase of ['before', 'after']) {
      for (const other of [ALL, [1, 2, 4], [1, 3, 4]])
        expect([phase, victim.ask(agree(other))]).toEqual([phase, 'SURVIVORS_ALREADY_SIGNED']);
      expect(victim.ask(agree([1, 2, 3]))).toBe('repeated');
      if (phase === 'before')
        expect(victim.ask(unmask(victim, [1, 2, 3], [1, 2, 3]))).toBe('answered');
    }
    expect(victim.signed('agree')).toHaveLength(1);
    expect(victim.signed('unmask')).toHaveLength(1);
  });

  test('T2 M3 of others over another set open nothing', () => {
    const victim = victimBefore('agree');
    victim.ask(agree([1, 2, 3]));
    expect(victim.ask(unmask(victim, [2, 3, 4], ALL))).toBe('SIGNER_NOT_SURVIVOR');
    const mixed = { ...honestUnmask, agreements: [m3(2, ALL), m3(3, ALL)] };
    expect(victim.ask(mixed)).toBe('TRANSCRIPT_MISMATCH');
    expect(victim.signed('unmask')).toHaveLength(0);
  });
});

describe('T3 the quorum of M3', () => {
  const after = (): Victim => {
    const victim = victimBefore('agree');
    expect(victim.ask(agree(ALL))).toBe('answered');
    return victim;
  };

  test('T3 fewer than T, repeated, foreign-session, non-U3 and non-roster M3 are refused, and no share leaves', () => {
    const victim = after();
    const of = (agreements: readonly Envelope[]) => victim.ask({ ...honestUnmask, agreements });
    expect(of([])).toBe('QUORUM_NOT_REACHED');
    expect(of([m3(2, ALL), m3(3, ALL)])).toBe('QUORUM_NOT_REACHED');
    expect(of([m3(2, ALL), m3(2, ALL), m3(3, ALL)])).toBe('LIST_MALFORMED');
    expect(of([m3(3, ALL), m3(2, ALL), m3(4, ALL)])).toBe('LIST_MALFORMED');
    expect(of([m3(2, ALL, '0f'.repeat(32)), m3(3, ALL), m3(4, ALL)])).toBe('HEADER_MISMATCH');
    const forged = resigned('agree', m3(2, ALL), {}, 3);
    expect(of([forged, m3(3, ALL), m3(4, ALL)])).toBe('SIGNATURE_INVALID');
    expect(of([m3(2, ALL), m3(3, ALL), m3(9, ALL)])).toBe('SIGNER_NOT_SURVIVOR');
    const unsigned = { ...m3(2, ALL), signatures: [] };
    expect(of([unsigned, m3(3, ALL), m3(4, ALL)])).toBe('SIGNATURE_INVALID');
    expect(victim.signed('unmask')).toHaveLength(0);
    expect(of([m3(2, ALL), m3(3, ALL), m3(4, ALL)])).toBe('answered');
  });

  test('T3 a head that does not extend the one held, or holds another leaf, opens nothing', () => {
    const victim = after();
    const request = unmask(victim, [2, 3, 4], ALL);
    expect(victim.ask(request, null)).toBe('LOG_HEAD_REFUSED');
    const { evidence, ...bare } = request;
    expect(victim.ask(bare)).toBe('LOG_LEAF_MISSING');
    const elsewhere = logged('unmask', {}, {}, { session: '0e'.repeat(32) });
    expect(victim.ask({ ...request, ...elsewhere })).toBe('LOG_LEAF_MISSING');
    expect(evidence).toBeDefined();
    expect(victim.signed('unmask')).toHaveLength(0);
  });

  test('T3 a survivor set whose vectors the log does not hold is not signed', () => {
    const without = (change: (also: readonly { bytes: string }[]) => readonly object[]) => {
      const message = agree(ALL);
      const { evidence } = message;
      if (evidence?.also === undefined) throw new Error('no leaves');
      const also = change(evidence.also) as typeof evidence.also;
      return victimBefore('agree').ask({ ...message, evidence: { ...evidence, also } });
    };
    expect(without((also) => also)).toBe('answered');
    expect(without((also) => also.slice(1))).toBe('LOG_LEAF_MISSING');
    expect(without(() => [])).toBe('LOG_LEAF_MISSING');
    expect(without(([a, b, c, d]) => [b, a, c, d] as object[])).toBe('LOG_LEAF_MISSING');
    const own = logged('agree', {}, {}).evidence?.leaf.bytes ?? '';
    expect(without(([a, b, c]) => [a, b, c, { bytes: own }] as object[])).toBe('LOG_LEAF_MISSING');
    expect(without(([a, b, c]) => [a, b, c, { bytes: base64(Uint8Array.of(1)) }] as object[])).toBe(
      'LOG_LEAF_MISSING',
    );
    expect(victimBefore('agree').ask(agree(ALL), null)).toBe('LOG_HEAD_REFUSED');
  });
});

describe('T4 who is in the survivor set', () => {
  test('T4 self missing, an unknown, repeated or misplaced id, an id outside U2: refused, and no share leaves', () => {
    const victim = victimBefore('agree');
    const masked = honestAgree.masked;
    const of = (change: Partial<Of<'agree'>>) => victim.ask({ ...agree(ALL), ...change });
    expect(victim.ask(agree([2, 3, 4]))).toBe('SURVIVORS_EXCLUDE_SELF');
    expect(of({ survivors: [1, 2, 3, 9] })).toBe('LIST_MALFORMED');
    expect(of({ survivors: [1, 2, 3, 3] })).toBe('LIST_MALFORMED');
    expect(of({ survivors: [2, 1, 3, 4] })).toBe('LIST_MALFORMED');
    expect(of({ survivors: [1, 2, 3] })).toBe('LIST_MALFORMED');
    expect(of({ masked: [...masked.slice(0, 3), masked[2]] as Envelope[] })).toBe('LIST_MALFORMED');
    const stranger = resigned('masked', masked[3], {}, 3);
    expect(of({ masked: [...masked.slice(0, 3), stranger] as Envelope[] })).toBe(
      'SIGNATURE_INVALID',
    );
    expect(of({ survivors: [1, 2], masked: masked.slice(0, 2) })).toBe('SURVIVORS_TOO_FEW');
    expect(victim.signed('agree')).toHaveLength(0);
    expect(victim.sent).toEqual([]);
    expect(HEAD.size).toBe(1);
  });

  test('T4 a hospital that did not share cannot survive', () => {
    const victim = victimBefore('shares');
    const { message } = at('shares');
    const three = {
      ...message,
      shares: message.shares.slice(0, 3),
      dealings: message.dealings.slice(0, 3),
    };
    expect(victim.ask(three)).toBe('answered'); // U2 = 1, 2, 3
    const [body] = victim.signed('masked');
    const own = victim.sent.find(({ kind }) => kind === 'masked');
    if (own?.kind !== 'masked' || body === undefined) throw new Error('no M2');
    const others = [2, 3, 4].map((one, i) =>
      resigned('masked', honestAgree.masked[i + 1], { h2: body.h2 }, one),
    );
    const list = [own.envelope, ...others];
    expect(victim.ask({ ...agree(ALL), masked: list })).toBe('MEMBER_NOT_ALLOWED');
  });
});
