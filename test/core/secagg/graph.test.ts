/** The neighbour graph (secure-aggregation.md 5): nobody steers it, and losses within bounds cannot split it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { neighbourGraph, type NeighbourGraph } from '../../../core/src/secagg/graph.ts';
import { without } from '../../../core/src/secagg/members.ts';
import { rulesOf } from './session.ts';

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);

describe('T18: the graph is a function of U1 and the signed rules', () => {
  test.each([
    [200, 10, 10, 22, 11],
    [200, 40, 40, 82, 41],
    [300, 30, 15, 46, 31],
    [500, 50, 50, 102, 51],
    [500, 165, 100, 266, 166],
  ])(
    'n = %i, cAbs = %i, maxLoss = %i: k = %i, t = %i (table of section 5)',
    (n, cAbs, maxLoss, k, t) => {
      const graph = neighbourGraph(upTo(n), rulesOf({ cAbs, maxLoss }));
      expect([graph.sparse, graph.degree, graph.threshold]).toEqual([true, k, t]);
      expect(graph.neighbours(7)).toHaveLength(k);
      expect(graph.receivers(7)).toEqual(graph.neighbours(7));
    },
  );

  test('complete up to 100, when asked for, and when k reaches n − 1; then t = T and one keeps an own share', () => {
    for (const [n, over] of [
      [100, {}],
      [300, { graph: 'complete' as const }],
      [101, { cAbs: 60, maxLoss: 40 }],
    ] as const) {
      const graph = neighbourGraph(upTo(n), rulesOf(over));
      const cAbs = rulesOf(over).cAbs;
      expect(graph.sparse).toBe(false);
      expect(graph.threshold).toBe(Math.floor((n + cAbs) / 2) + 1);
      expect(graph.neighbours(3)).toEqual(without(upTo(n), [3]));
      expect(graph.receivers(3)).toEqual(upTo(n));
    }
    expect(neighbourGraph(upTo(101), rulesOf()).sparse).toBe(true);
  });

  test('neighbourhood is mutual, excludes oneself, and depends on order alone, not on the indices', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 1, max: 65535 }), { minLength: 8, maxLength: 30 }),
        fc.integer({ min: 1, max: 3 }),
        (found, cAbs) => {
          const u1 = found.toSorted((a, b) => a - b);
          const rules = rulesOf({ cAbs });
          const graph = neighbourGraph(u1, rules, 4);
          const plain = neighbourGraph(upTo(u1.length), rules, 4);
          u1.forEach((u, i) => {
            const near = graph.neighbours(u);
            expect(near).toHaveLength(graph.degree);
            expect(near).not.toContain(u);
            for (const v of near) expect(graph.neighbours(v)).toContain(u);
            expect(near).toEqual(plain.neighbours(i + 1).map((place) => u1[place - 1]));
          });
        },
      ),
    );
  });

  test('at n ≤ 9, whatever cAbs and maxLoss hospitals are corrupt and lost: the rest is connected and each secret has t shares', () => {
    for (const [cAbs, maxLoss] of [
      [1, 0],
      [1, 1],
      [2, 1],
      [1, 2],
    ] as const)
      for (let n = 5; n <= 9; n++) {
        const graph = neighbourGraph(upTo(n), rulesOf({ cAbs, maxLoss }), 4);
        if (!graph.sparse) continue;
        for (const lost of subsets(upTo(n), maxLoss)) {
          const live = without(upTo(n), lost);
          for (const u of upTo(n))
            expect(
              graph.neighbours(u).filter((v) => live.includes(v)).length,
            ).toBeGreaterThanOrEqual(graph.threshold);
          for (const corrupt of subsets(live, cAbs))
            expect(isConnected(graph, without(live, corrupt))).toBe(true);
        }
      }
  });

  test('an unsorted U1 is LIST_MALFORMED; a stranger has no neighbours (MEMBER_NOT_ALLOWED)', () => {
    expect(() => neighbourGraph([2, 1], rulesOf())).toThrow(
      expect.objectContaining({ code: 'LIST_MALFORMED' }),
    );
    const graph = neighbourGraph([1, 2, 3], rulesOf());
    for (const ask of ['neighbours', 'receivers'] as const)
      expect(() => graph[ask](4)).toThrow(expect.objectContaining({ code: 'MEMBER_NOT_ALLOWED' }));
  });
});

function subsets(of: readonly number[], size: number): readonly (readonly number[])[] {
  if (size === 0) return [[]];
  return of.flatMap((first, i) =>
    subsets(of.slice(i + 1), size - 1).map((rest) => [first, ...rest]),
  );
}

function isConnected(graph: NeighbourGraph, members: readonly number[]): boolean {
  const reached = new Set(members.slice(0, 1));
  for (const u of reached)
    for (const v of graph.neighbours(u)) if (members.includes(v)) reached.add(v);
  return reached.size === members.length;
}
