/** Sharings of every size, rebuilt from random subsets: a sample in shamir.test.ts, all of them in the long test. */
import { expect } from 'vitest';
import { rebuildSecret, splitSecret } from '../../../core/src/secagg/shamir.ts';
import { fastSuite as suite } from '../../fast-suite.ts';
import { bytes, seedOf } from './session.ts';

export function coefficientsOf(threshold: number, key: number): Uint8Array {
  return suite.keystream(bytes(key), 32 * (threshold - 1));
}

/**
 * For each n: shares with the threshold of the complete graph, T at cAbs = max(1, ⌈n/3⌉ − 1), and with that of the sparse one,
 * cAbs + 1, and rebuilds from `subsets` random subsets of t shares, in random order.
 */
export function rebuildEverySize(
  sizes: readonly number[],
  subsets: number,
  seed: number,
): { readonly sharings: number; readonly rebuilt: number } {
  let [sharings, rebuilt] = [0, 0];
  for (const n of sizes) {
    const random = new DataView(
      suite.keystream(seedOf(n ^ (seed << 9)), 4 * n * (subsets + 1)).slice().buffer,
    );
    const cAbs = Math.max(1, Math.ceil(n / 3) - 1);
    const abscissae = shuffled(random, 0, 65535, n).map((x) => x + 1);
    for (const t of [Math.floor((n + cAbs) / 2) + 1, cAbs + 1]) {
      const secret = seedOf(n);
      const shares = splitSecret(secret, coefficientsOf(t, seed), t, abscissae);
      expect(shares.map(({ abscissa }) => abscissa)).toEqual(abscissae);
      sharings++;
      for (let i = 1; i <= subsets; i++) {
        const subset = shuffled(random, i, n, t).map((at) => shares[at]!);
        expect(rebuildSecret(subset)).toEqual(secret);
        expect(rebuildSecret(subset.slice(1))).not.toEqual(secret);
        rebuilt++;
      }
    }
  }
  return { sharings, rebuilt };
}

/** `count` different numbers below `from`, in random order; the i-th part of the random words. */
function shuffled(random: DataView, part: number, from: number, count: number): readonly number[] {
  const moved = new Map<number, number>();
  return Array.from({ length: count }, (_, i) => {
    const at = i + (random.getUint32(4 * (part * count + i)) % (from - i));
    const found = moved.get(at) ?? at;
    moved.set(at, moved.get(i) ?? i);
    return found;
  });
}
