/** Layouts (secure-aggregation.md 7): named sections, whole words, whole bytes, one hash. */
import { describe, expect, test } from 'vitest';
import { hex } from '@plexus/core';
import { nodeSuite as suite } from '@plexus/suite';
import {
  fieldBits,
  layoutBytes,
  layoutHash,
  layoutWords,
  makeLayout,
  placeSections,
  type Section,
} from '../../../core/src/secagg/layout.ts';

const sections: readonly Section[] = [
  { name: 'update/a', length: 5, encoding: 'fixed16', clip: '1' },
  { name: 'update/b', length: 3, encoding: 'fixed24', clip: '0.25' },
  { name: 'metric/loss', length: 1, encoding: 'fixed32', clip: '64' },
  { name: 'weight', length: 1, encoding: 'count32' },
];

test('each section starts at a fresh word and a byte boundary; an odd fixed16 section is padded', () => {
  const layout = makeLayout(sections);
  expect(layout.sections.map(({ name }) => name)).toEqual([
    'update/a',
    'update/b',
    'metric/loss',
    'weight',
    'check/count',
    'check/tag',
  ]);
  const places = placeSections(layout);
  expect(places.map(({ firstWord, words }) => [firstWord, words])).toEqual([
    [0, 3],
    [3, 3],
    [6, 1],
    [7, 1],
    [8, 1],
    [9, 1],
  ]);
  expect(places.map(({ firstByte, bytes }) => [firstByte, bytes])).toEqual([
    [0, 12],
    [12, 9],
    [21, 4],
    [25, 4],
    [29, 4],
    [33, 4],
  ]);
  expect(places.map(({ firstValue }) => firstValue)).toEqual([0, 5, 8, 9, 10, 11]);
  expect([layoutWords(layout), layoutBytes(layout)]).toEqual([10, 37]);
});

test('field bits are 16, 24 or 32', () => {
  expect(
    (['fixed16', 'fixed24', 'fixed32', 'residue32', 'count32'] as const).map(fieldBits),
  ).toEqual([16, 24, 32, 32, 32]);
});

test('the hash depends on every field of every section and on their order', () => {
  const [a, b, c, d] = sections;
  if (!a || !b || !c || !d) throw new Error('four');
  const variants = [
    [a, b, c, d],
    [b, a, c, d],
    [a, b, c],
    [{ ...a, length: 6 }, b, c, d],
    [{ ...a, clip: '2' }, b, c, d],
    [{ ...a, encoding: 'fixed24' as const }, b, c, d],
    [{ ...a, name: 'update/c' }, b, c, d],
  ].map((list) => hex(layoutHash(suite, makeLayout(list))));
  expect(new Set(variants).size).toBe(variants.length);
  expect(hex(layoutHash(suite, makeLayout(sections)))).toBe(variants[0]);
});

describe('refuses (LAYOUT_INVALID)', () => {
  const good: Section = { name: 'update/a', length: 5, encoding: 'fixed16', clip: '1' };
  test.each<[string, readonly Section[]]>([
    ['no section', []],
    ['a repeated name', [good, good]],
    ['the reserved name', [{ ...good, name: 'check/count' }]],
    ['an empty name', [{ ...good, name: '' }]],
    ['a name with a space', [{ ...good, name: 'update/a b' }]],
    ['no value', [{ ...good, length: 0 }]],
    ['half a value', [{ ...good, length: 0.5 }]],
    ['a missing clip', [{ name: 'update/a', length: 5, encoding: 'fixed16' }]],
    ['a clip of 0', [{ ...good, clip: '0' }]],
    ['a negative clip', [{ ...good, clip: '-1' }]],
    ['a clip with an exponent', [{ ...good, clip: '1e2' }]],
    ['a clip on a count', [{ name: 'weight', length: 1, encoding: 'count32', clip: '1' }]],
    ['2^32 bytes', [{ name: 'stat/a', length: 2 ** 30, encoding: 'count32' }]],
  ])('%s', (_, list) => {
    expect(() => makeLayout(list)).toThrow(expect.objectContaining({ code: 'LAYOUT_INVALID' }));
  });
});
