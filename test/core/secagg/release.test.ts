/** What a survivor releases (secure-aggregation.md 4.5): a function of the one signed U3. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { neighbourGraph } from '../../../core/src/secagg/graph.ts';
import { releaseFor } from '../../../core/src/secagg/release.ts';
import { rulesOf } from './session.ts';

const graph = neighbourGraph([1, 2, 3, 4, 5], rulesOf());
const refused = (code: string) =>
  expect.objectContaining({
    code,
    message: expect.stringMatching(/^U[23]: expected/) as string,
  }) as Error;

test('b-shares of the survivors, its own included, s-shares of the lost, nothing of who never shared', () => {
  expect(releaseFor(graph, [1, 2, 3, 4], [1, 2, 4], 2)).toEqual([
    { dealer: 1, kind: 'b' },
    { dealer: 2, kind: 'b' },
    { dealer: 3, kind: 's' },
    { dealer: 4, kind: 'b' },
  ]);
});

test('in a sparse graph: neighbours only, and no own share', () => {
  const u1 = [1, 2, 3, 4, 5, 6, 7, 8, 9];
  const sparse = neighbourGraph(u1, rulesOf({ maxLoss: 2 }), 4);
  const release = releaseFor(sparse, u1, [1, 2, 3, 4, 5, 6, 8, 9], 5);
  expect(release.map(({ dealer, kind }) => `${String(dealer)}${kind}`)).toEqual([
    '3b',
    '4b',
    '6b',
    '7s',
  ]);
});

test('T1: no survivor set makes one hospital release both kinds for one dealer, or a line twice', () => {
  fc.assert(
    fc.property(fc.subarray([1, 2, 3, 4, 5]), (u2) => {
      for (const self of u2) {
        const u3 = u2.filter((u) => u === self || u % 2 === 1);
        const dealers = releaseFor(graph, u2, u3, self).map(({ dealer }) => dealer);
        expect(new Set(dealers).size).toBe(dealers.length);
        expect(dealers.every((dealer) => u2.includes(dealer))).toBe(true);
      }
    }),
  );
});

test('T4: self missing, a stranger, a repeated or unsorted index: nothing is released', () => {
  expect(() => releaseFor(graph, [1, 2, 3, 4], [1, 3, 4], 2)).toThrow(
    refused('SURVIVORS_EXCLUDE_SELF'),
  );
  expect(() => releaseFor(graph, [1, 2, 3], [1, 2, 4], 2)).toThrow(refused('MEMBER_NOT_ALLOWED'));
  expect(() => releaseFor(graph, [1, 2, 3], [1, 2, 2], 2)).toThrow(refused('LIST_MALFORMED'));
  expect(() => releaseFor(graph, [1, 3, 2], [1, 2], 2)).toThrow(refused('LIST_MALFORMED'));
});
