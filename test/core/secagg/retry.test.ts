import { describe, expect, test } from 'vitest';
import { nodeSuite as suite } from '@plexus/suite';
import type { PreviousSession } from '../../../core/src/secagg/bodies.ts';
import { intersect, without } from '../../../core/src/secagg/members.ts';
import {
  mayBothBeSummed,
  refuseDeclared,
  refuseRetry,
  returnersNeeded,
  signedSets,
} from '../../../core/src/secagg/retry.ts';
import { quorum } from '../../../core/src/secagg/rules.ts';
import { openStatement, signStatement } from '../../../core/src/secagg/statements.ts';
import { bytes, headerOf, SESSION } from './session.ts';

const A = 'aa'.repeat(32);
const B = 'bb'.repeat(32);
const agreement = { payload: '', payloadType: '', signatures: [] };

function declared(session: string, survivors?: readonly number[]): PreviousSession {
  return { session, ...(survivors && { agreed: { survivors, agreement } }) };
}

/** Every subset of 1..n with at least `least` members. */
function subsets(members: readonly number[], least = 0): readonly (readonly number[])[] {
  return Array.from({ length: 2 ** members.length }, (_, mask) =>
    members.filter((_member, i) => (mask >> i) & 1),
  ).filter(({ length }) => length >= least);
}

describe('T17 retries and differencing (secure-aggregation.md 4.7)', () => {
  test('T17 the sets of a session are those that somebody signed; a session nobody signed in has none', () => {
    const sets = signedSets([
      declared(A, [1, 2, 3]),
      declared(A, [1, 2, 3]),
      declared(A),
      declared(B),
    ]);
    expect([...sets]).toEqual([
      [A, [[1, 2, 3]]],
      [B, []],
    ]);
  });

  test('T17 too few members of an earlier session back: RETRY_UNRESOLVED, and exactly at the bound it goes on', () => {
    const rules = { cAbs: 1 };
    const earlier = [{ session: A, u1: [1, 2, 3, 4] }];
    expect(returnersNeeded(4, 1)).toBe(3);
    expect(refuseRetry(rules, earlier, [1, 2, 5, 6], signedSets([]))).toBe('RETRY_UNRESOLVED');
    expect(refuseRetry(rules, earlier, [1, 2, 4, 5], signedSets([]))).toBeUndefined();
  });

  test('T17 a third sum is refused: two sessions that may be opened are RETRY_EXHAUSTED, unsigned ones are free', () => {
    const refuse = (...list: PreviousSession[]) =>
      refuseRetry({ cAbs: 1 }, [], [1, 2, 3, 4], signedSets(list));
    expect(refuse(declared(A, [1, 2, 3]), declared(B, [1, 2, 3]))).toBe('RETRY_EXHAUSTED');
    expect(refuse(declared(A, [1, 2, 3]), declared(B))).toBeUndefined();
    expect(refuse(declared(A), declared(B))).toBeUndefined();
  });

  test('T17 two sums are one sum, or minDelta hospitals apart', () => {
    const may = (a: readonly number[], b: readonly number[]) =>
      mayBothBeSummed({ minDelta: 3 }, a, b);
    expect(may([1, 2, 3], [1, 2, 3])).toBe(true);
    expect(may([1, 2, 3], [1, 2, 3, 4])).toBe(false);
    expect(may([1, 2, 3], [1, 2, 4])).toBe(false);
    expect(may([1, 2, 3], [1, 2, 3, 4, 5, 6])).toBe(true);
    expect(may([1, 2, 3, 4], [3, 4, 5])).toBe(true);
  });

  test('T17 exhaustively for n ≤ 6: if the first session can be opened, an honest signer is back and says over which set', () => {
    let released = 0;
    for (let n = 3; n <= 6; n++) {
      const all = Array.from({ length: n }, (_, i) => i + 1);
      for (const cAbs of [1, 2].filter((c) => c + 2 <= n)) {
        const threshold = quorum(n, cAbs);
        for (const corrupt of subsets(all).filter(({ length }) => length <= cAbs))
          for (const signers of subsets(all, threshold)) {
            released++;
            const honestSigners = without(signers, corrupt);
            for (const back of subsets(all)) {
              const mayGoOn =
                refuseRetry({ cAbs }, [{ session: A, u1: all }], back, signedSets([])) ===
                undefined;
              if (mayGoOn) expect(intersect(honestSigners, back).length).toBeGreaterThan(0);
            }
          }
      }
    }
    expect(released).toBeGreaterThan(400);
  });

  test('T17 exhaustively for n ≤ 6: two sums that may both be known never differ by a single honest hospital', () => {
    for (let n = 3; n <= 6; n++) {
      const all = Array.from({ length: n }, (_, i) => i + 1);
      for (const cAbs of [1, 2].filter((c) => c + 2 <= n))
        for (const first of subsets(all, 3))
          for (const second of subsets(all, 3)) {
            if (!mayBothBeSummed({ minDelta: cAbs + 2 }, first, second)) continue;
            const difference = [...without(first, second), ...without(second, first)];
            for (const corrupt of subsets(all).filter(({ length }) => length <= cAbs)) {
              const honest = without(difference, corrupt);
              expect(honest.length).not.toBe(1);
            }
          }
    }
  });
});

describe('T17 declarations', () => {
  const signer = { keyid: 'x', seed: bytes(7) };
  const key = suite.ed25519PublicKey(signer.seed);
  const h = { h2: '01'.repeat(32), h3: '02'.repeat(32) };
  const m3 = (over: Partial<ReturnType<typeof headerOf>> = {}, by = signer) =>
    signStatement(suite, by, 'agree', headerOf(2, { session: A, ...over }), h);

  function refusal(previous: readonly PreviousSession[]) {
    const body = {
      cPublic: '03'.repeat(32),
      sPublic: '04'.repeat(32),
      nonce: '05'.repeat(32),
      cohortHash: '06'.repeat(32),
      previous,
    };
    const envelope = signStatement(suite, signer, 'advertise', headerOf(2), body);
    const m0 = openStatement(suite, 'advertise', envelope, key);
    if (m0.kind === 'refused') throw new Error(m0.code);
    return refuseDeclared(suite, m0, key);
  }
  const agreed = (survivors: readonly number[], agreement = m3(), session = A) => [
    { session, agreed: { survivors, agreement } },
  ];

  test('T17 a survivor set is believed only with the sender’s own M3 of that session, model and round', () => {
    expect(refusal([{ session: A }])).toBeUndefined();
    expect(refusal(agreed([1, 2, 3]))).toBeUndefined();
    expect(refusal(agreed([1, 3, 4]))).toBe('LIST_MALFORMED');
    expect(refusal([...agreed([1, 2, 3]), { session: A }])).toBe('LIST_MALFORMED');
    expect(refusal([{ session: SESSION }])).toBe('LIST_MALFORMED');
    expect(refusal(agreed([1, 2, 3], m3(), B))).toBe('HEADER_MISMATCH');
    expect(refusal(agreed([1, 2, 3], m3({ round: 4 })))).toBe('HEADER_MISMATCH');
    expect(refusal(agreed([1, 2, 3], m3({ modelHash: '0f'.repeat(32) })))).toBe('MODEL_MISMATCH');
    expect(refusal(agreed([1, 2, 3], m3({ sender: 3 })))).toBe('SENDER_MISMATCH');
    const forged = m3({}, { keyid: 'x', seed: bytes(8) });
    expect(refusal(agreed([1, 2, 3], forged))).toBe('SIGNATURE_INVALID');
  });
});
