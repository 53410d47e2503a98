/** The neighbour graph (secure-aggregation.md 5): nobody steers it, and losses within bounds cannot split it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { neighbourGraph } from '../../../core/src/secagg/graph.ts';
import { without } from '../../../core/src/secagg/members.ts';
import { rulesOf } from './session.ts';

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);

/** The SA1 rows of the table of section 5: k and t at γ/δ, where cAbs = ⌊γn⌋ and maxLoss = ⌊δn⌋. Per cent, to be exact. */
const SHARES = [
  [5, 5],
  [5, 10],
  [5, 20],
  [10, 5],
  [10, 10],
  [10, 20],
  [20, 10],
  [20, 20],
  [33, 10],
  [33, 20],
] as const;
const PUBLISHED: readonly (readonly [n: number, cells: string])[] = [
  [200, '22,11 32,11 52,11 32,21 42,21 62,21 62,41 82,41 88,67 108,67'],
  [300, '32,16 46,16 76,16 46,31 62,31 92,31 92,61 122,61 130,100 160,100'],
  [500, '52,26 76,26 126,26 76,51 102,51 152,51 152,101 202,101 216,166 266,166'],
];

describe('T18 the graph is a function of U1 and the signed rules', () => {
  test.each(PUBLISHED)('for %i hospitals k and t are %s (table of section 5)', (n, cells) => {
    const rows = SHARES.map(([corrupt, lost]) => {
      const [cAbs, maxLoss] = [Math.floor((corrupt * n) / 100), Math.floor((lost * n) / 100)];
      const graph = neighbourGraph(upTo(n), rulesOf({ cAbs, maxLoss }));
      expect(graph.sparse).toBe(true);
      expect(graph.neighbours(7)).toHaveLength(graph.degree);
      expect(graph.receivers(7)).toEqual(graph.neighbours(7));
      return `${String(graph.degree)},${String(graph.threshold)}`;
    });
    expect(rows.join(' ')).toBe(cells);
  });

  test('of all rules only cAbs, maxLoss and the kind of graph count', () => {
    const others = fc.record({
      minCohort: fc.nat(),
      maxCohort: fc.nat(),
      minSurvivors: fc.nat(),
      minDelta: fc.nat(),
      wMax: fc.string(),
      sessionTtlMs: fc.nat(),
    });
    const plain = neighbourGraph(upTo(12), rulesOf(), 4);
    fc.assert(
      fc.property(others, (over) => {
        const graph = neighbourGraph(upTo(12), rulesOf(over), 4);
        expect([graph.sparse, graph.degree, graph.threshold]).toEqual([true, 4, 2]);
        for (const u of upTo(12)) expect(graph.neighbours(u)).toEqual(plain.neighbours(u));
      }),
    );
  });

  test('U1 has one order: of its 720 permutations the ascending one makes a graph, the others are LIST_MALFORMED', () => {
    const u1 = [2, 3, 5, 7, 11, 13];
    let refused = 0;
    for (const order of permutations(u1))
      if (order.join() === u1.join())
        expect(neighbourGraph(order, rulesOf(), 4).neighbours(2)).toEqual([3, 5, 11, 13]);
      else {
        expect(() => neighbourGraph(order, rulesOf(), 4)).toThrow(
          expect.objectContaining({ code: 'LIST_MALFORMED' }),
        );
        refused++;
      }
    expect(refused).toBe(719);
  });

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

  test('an unsorted U1 is LIST_MALFORMED; a stranger has no neighbours (MEMBER_NOT_ALLOWED)', () => {
    expect(() => neighbourGraph([2, 1], rulesOf())).toThrow(
      expect.objectContaining({ code: 'LIST_MALFORMED' }),
    );
    const graph = neighbourGraph([1, 2, 3], rulesOf());
    for (const ask of ['neighbours', 'receivers'] as const)
      expect(() => graph[ask](4)).toThrow(expect.objectContaining({ code: 'MEMBER_NOT_ALLOWED' }));
  });
});

