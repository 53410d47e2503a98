/** Sets of hospitals have one spelling (secure-aggregation.md 2). */
import { expect, test } from 'vitest';
import {
  intersect,
  isMemberList,
  isSameSet,
  requireMemberList,
  without,
} from '../../../core/src/secagg/members.ts';

test('a set ascends strictly within 1..65535', () => {
  for (const good of [[], [1], [1, 65535], [3, 4, 9]]) expect(isMemberList(good)).toBe(true);
  for (const bad of [[0], [65536], [2, 1], [1, 1], [1.5], [Number.NaN], [-1]])
    expect(isMemberList(bad)).toBe(false);
});

test('anything else is LIST_MALFORMED', () => {
  expect(() => {
    requireMemberList('U3', [2, 2]);
  }).toThrow(/^U3: /);
  expect(() => {
    requireMemberList('U3', [2, 2]);
  }).toThrow(expect.objectContaining({ code: 'LIST_MALFORMED' }));
});

test('intersection and difference keep the order', () => {
  expect(intersect([1, 2, 3, 4], [4, 2])).toEqual([2, 4]);
  expect(without([1, 2, 3, 4], [4, 2])).toEqual([1, 3]);
});

test('two lists are the same set when they are the same list', () => {
  expect(isSameSet([1, 3], [1, 3])).toBe(true);
  for (const other of [[], [1], [1, 2], [1, 3, 4]]) expect(isSameSet([1, 3], other)).toBe(false);
});
