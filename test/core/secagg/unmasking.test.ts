/** Whole sessions through the pure functions, and the checks that name a liar (secure-aggregation.md 4.6). */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hex } from '@plexus/core';
import { layoutWords } from '../../../core/src/secagg/layout.ts';
import { masksOf, maskVector } from '../../../core/src/secagg/masking.ts';
import { without } from '../../../core/src/secagg/members.ts';
import { decodeSum } from '../../../core/src/secagg/quantise.ts';
import { releaseFor } from '../../../core/src/secagg/release.ts';
import { quorum } from '../../../core/src/secagg/rules.ts';
import { splitSecret } from '../../../core/src/secagg/shamir.ts';
import { dealShares, shareCommitment } from '../../../core/src/secagg/sharing.ts';
import {
  checkRelease,
  masksToRemove,
  rebuildPairSecret,
  rebuildSelfSeed,
  sumAndUnmask,
} from '../../../core/src/secagg/unmasking.ts';
import { fastSuite as suite } from '../../fast-suite.ts';
import { cohorts, playEveryDropOut } from './drop-outs.ts';
import { playScale } from './scale.ts';
import { beginSession, bytes, endSession, got, playSession, rulesOf } from './session.ts';
import { layout, MAX_COHORT as MAX, plainSum, wordsOf } from './vectors.ts';

const indices = fc.uniqueArray(fc.integer({ min: 1, max: 65535 }), { minLength: 3, maxLength: 8 });

describe('T10 the unmasked sum is the plain sum, to the last bit', () => {
  test('for 3 to 8 hospitals of any index, lost in any exchange, while T of them answer', () => {
    fc.assert(
      fc.property(indices, fc.infiniteStream(fc.nat({ max: 3 })), (found, fates) => {
        const members = found.toSorted((a, b) => a - b);
        const spare = members.length - quorum(members.length, 1);
        const lost: Record<number, number[]> = { 1: [], 2: [], 3: [] };
        let left = spare;
        for (const member of members) {
          const fate = Number(fates.next().value);
          if (fate === 0 || left === 0) continue;
          lost[fate]?.push(member);
          left--;
        }
        const played = playSession(members, rulesOf(), layout, wordsOf, {
          share: lost[1] ?? [],
          masked: lost[2] ?? [],
          unmask: lost[3] ?? [],
        });
        const survivors = without(members, [...(lost[1] ?? []), ...(lost[2] ?? [])]);
        expect(played.u3).toEqual(survivors);
        expect(played.sum).toEqual(plainSum(survivors));
        const decoded = decodeSum(layout, MAX, played.sum ?? new Uint32Array(0), survivors.length);
        expect(got(decoded, 'weight')[0]).toBe(10 * survivors.reduce((a, b) => a + b, 0));
      }),
      { numRuns: 30 },
    );
  });

  test.each(cohorts(3, 6))(
    'for %i hospitals, %i of them corrupt, every set of at most n − T lost at every exchange; one more, and nothing opens',
    (n, cAbs) => {
      const { exact, stopped } = playEveryDropOut(n, cAbs);
      expect(exact).toBeGreaterThan(0);
      expect(stopped).toBeGreaterThan(0);
    },
  );

  test('n − T hospitals may fall silent at R4 and the sum is the same; one more, and nothing opens', () => {
    const members = [1, 2, 3, 4, 5, 6, 7];
    const expected = plainSum(members);
    for (const silent of [[1], [7], [2, 5]])
      expect(playSession(members, rulesOf(), layout, wordsOf, { unmask: silent }).sum).toEqual(
        expected,
      );
    const tooFew = playSession(members, rulesOf(), layout, wordsOf, { unmask: [1, 2, 3] });
    expect(tooFew.sum).toBeUndefined();
  });

  test('in a sparse graph, one lost before masking and one silent at unmasking', () => {
    const members = [2, 3, 5, 7, 11, 13, 17, 19, 23];
    const rules = rulesOf({ maxLoss: 2 });
    const silent = { masked: [7], unmask: [11] };
    const played = playSession(members, rules, layout, wordsOf, silent, 4);
    expect(played.graph.sparse).toBe(true);
    expect(played.sum).toEqual(plainSum(without(members, [7])));
  });

  test('120 hospitals in a sparse graph (k = 22, t = 11) lose 10 around one survivor and sum 1000 parameters', () => {
    const counts = playScale({ n: 120, cAbs: 10, maxLoss: 10, d: 1000 });
    expect([counts.k, counts.t, counts.survivors]).toEqual([22, 11, 115]);
  });

  test('in a sparse graph a survivor with fewer than t neighbours left to answer keeps its secret: there is no sum', () => {
    const members = Array.from({ length: 12 }, (_, i) => i + 1);
    const begun = beginSession(members, rulesOf({ cAbs: 2, maxLoss: 1 }), layout, 4);
    const { graph } = begun;
    expect([graph.degree, graph.threshold]).toEqual([4, 3]);
    const enough = endSession(begun, wordsOf, { unmask: graph.neighbours(6).slice(0, 1) });
    expect(enough.sum).toEqual(plainSum(members));
    const tooFew = endSession(begun, wordsOf, { unmask: graph.neighbours(6).slice(0, 2) });
    expect(tooFew.sum).toBeUndefined();
    expect(tooFew.opened).not.toContain(6);
  });

  test('a session that left one mask on fails its check words (CHECK_WORDS_MISMATCH)', () => {
    const played = playSession([1, 2, 3], rulesOf(), layout, wordsOf);
    const masked = sumAndUnmask(suite, layout, played.vectors.values(), []);
    expect(() => decodeSum(layout, MAX, masked, 3)).toThrow(
      expect.objectContaining({ code: 'CHECK_WORDS_MISMATCH' }),
    );
    expect(() => decodeSum(layout, MAX, played.sum ?? masked, 2)).toThrow(
      expect.objectContaining({ code: 'CHECK_WORDS_MISMATCH' }),
    );
  });

  test('T7: one hospital that was shown another model masks under another transcript: the sum is garbage and its check words fail', () => {
    const members = [1, 2, 3];
    const { keys, vectors, u2, u3, h1, graph } = playSession(members, rulesOf(), layout, wordsOf);
    const misled = masksOf(suite, got(keys, 2), {
      h1: bytes(0x77),
      self: 2,
      neighboursInU2: [1, 3],
      sPublicOf: (v) => got(keys, v).sPublic,
    });
    const sent = [got(vectors, 1), maskVector(suite, layout, wordsOf(2), misled), got(vectors, 3)];
    const masks = masksToRemove(suite, {
      h1,
      graph,
      u2,
      u3,
      selfSeedOf: (v) => got(keys, v).selfSeed,
      pairSecretOf: (w) => got(keys, w).sSecret,
      sPublicOf: (v) => got(keys, v).sPublic,
    });
    const right = sumAndUnmask(suite, layout, vectors.values(), masks);
    const wrong = sumAndUnmask(suite, layout, sent, masks);
    expect(right).toEqual(plainSum(members));
    expect(wrong.filter((word, i) => word === right[i])).toHaveLength(0);
    expect(() => decodeSum(layout, MAX, wrong, 3)).toThrow(
      expect.objectContaining({ code: 'CHECK_WORDS_MISMATCH' }),
    );
  });

  test('vectors may be added one at a time into an accumulator kept by the caller', () => {
    const { vectors } = playSession([1, 2, 3], rulesOf(), layout, wordsOf);
    const together = sumAndUnmask(suite, layout, vectors.values(), []);
    const kept = new Uint32Array(layoutWords(layout));
    for (const vector of vectors.values()) sumAndUnmask(suite, layout, [vector], [], kept);
    expect(kept).toEqual(together);
  });

  test('a vector of the wrong length changes nothing (VECTOR_LENGTH_MISMATCH)', () => {
    const kept = new Uint32Array(layoutWords(layout));
    expect(() => sumAndUnmask(suite, layout, [bytes(1, 5)], [], kept)).toThrow(
      expect.objectContaining({ code: 'VECTOR_LENGTH_MISMATCH' }),
    );
    expect(kept.every((word) => word === 0)).toBe(true);
  });
});