describe('T18 whatever the coordinator has lost after it saw the graph', () => {
  /** Every cAbs and maxLoss whose graph is sparse among n hospitals, the size limit lowered to 3. */
  const bounds = (n: number) =>
    upTo(n).flatMap((cAbs) =>
      [0, ...upTo(n)]
        .filter((maxLoss) => degreeOf(cAbs + maxLoss) < n - 1)
        .map((maxLoss) => [cAbs, maxLoss] as const),
    );

  test.each([4, 5, 6, 7, 8, 9])(
    'of %i hospitals every such loss and every such corrupt set leaves the honest survivors connected and each secret with t shares; the corrupt alone hold fewer',
    (n) => {
      let sets = 0;
      for (const [cAbs, maxLoss] of bounds(n)) {
        const graph = neighbourGraph(upTo(n), rulesOf({ cAbs, maxLoss }), 3);
        expect([graph.sparse, graph.degree]).toEqual([true, degreeOf(cAbs + maxLoss)]);
        const near = upTo(n).map((u) => maskOf(graph.neighbours(u)));
        const all = 2 ** n - 1;
        for (let lost = 0; lost <= all; lost++) {
          if (sizeOf(lost) > maxLoss) continue;
          const live = all & ~lost;
          for (const others of near) if (sizeOf(others & live) < graph.threshold) expect.fail();
          for (let corrupt = 0; corrupt <= all; corrupt++) {
            if (sizeOf(corrupt) > cAbs || (corrupt & lost) !== 0) continue;
            for (const others of near)
              if (sizeOf(others & corrupt) >= graph.threshold) expect.fail();
            if (!isConnected(near, live & ~corrupt))
              expect.fail(
                `cAbs ${String(cAbs)}: ${lost.toString(2)}, ${corrupt.toString(2)} split`,
              );
            sets++;
          }
        }
      }
      expect(sets).toBe({ 4: 5, 5: 6, 6: 350, 7: 524, 8: 8699, 9: 15_018 }[n]);
    },
  );

  test.each([
    [9, 1, 1],
    [9, 2, 1],
    [9, 2, 2],
    [9, 3, 2],
    [30, 5, 4],
    [101, 20, 19],
  ])(
    'n = %i, cAbs = %i, maxLoss = %i: k > cAbs + maxLoss is tight: on the circle of the next smaller degree such sets split the rest',
    (n, cAbs, maxLoss) => {
      const graph = neighbourGraph(upTo(n), rulesOf({ cAbs, maxLoss }), 4);
      for (const u of upTo(n)) expect(graph.neighbours(u)).toEqual(circle(n, graph.degree, u));
      // the smaller circle: its k hospitals around one are no more than cAbs + maxLoss
      const smaller = graph.degree - 2;
      expect(smaller).toBeLessThanOrEqual(cAbs + maxLoss);
      const cut = circle(n, smaller, 1);
      const left = without(upTo(n), cut);
      expect(left.length).toBeGreaterThan(1);
      expect(reached((u) => circle(n, smaller, u), left)).toEqual([1]);
      expect(reached((u) => graph.neighbours(u), left)).toHaveLength(left.length);
    },
  );

  test('n = 500, cAbs = maxLoss = 50: an arc cut out at both ends, the worst a circle can lose, leaves the rest connected', () => {
    const graph = neighbourGraph(upTo(500), rulesOf({ cAbs: 50, maxLoss: 50 }));
    for (const within of [1, 3, 50, 200]) {
      // 50 hospitals on either side of an arc; one more on either side would cut it off
      const cut = [...upTo(50), ...upTo(50).map((i) => 50 + within + i)];
      const left = without(upTo(500), cut);
      expect(reached((u) => graph.neighbours(u), left)).toHaveLength(left.length);
      const tooFew = without(left, [500, 101 + within]);
      expect(reached((u) => graph.neighbours(u), tooFew)).toHaveLength(within);
    }
  });
});

/** The smallest even number above cAbs + maxLoss. */
function degreeOf(bad: number): number {
  return bad + 2 - (bad % 2);
}

/** N(u) in the circulant graph of even degree k over 1..n, by distance on the circle. */
function circle(n: number, k: number, u: number): readonly number[] {
  return upTo(n).filter((v) => {
    const apart = Math.abs(u - v);
    return v !== u && Math.min(apart, n - apart) <= k / 2;
  });
}

/** Members that the first of them reaches through members. */
function reached(
  neighbours: (u: number) => readonly number[],
  members: readonly number[],
): readonly number[] {
  const among = new Set(members);
  const found = new Set(members.slice(0, 1));
  for (const u of found) for (const v of neighbours(u)) if (among.has(v)) found.add(v);
  return [...found];
}

function permutations(of: readonly number[]): readonly (readonly number[])[] {
  if (of.length === 0) return [[]];
  return of.flatMap((first, i) => permutations(of.toSpliced(i, 1)).map((rest) => [first, ...rest]));
}

// sets of at most nine hospitals as bits: hospital u is bit u − 1

function maskOf(members: readonly number[]): number {
  return members.reduce((mask, u) => mask | (1 << (u - 1)), 0);
}

function sizeOf(set: number): number {
  let size = 0;
  for (let left = set; left !== 0; left &= left - 1) size++;
  return size;
}

function isConnected(near: readonly number[], members: number): boolean {
  let found = members & -members;
  for (let before = 0; before !== found;) {
    before = found;
    near.forEach((others, i) => {
      if ((before >>> i) & 1) found |= others & members;
    });
  }
  return found === members;
}
