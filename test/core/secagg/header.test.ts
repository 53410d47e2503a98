/** The header of a statement (secure-aggregation.md 2 and 4). */
import { expect, test } from 'vitest';
import { EncReader, EncWriter } from '@plexus/core';
import { headerMismatch, readHeader, writeHeader } from '../../../core/src/secagg/header.ts';
import { headerOf } from './session.ts';

const written = (header = headerOf(3)): Uint8Array => {
  const writer = new EncWriter();
  writeHeader(writer, header);
  return writer.done();
};

test('reads back as it was written', () => {
  const header = headerOf(65535, {
    head: { size: Number.MAX_SAFE_INTEGER, root: '0f'.repeat(32) },
  });
  expect(readHeader(new EncReader(written(header)))).toEqual(header);
});

test('sender 0 and a log of 2^53 leaves are ENCODING_INVALID', () => {
  const invalid = expect.objectContaining({ code: 'ENCODING_INVALID' }) as Error;
  expect(() => readHeader(new EncReader(written(headerOf(0))))).toThrow(invalid);
  const large = written();
  large[large.length - 36 - 7] = 0x20; // second byte of the u64 before the root: 2^53
  expect(() => readHeader(new EncReader(large))).toThrow(invalid);
});

test('sender and head may differ, nothing else may; another model has a code of its own', () => {
  const mine = headerOf(1);
  expect(headerMismatch(mine, headerOf(2, { head: { size: 9, root: '00'.repeat(32) } }))).toBe(
    undefined,
  );
  for (const over of [
    { suite: 'SA1.2' },
    { study: 'lung' },
    { session: '00'.repeat(32) },
    { round: 4 },
    { manifestHash: '00'.repeat(32) },
    { layoutHash: '00'.repeat(32) },
  ])
    expect(headerMismatch(mine, headerOf(2, over))).toBe('HEADER_MISMATCH');
  expect(headerMismatch(mine, headerOf(2, { modelHash: '00'.repeat(32) }))).toBe('MODEL_MISMATCH');
});
