/**
 * Every way in which a cohort can lose hospitals at one exchange, played to its end.
 *
 * T is written out here and not asked of the code: what the code thinks of T is what these sessions try.
 */
import { expect } from 'vitest';
import { without } from '../../../core/src/secagg/members.ts';
import { beginSession, endSession, rulesOf } from './session.ts';
import { layout, plainSum, wordsOf } from './vectors.ts';

const EXCHANGES = ['share', 'masked', 'agree', 'unmask'] as const;

/** Sessions played. */
export interface DropOuts {
  readonly n: number;
  readonly cAbs: number;
  readonly quorum: number;
  /** Sets of at most n − T hospitals lost, four exchanges each: the sum was exact. */
  readonly exact: number;
  /** Sets of n − T + 1: no sum, nothing opened. */
  readonly stopped: number;
}

export function playEveryDropOut(n: number, cAbs: number): DropOuts {
  const quorum = Math.floor((n + cAbs) / 2) + 1;
  const members = Array.from({ length: n }, (_, i) => 1 + i + i * i); // ascending, with gaps
  const begun = beginSession(members, rulesOf({ cAbs }), layout);
  const plain = new Map<string, Uint32Array>();
  let [exact, stopped] = [0, 0];
  for (let size = 0; size <= n - quorum + 1; size++)
    for (const lost of subsets(members, size))
      for (const exchange of EXCHANGES) {
        const what = `n = ${String(n)}, cAbs = ${String(cAbs)}, ${exchange} loses ${lost.join(' ')}`;
        const played = endSession(begun, wordsOf, { [exchange]: lost });
        const { u2, u3, opened, released } = played;
        expect(u2, what).toEqual(exchange === 'share' ? without(members, lost) : members);
        expect(u3, what).toEqual(
          exchange === 'share' || exchange === 'masked' ? without(members, lost) : members,
        );
        // one kind of share a hospital, and only of those that shared
        for (const { dealer, kind } of released)
          if (!u2.includes(dealer) || kind !== (u3.includes(dealer) ? 'b' : 's'))
            expect.fail(`${what}: released ${kind} of ${String(dealer)}`);
        if (size <= n - quorum) {
          const name = u3.join();
          const expected = plain.get(name) ?? plainSum(u3);
          plain.set(name, expected);
          if (Buffer.compare(bytesOf(played.sum), bytesOf(expected)) !== 0)
            expect.fail(`${what}: not the plain sum`);
          expect(opened, what).toEqual(u2);
          exact++;
        } else {
          expect([played.sum, opened], what).toEqual([undefined, []]);
          stopped++;
        }
      }
  return { n, cAbs, quorum, exact, stopped };
}

/** The sizes of the cohorts with the least cAbs and with that of the table of section 6. */
export function cohorts(least: number, most: number): readonly (readonly [number, number])[] {
  return Array.from({ length: most - least + 1 }, (_, i) => least + i).flatMap((n) => {
    const third = Math.max(1, Math.ceil(n / 3) - 1);
    return [...new Set([1, third])].map((cAbs) => [n, cAbs] as const);
  });
}

export function* subsets(of: readonly number[], size: number, from = 0): Generator<number[]> {
  if (size === 0) yield [];
  else
    for (let i = from; i <= of.length - size; i++)
      for (const rest of subsets(of, size - 1, i + 1)) yield [of[i]!, ...rest];
}

function bytesOf(words: Uint32Array | undefined): Uint8Array {
  return words === undefined ? new Uint8Array(0) : new Uint8Array(words.buffer);
}
