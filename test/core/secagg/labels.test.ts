/** H and KDF of SA1 against the definition (secure-aggregation.md 2), with the encoding spelled out by hand. */
import { expect, test } from 'vitest';
import { hex, utf8 } from '@plexus/core';
import { nodeSuite as suite } from '@plexus/suite';
import { labelledHash, labelledKey } from '../../../core/src/secagg/labels.ts';
import { bytes } from './session.ts';

const info = Uint8Array.of(0, 0, 0, 15, ...utf8('plexus/sa1/pair'), 0, 3, 0, 9);

test('H(name, fields) is SHA-256 over the encoded name and fields', () => {
  const hash = labelledHash(suite, 'pair', (writer) => void writer.u16(3).u16(9));
  expect(hex(hash)).toBe(hex(suite.sha256(info)));
});

test('KDF(key, name, fields; L) is HKDF with the transcript as salt', () => {
  const key = labelledKey(suite, bytes(1), bytes(2), 'pair', (w) => void w.u16(3).u16(9), 56);
  expect(hex(key)).toBe(hex(suite.hkdfSha256(bytes(1), bytes(2), info, 56)));
});
