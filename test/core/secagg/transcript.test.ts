/** Transcripts (secure-aggregation.md 2): who saw something else has another hash, and masks that do not cancel. */
import { expect, test } from 'vitest';
import { hex, type Bytes } from '@plexus/core';
import { nodeSuite as suite } from '@plexus/suite';
import {
  cohortHash,
  transcript1,
  transcript2,
  transcript3,
} from '../../../core/src/secagg/transcript.ts';
import { bytes, headerOf } from './session.ts';

const said = (sender: number, payload: Bytes) => ({ header: headerOf(sender), payload });
const both = [said(1, bytes(1)), said(2, bytes(2))];

test('T7: a payload, a sender more or less, the exchange, and what came before all enter', () => {
  const h1 = transcript1(suite, both);
  const hashes = [
    h1,
    transcript1(suite, both.slice(1)),
    transcript1(suite, [said(1, bytes(1)), said(2, bytes(3))]),
    transcript2(suite, h1, both),
    transcript2(suite, bytes(0), both),
    transcript3(suite, h1, both),
    cohortHash(suite, [1, 2]),
    cohortHash(suite, [1, 3]),
  ].map(hex);
  expect(new Set(hashes).size).toBe(hashes.length);
});

test('statements out of order, or twice from one sender, are LIST_MALFORMED', () => {
  const malformed = expect.objectContaining({ code: 'LIST_MALFORMED' }) as Error;
  expect(() => transcript1(suite, both.toReversed())).toThrow(malformed);
  expect(() => transcript2(suite, bytes(0), [...both, ...both.slice(1)])).toThrow(malformed);
  expect(() => cohortHash(suite, [2, 1])).toThrow(malformed);
});