describe('T16 a wrong share and a wrong dealer have names', () => {
  const members = [1, 2, 3, 4];
  const played = playSession(members, rulesOf(), layout, wordsOf);
  const { h1, graph, dealt } = played;
  const expected = releaseFor(graph, members, members, 2);
  const entryOf = (dealer: number) => got(dealt, dealer).entries.find((e) => e.receiver === 2);
  // shares are re-derived by dealing again to a receiver who keeps its own
  const shares = expected.map(({ dealer, kind }) => {
    const keys = got(played.keys, dealer);
    const all = splitSecret(
      keys.selfSeed,
      keys.coefficients('b', graph.threshold - 1),
      graph.threshold,
      members,
    );
    return { dealer, kind, share: all[1]?.share ?? bytes(0) };
  });
  const answer = { h1, answerer: 2, expected, shares, entryOf };

  test('the dealt shares pass', () => {
    expect(checkRelease(suite, answer)).toBeUndefined();
  });

  test('an altered share, a missing, additional or exchanged line, or the other kind is SHARE_RELEASE_INVALID', () => {
    const altered = shares.map((line, i) => (i === 1 ? { ...line, share: bytes(1) } : line));
    const otherKind = shares.map((line, i) => (i === 1 ? { ...line, kind: 's' as const } : line));
    for (const wrong of [
      altered,
      otherKind,
      shares.slice(1),
      [...shares, ...shares.slice(0, 1)],
      shares.toReversed(),
    ])
      expect(checkRelease(suite, { ...answer, shares: wrong })).toBe('SHARE_RELEASE_INVALID');
    expect(checkRelease(suite, { ...answer, answerer: 3 })).toBe('SHARE_RELEASE_INVALID');
  });

  test('a dealer whose committed shares rebuild another seed is DEALER_INCONSISTENT', () => {
    const keys = got(played.keys, 1);
    const liar = dealShares(
      suite,
      { ...keys, selfSeed: bytes(9), sSecret: bytes(8) },
      {
        h1,
        self: 1,
        receivers: members,
        threshold: 3,
        cPublicOf: (v) => got(played.keys, v).cPublic,
      },
    );
    const split = (secret: Uint8Array, kind: 'b' | 's') =>
      splitSecret(secret, keys.coefficients(kind, 2), 3, members);
    const lies = split(bytes(9), 'b');
    expect(liar.entries[0]?.self).toBe(shareCommitment(suite, 'b', h1, 1, 1, lies[0]?.share ?? h1));
    const seed = { h1, dealer: 1, threshold: 3, commitB: got(dealt, 1).commitB };
    expect(rebuildSelfSeed(suite, { ...seed, shares: lies })).toEqual({
      kind: 'refused',
      code: 'DEALER_INCONSISTENT',
    });
    const secret = { threshold: 3, sPublic: keys.sPublic };
    expect(rebuildPairSecret(suite, { ...secret, shares: split(bytes(8), 's') })).toEqual({
      kind: 'refused',
      code: 'DEALER_INCONSISTENT',
    });
    const right = rebuildPairSecret(suite, { ...secret, shares: split(keys.sSecret, 's') });
    expect(right.kind === 'rebuilt' && hex(right.secret)).toBe(hex(keys.sSecret));
  });

  test('one bit altered anywhere in one answer: that answer is SHARE_RELEASE_INVALID, the others pass and rebuild', () => {
    const seven = [2, 3, 5, 7, 11, 13, 17];
    const begun = beginSession(seven, rulesOf({ cAbs: 2 }), layout);
    const lost = endSession(begun, wordsOf, { masked: [7] });
    const { u2, u3 } = lost;
    const answerOf = (answerer: number) => {
      const lines = releaseFor(lost.graph, u2, u3, answerer);
      return {
        h1: lost.h1,
        answerer,
        expected: lines,
        shares: lines.map((line) => ({
          ...line,
          share: begun.openedFrom(line.dealer, answerer)[line.kind],
        })),
        entryOf: (dealer: number) =>
          got(lost.dealt, dealer).entries.find(({ receiver }) => receiver === answerer),
      };
    };
    const t = lost.graph.threshold;
    fc.assert(
      fc.property(
        fc.constantFrom(...u3),
        fc.nat({ max: 6 }),
        fc.nat({ max: 255 }),
        (liar, line, bit) => {
          const good = u3.map(answerOf).filter((one) => {
            const lied = one.shares.map(({ share, ...rest }, i) => ({
              ...rest,
              share:
                i === line && one.answerer === liar
                  ? share.map((byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte))
                  : share,
            }));
            const code = checkRelease(suite, { ...one, shares: lied });
            expect(code).toBe(one.answerer === liar ? 'SHARE_RELEASE_INVALID' : undefined);
            return code === undefined;
          });
          const sharesOf = (of: number) =>
            good.map(({ answerer, shares: given }) => ({
              abscissa: answerer,
              share: given.find(({ dealer }) => dealer === of)?.share ?? bytes(0),
            }));
          const { sPublic } = got(lost.keys, 7);
          expect(good).toHaveLength(t);
          expect(
            rebuildPairSecret(suite, { threshold: t, sPublic, shares: sharesOf(7) }).kind,
          ).toBe('rebuilt');
          const { commitB } = got(lost.dealt, 3);
          const seed = { h1: lost.h1, dealer: 3, threshold: t, commitB };
          expect(rebuildSelfSeed(suite, { ...seed, shares: sharesOf(3) }).kind).toBe('rebuilt');
        },
      ),
      { numRuns: 40 },
    );
  });

  test('a dealer whose one share lies off its polynomial is convicted by any t shares with that one in it, and by none without', () => {
    const keys = got(played.keys, 1);
    const dealtShares = splitSecret(keys.selfSeed, keys.coefficients('b', 2), 3, members);
    const off = dealtShares.map((one, i) => (i === 2 ? { ...one, share: bytes(7) } : one));
    const seed = { h1, dealer: 1, threshold: 3, commitB: got(dealt, 1).commitB };
    const kinds = members.map((left) => {
      const shares = off.filter(({ abscissa }) => abscissa !== left);
      return rebuildSelfSeed(suite, { ...seed, shares }).kind;
    });
    expect(kinds).toEqual(['refused', 'refused', 'rebuilt', 'refused']);
  });

  test('fewer than t shares say how many are missing', () => {
    const few = { h1, dealer: 1, threshold: 3, commitB: h1, shares: [] };
    expect(rebuildSelfSeed(suite, few)).toEqual({ kind: 'short', missing: 3 });
  });
});
